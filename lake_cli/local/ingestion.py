"""The ingestion job as a process of its own: how it is called, and what it tells while it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import lake_cli
from beam_pipeline.run_summary import RunSummary, read_run_summary
from lake_cli.errors import LakeError

STOP_GRACE_SECONDS: Final = 60.0  # a batch under way is written and acknowledged first


@dataclass(frozen=True)
class IngestJob:
    """A local run of the job: one input, two folders, the file in which it reports, and further options as they are."""

    lake: Path
    quarantine: Path
    summary_file: Path
    subscription: str | None = None
    files: str | None = None
    stop_after_idle_seconds: float | None = None
    options: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """The command line: the one that a person would type, with this very Python."""
        return [sys.executable, "-m", "beam_pipeline", *self.arguments()]

    def arguments(self) -> list[str]:
        """What follows the name of the job on its command line."""
        options: dict[str, object | None] = {
            "input_subscription": self.subscription,
            "input_files": self.files,
            "output_path": self.lake,
            "quarantine_path": self.quarantine,
            "summary_file": self.summary_file,
            "stop_after_idle_seconds": self.stop_after_idle_seconds,
        }
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        return ["--runner=DirectRunner", *given, *self.options]


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The job's environment: it imports the same source tree as this process, installed or not, from any directory."""
    variables = dict(os.environ if base is None else base)
    source_root = str(Path(lake_cli.__file__).resolve().parents[1])
    paths = [source_root, *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))]
    variables["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    return variables


def read_summary(file: Path) -> RunSummary | None:
    """The job's latest report; None before its first.

    Raises:
        LakeError: the file holds something else.
    """
    try:
        return read_run_summary(file)
    except ValueError as error:
        raise LakeError(str(error)) from None


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log on one line, for a message about a process that failed."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return "it printed nothing"
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " | ".join(kept) or "it printed nothing"
