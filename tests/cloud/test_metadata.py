"""flex_template/metadata.json is the option parser, said in Dataflow's words."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

import pytest

from beam_pipeline.options import DIRECT_RUNNER_OPTIONS, JOB_OPTIONS, add_arguments
from tests.cloud.stand_ins import ROOT

# https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates#metadata-parameters
PARAMETER_TYPES = {
    "TEXT",
    "NUMBER",
    "BOOLEAN",
    "ENUM",
    "GCS_WRITE_FOLDER",
    "GCS_READ_FILE",
    "PUBSUB_SUBSCRIPTION",
    "PUBSUB_TOPIC",
}
REQUIRED_KEYS = {"name", "label", "helpText", "paramType", "groupName", "isOptional"}
OPTIONAL_KEYS = {"defaultValue", "regexes", "enumOptions"}

METADATA: dict[str, Any] = json.loads((ROOT / "flex_template/metadata.json").read_text())
PARAMETERS: dict[str, dict[str, Any]] = {parameter["name"]: parameter for parameter in METADATA["parameters"]}

# Values that every option of a kind must judge alike, here and in the parser: accepted, refused.
SAMPLES = {
    "input_subscription": (
        ["projects/shop-lake/subscriptions/shop-events-lake-blue", "projects/example.com:shop/subscriptions/abc"],
        ["shop-events", "projects/shop-lake/topics/shop-events", "projects/p/subscriptions/abc", ""],
    ),
    "input_publish_time": (
        ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.5+01:00"],
        ["2026-11-22", "2026-11-22T10:00:00", "yesterday"],
    ),
    "output_path": (["gs://shop-lake", "gs://shop-lake/a/b"], ["s3://shop-lake", "gs://S/x"]),
    "quarantine_path": (["gs://shop-quarantine"], ["http://x"]),
    "window_seconds": (["1", "600"], ["0", "-1", "1.5", "ten", "", "00"]),
    "max_object_bytes": (["67108864"], ["0", "64MB"]),
    "max_object_age_seconds": (["60", "007"], ["0", "1 "]),
    "keep_attributes": (["none", "all"], ["yes", ""]),
    "mappings": (["segment", "ga4,shopify"], ["Segment", "ga4, shopify", "ga4,"]),
    "shards": (["1", "4"], ["0", "many"]),
    "compression": (["gzip", "none"], ["zstd", "GZIP"]),
    "streaming_mode": (["exactly_once", "at_least_once"], ["maybe"]),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_arguments(parser, JOB_OPTIONS)
    return parser


def _options() -> dict[str, argparse.Action]:
    return {action.dest: action for action in _parser()._actions}


def test_every_option_of_the_job_is_a_parameter_and_no_other() -> None:
    assert list(PARAMETERS) == list(_options())


def test_options_of_the_local_run_are_no_parameters() -> None:
    local = argparse.ArgumentParser(add_help=False)
    add_arguments(local, DIRECT_RUNNER_OPTIONS)

    assert not {action.dest for action in local._actions} & PARAMETERS.keys()


@pytest.mark.parametrize("name", PARAMETERS)
def test_defaults_and_choices_are_those_of_the_parser(name: str) -> None:
    option, parameter = _options()[name], PARAMETERS[name]

    assert parameter.get("defaultValue") == (None if option.default is None else str(option.default))
    assert [choice["value"] for choice in parameter.get("enumOptions", [])] == list(option.choices or [])
    assert (parameter["paramType"] == "ENUM") == bool(option.choices)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_described_for_a_stranger(name: str) -> None:
    parameter = PARAMETERS[name]

    assert parameter.keys() >= REQUIRED_KEYS
    assert parameter.keys() <= REQUIRED_KEYS | OPTIONAL_KEYS
    assert parameter["paramType"] in PARAMETER_TYPES
    assert len(parameter["helpText"]) >= 40
    assert parameter["helpText"].endswith(".")
    assert parameter["helpText"].rstrip(".").lower() != parameter["label"].lower() != name
    assert not parameter["isOptional"] or "Required" not in (_options()[name].help or "")


@pytest.mark.parametrize(("name", "text"), [(n, v) for n, (good, _) in SAMPLES.items() for v in good])
def test_what_the_parser_accepts_the_regex_accepts(name: str, text: str) -> None:
    _parser().parse_args([f"--{name}={text}"])

    assert _matches(name, text)


@pytest.mark.parametrize(("name", "text"), [(n, v) for n, (_, bad) in SAMPLES.items() for v in bad])
def test_what_the_parser_refuses_the_regex_refuses(name: str, text: str) -> None:
    with pytest.raises((argparse.ArgumentError, argparse.ArgumentTypeError)):
        _parser().parse_args([f"--{name}={text}"])

    assert not _matches(name, text)


def _matches(name: str, text: str) -> bool:
    parameter = PARAMETERS[name]
    if "enumOptions" in parameter:
        return text in [choice["value"] for choice in parameter["enumOptions"]]
    return all(re.fullmatch(regex, text) for regex in parameter["regexes"])


def test_every_parameter_is_checked_by_a_regex_or_a_choice() -> None:
    assert {
        name for name, parameter in PARAMETERS.items() if not {"regexes", "enumOptions"} & parameter.keys()
    } == set()
    assert SAMPLES.keys() == PARAMETERS.keys() - {"input_files"}


def test_a_local_folder_is_refused_for_dataflow_alone() -> None:
    _parser().parse_args(["--output_path=/tmp/lake"])

    assert not _matches("output_path", "/tmp/lake")  # noqa: S108


def test_the_template_says_that_it_streams_and_in_which_modes() -> None:
    assert METADATA["streaming"] is True
    assert METADATA["supportsAtLeastOnce"] is True
    assert METADATA["supportsExactlyOnce"] is True
    assert METADATA["defaultStreamingMode"] == "EXACTLY_ONCE"
