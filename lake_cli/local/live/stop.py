"""`lake down`: let the ingestion write what was published, then end it, then the emulator."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from beam_pipeline.run_summary import RunSummary
from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local import ingestion, processes, pubsub
from lake_cli.local.backlog import count_waiting
from lake_cli.local.live import state as states
from lake_cli.local.live.start import ROTATOR_GRACE_SECONDS
from lake_cli.local.live.state import RunState
from lake_cli.local.processes import Ending
from lake_cli.places import Places

_STALLED_SECONDS: Final = 60.0  # longer than a lease of a reader that was killed
_TELL_SECONDS: Final = 5.0


class MessagesWaiting(LakeError):
    """The emulator holds messages that nobody has written; ending it would lose them."""

    exit_code = 1


@dataclass(frozen=True)
class Stopped:
    """How everything ended. `summary` is the ingestion's last report; `emulator` is None if it was not ours to end."""

    ingest: Ending
    emulator: Ending | None
    summary: RunSummary | None


def down(
    run_folder: Path, drain_seconds: float | None, announce: Callable[[str], None], *, discard: bool = False
) -> Stopped | None:
    """Ends what `up` started; None if nothing is up.

    The emulator keeps messages in memory only, so it is ended only once the subscription is empty.

    Args:
        run_folder: where the state is.
        drain_seconds: longest time for the ingestion to write what was published; None: as long as it makes progress.
        announce: told what is done, in one line each.
        discard: end everything at once, whatever waits.

    Raises:
        MessagesWaiting: messages were left; the ingestion was ended, the emulator still holds them.
    """
    with states.locked(run_folder):
        state = states.load(run_folder)
        if state is None:
            return None
        summary_file = Places(Path(state.folder)).ingest_summary
        if state.rotator is not None:
            processes.end(state.rotator, grace_seconds=ROTATOR_GRACE_SECONDS)
        ours = state.emulator.process is not None
        in_danger = ours and state.emulator_runs and not discard
        if in_danger and state.ingest_runs:
            _drain(state, summary_file, drain_seconds, announce)
        ingest = Ending.WAS_NOT_RUNNING
        if state.ingest is not None:
            announce("ending the ingestion")
            ingest = processes.end(state.ingest, grace_seconds=ingestion.STOP_GRACE_SECONDS)
        killed = state.switching or (ingest is Ending.WAS_NOT_RUNNING and state.ingest is not None)
        patience = pubsub.ACK_DEADLINE_SECONDS if killed else 0
        if in_danger and (waiting := count_waiting(state.emulator.address, state.subscription, patience)):
            states.save(run_folder, msgspec.structs.replace(state.without_ingest(), rotator=None))
            raise MessagesWaiting(
                f"at least {waiting:,} messages are not written yet: the ingestion was ended, the emulator still holds them;"
                " `lake up` goes on with them, `lake down --discard` drops them"
            )
        stopped = Stopped(
            ingest=ingest,
            emulator=emulators.stop(state.emulator) if ours else None,
            summary=ingestion.read_summary(summary_file),
        )
        states.forget(run_folder)
        return stopped


def _drain(state: RunState, summary_file: Path, drain_seconds: float | None, announce: Callable[[str], None]) -> None:
    """Waits until the watermark says that all is written which was published before now, or nothing moves any more."""
    began, wanted = time.monotonic(), datetime.now(UTC)
    lake = Places(Path(state.folder)).lake
    read, moved_at, told_at = -1, began, began
    announce("waiting until the ingestion has written what was published")
    while state.ingest_runs:
        now = time.monotonic()
        reached = lake_files.read_watermark(lake)
        if reached is not None and reached.watermark >= wanted:
            return
        summary = ingestion.read_summary(summary_file)
        latest = summary.messages_read if summary is not None else 0
        if latest != read:
            read, moved_at = latest, now
        if now - moved_at >= _STALLED_SECONDS or (drain_seconds is not None and now - began >= drain_seconds):
            return
        if now - told_at >= _TELL_SECONDS:
            told_at = now
            announce(f"{read:,} messages written so far")
        time.sleep(0.2)
