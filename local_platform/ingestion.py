"""The ingestion job as a process of its own: how it is called, and what it tells while it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

import local_platform
from local_platform.errors import LakeError

STOP_GRACE_SECONDS = 60.0  # a batch under way is written and acknowledged first


class IngestSummary(msgspec.Struct, frozen=True):
    """What the job writes to its `--summary_file` about once per second, and finally when it ends.

    `valid` counts messages per event type, `quarantined` per error code; `messages_per_second` is over `seconds`.
    """

    state: str
    messages_read: int = 0
    valid: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    objects: int = 0
    bytes_written: int = 0
    seconds: float = 0.0
    messages_per_second: float = 0.0
    batches: int = 0
    peak_rss_bytes: int = 0

    @property
    def messages_written(self) -> int:
        """Messages that are in the lake or in quarantine."""
        return sum(self.valid.values()) + sum(self.quarantined.values())


@dataclass(frozen=True)
class IngestJob:
    """A local run of the job: one input, two folders, and the file in which it reports."""

    lake: Path
    quarantine: Path
    summary_file: Path
    subscription: str | None = None
    files: str | None = None
    stop_after_idle_seconds: float | None = None

    def command(self) -> list[str]:
        """The command line: the one that a person would type, with this very Python."""
        options: dict[str, object | None] = {
            "input_subscription": self.subscription,
            "input_files": self.files,
            "output_path": self.lake,
            "quarantine_path": self.quarantine,
            "summary_file": self.summary_file,
            "stop_after_idle_seconds": self.stop_after_idle_seconds,
        }
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        return [sys.executable, "-m", "beam_pipeline", "--runner=DirectRunner", *given]


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The job's environment: it imports the same source tree as this process, installed or not, from any directory."""
    variables = dict(os.environ if base is None else base)
    source_root = str(Path(local_platform.__file__).resolve().parents[1])
    paths = [source_root, *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))]
    variables["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    return variables


def read_summary(file: Path) -> IngestSummary | None:
    """The job's latest report; None before its first."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=IngestSummary)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LakeError(f"{file} is not a report of the ingestion ({error}): delete it") from None


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log on one line, for a message about a process that failed."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return "it printed nothing"
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " | ".join(kept) or "it printed nothing"
