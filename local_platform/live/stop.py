"""`lake down`: let the ingestion write what was published, then end it, then the emulator."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_platform import emulator as emulators
from local_platform import ingestion, processes
from local_platform.ingestion import IngestSummary
from local_platform.live import state as states
from local_platform.live.state import RunState
from local_platform.places import Places
from local_platform.processes import Ending

_QUIET_SECONDS = 5.0  # longer than the job takes to fill a batch, write it and report it


@dataclass(frozen=True)
class Stopped:
    """How everything ended. `summary` is the ingestion's last report; `emulator` is None if it was not ours to end."""

    ingest: Ending
    emulator: Ending | None
    summary: IngestSummary | None


def down(run_folder: Path, drain_seconds: float, announce: Callable[[str], None]) -> Stopped | None:
    """End what `up` started; None if nothing is up.

    The emulator keeps messages in memory only: before it ends, the ingestion gets up to `drain_seconds` to write them.
    """
    with states.locked(run_folder):
        state = states.load(run_folder)
        if state is None:
            return None
        summary_file = Places(Path(state.folder)).ingest_summary
        if state.ingest_runs and state.emulator.process is not None and state.emulator_runs:
            announce(f"waiting until the ingestion has written what was published, at most {drain_seconds:.0f} s")
            _drain(state, summary_file, drain_seconds)
        ingest = Ending.WAS_NOT_RUNNING
        if state.ingest is not None:
            announce("ending the ingestion")
            ingest = processes.end(state.ingest, grace_seconds=ingestion.STOP_GRACE_SECONDS)
        ours = state.emulator.process is not None
        stopped = Stopped(
            ingest=ingest,
            emulator=emulators.stop(state.emulator) if ours else None,
            summary=ingestion.read_summary(summary_file),
        )
        states.forget(run_folder)
        return stopped


def _drain(state: RunState, summary_file: Path, drain_seconds: float) -> None:
    """Wait until the job has read nothing for a while: it pulls all the time, so nothing is left."""
    deadline = time.monotonic() + drain_seconds
    read, quiet_since = -1, time.monotonic()
    while time.monotonic() < deadline and state.ingest_runs:
        summary = ingestion.read_summary(summary_file)
        latest = summary.messages_read if summary is not None else 0
        if latest != read:
            read, quiet_since = latest, time.monotonic()
        elif time.monotonic() - quiet_since >= _QUIET_SECONDS:
            return
        time.sleep(0.2)
