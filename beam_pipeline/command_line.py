"""From a command line to checked options; every mistake ends in one line and exit code 2."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
    TypeOptions,
)

from beam_pipeline.config import IngestionConfig
from beam_pipeline.file_input import match
from beam_pipeline.options import (
    DIRECT_RUNNER_OPTIONS,
    JOB_OPTIONS,
    DirectRunnerOptions,
    IngestionOptions,
    InvalidOptions,
    add_arguments,
    ingestion_config,
)
from beam_pipeline.storage import check_writable, compression_of

RUNNERS: Final = ("DirectRunner", "DataflowRunner")
LAUNCHER: Final = "FLEX_TEMPLATE_PYTHON_PY_FILE"
"""Environment variable that the template's image sets: where it is set, Google's launcher has written the command line."""
_DESCRIPTION: Final = (
    "Reads shop events from Pub/Sub or files, validates each one, and writes the valid ones to a Hive-partitioned lake and"
    " the others, with the reason, to quarantine. Options of Apache Beam and of the runner are accepted too."
)


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def parse(argv: Sequence[str]) -> PipelineOptions:
    """Checked options of a run, or the end of the program: exit code 0 after `--help`, 2 after a mistake."""
    parser = _own_parser()
    _, remaining = parser.parse_known_args(argv)
    unknown = _unknown_to_beam(remaining)
    if unknown and LAUNCHER not in os.environ:
        parser.error(f"unknown option {unknown[0]}: see --help")
    if unknown:
        # The launcher passes what its own release knows, which may be newer than this Beam: no reason not to run. What a person
        # got wrong, Dataflow has compared with the template's metadata before.
        report(f"warning: unknown to this version of Beam, and left to Dataflow: {' '.join(unknown)}")
    options = PipelineOptions([*argv, "--no_save_main_session"])
    try:
        _check(options)
    except InvalidOptions as problem:
        parser.error(str(problem))
    return options


def _own_parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="python -m beam_pipeline", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument(
        "--runner",
        choices=RUNNERS,
        default=RUNNERS[0],
        help="DirectRunner: on this machine, in micro-batches that are acknowledged after they are written (default)."
        " DataflowRunner: on Google Cloud Dataflow.",
    )
    add_arguments(parser.add_argument_group("ingestion"), JOB_OPTIONS)
    add_arguments(parser.add_argument_group("DirectRunner only"), DIRECT_RUNNER_OPTIONS)
    return parser


def _unknown_to_beam(arguments: list[str]) -> list[str]:
    """What neither we nor any of Beam's option classes knows: a typo that Beam itself would ignore."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(arguments)
    return unknown


def _check(options: PipelineOptions) -> None:
    config = ingestion_config(options)
    options.view_as(TypeOptions).allow_non_deterministic_key_coders = False
    if options.view_as(StandardOptions).runner == "DataflowRunner":
        _check_dataflow(options, config)
        return
    for name, root in (("--output_path", config.output_path), ("--quarantine_path", config.quarantine_path)):
        try:
            check_writable(root)
        except OSError as problem:
            raise InvalidOptions(
                f"{name}={root} cannot be written ({problem.strerror}): give a folder that you may write to"
            ) from problem
    _check_compression(config)
    _check_summary_file(options.view_as(DirectRunnerOptions).summary_file)
    pattern = options.view_as(IngestionOptions).input_files
    if pattern and os.path.isdir(pattern):
        raise InvalidOptions(
            f"--input_files={pattern} is a folder: name its files, like {pattern.rstrip('/')}/*.ndjson"
        )
    if pattern and not any(match(pattern)):
        raise InvalidOptions(f"--input_files={pattern} matches no file: check the path, and quote the pattern")


def _check_summary_file(path: str | None) -> None:
    if not path:
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not os.access(Path(path).parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as problem:
        raise InvalidOptions(
            f"--summary_file={path} cannot be written ({problem.strerror}): name another file"
        ) from problem
    if os.path.isdir(path):
        raise InvalidOptions(
            f"--summary_file={path} is a folder: name a file in it, like {path.rstrip('/')}/summary.json"
        )


def _check_compression(config: IngestionConfig) -> None:
    for name, root in (("--output_path", config.output_path), ("--quarantine_path", config.quarantine_path)):
        found = compression_of(root)
        if found not in (None, config.compression):
            raise InvalidOptions(
                f"--compression={config.compression}, but {name}={root} holds objects with compression {found}, and"
                f" readers of a table read one kind: give --compression={found}, or begin with empty roots"
            )


def _check_dataflow(options: PipelineOptions, config: IngestionConfig) -> None:
    for name, root in config.roots.items():
        if FileSystems.get_scheme(root) is None:
            raise InvalidOptions(
                f"Dataflow's workers cannot write to the local folder {root} ({name}): give gs://BUCKET"
            )
    cloud = options.view_as(GoogleCloudOptions)
    for option in ("project", "region", "temp_location"):
        if not getattr(cloud, option):
            raise InvalidOptions(f"--{option} is missing: DataflowRunner needs it")


def report(message: str) -> None:
    """Tells the person at the terminal, on standard error, where it does not mix with what a command prints."""
    sys.stderr.write(message + "\n")
