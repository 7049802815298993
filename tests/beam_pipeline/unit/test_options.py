"""An option is declared once: its default, help, template parameter and row of the reference page follow from that."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from beam_pipeline.command_line import parse
from beam_pipeline.config import IngestionConfig, MicroBatchConfig
from beam_pipeline.options import DIRECT_RUNNER_OPTIONS, JOB_OPTIONS, add_arguments

ROOT = Path(__file__).resolve().parents[3]
SUBSCRIPTION = "--input_subscription=projects/my-project/subscriptions/events"


def test_defaults_are_those_of_the_configurations() -> None:
    defaults = {
        field.name: field.default
        for config in (IngestionConfig, MicroBatchConfig)
        for field in fields(config)
        if field.default is not MISSING
    }
    for option in (*JOB_OPTIONS, *DIRECT_RUNNER_OPTIONS):
        assert option.default == defaults.get(option.name, option.default), option.name


def test_help_names_the_default_of_every_option_that_has_one() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, JOB_OPTIONS + DIRECT_RUNNER_OPTIONS)
    text = " ".join(parser.format_help().split())
    for option in (*JOB_OPTIONS, *DIRECT_RUNNER_OPTIONS):
        assert option.default is None or f"Default: {option.default}." in text, option.name


@pytest.mark.proof
def test_one_changed_default_reaches_command_line_template_and_reference_page(tmp_path: Path) -> None:
    for package in ("beam_pipeline", "event_contract"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("flex_template", "docs"):
        (tmp_path / folder).mkdir()
    config = tmp_path / "beam_pipeline/config.py"
    config.write_text(config.read_text().replace("window_seconds: int = 600", "window_seconds: int = 1234"))

    for arguments in (["beam_pipeline.template_metadata"], ["beam_pipeline", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    assert "1234" in done.stdout
    assert '"defaultValue": "1234"' in (tmp_path / "flex_template/metadata.json").read_text()
    assert "`--window_seconds` | `1234`" in (tmp_path / "docs/options.md").read_text()


@pytest.mark.parametrize(("stored", "asked"), [("gzip", "none"), ("none", "gzip")])
@pytest.mark.parametrize("root", ["lake", "quarantine"])
@pytest.mark.parametrize("above", ["plain", "shop [prod]"])
def test_a_lake_keeps_the_compression_that_it_began_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stored: str, asked: str, root: str, above: str
) -> None:
    folder = {"lake": "event_type=page_viewed", "quarantine": "failed/reason=invalid_json"}[root]
    name = "w-1.ndjson.gz" if stored == "gzip" else "w-1.ndjson"
    base = tmp_path / above
    file = base / root / folder / "year=2026/month=11/day=22" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    places = [f"--output_path={base}/lake", f"--quarantine_path={base}/quarantine", SUBSCRIPTION]

    parse([*places, f"--compression={stored}"])
    with pytest.raises(SystemExit) as ended:
        parse([*places, f"--compression={asked}"])

    assert ended.value.code == 2
    assert f"give --compression={stored}" in capsys.readouterr().err
