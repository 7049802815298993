"""The process beside `lake up` that frees the emulator's memory: `python -m lake_cli.local.live.rotator FOLDER`.

It looks twice a second, and changes the platform under the lock that `lake up` and `lake down` take, too. What it does and why
that is safe: `rotation`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.local import ingestion, processes, pubsub
from lake_cli.local.live import rotation
from lake_cli.local.live import state as states
from lake_cli.local.live.start import LEASE_SECONDS, start_ingest
from lake_cli.local.live.state import RunState, Successor
from lake_cli.places import Places

_LOOK_SECONDS: Final = 0.5
_RETRY_SECONDS: Final = 60.0
_CLOCK_MARGIN: Final = timedelta(seconds=1)
"""How far the emulator's clock, in a container of its own, may differ from ours; and longer than a publication takes."""


def run(run_folder: Path, say: Callable[[str], None]) -> None:
    """Look after a platform until it is taken down, or its emulator ends. What fails is told, and tried again."""
    first = states.load(run_folder)
    while True:
        state = states.load(run_folder)
        if first is None or state is None or state.emulator != first.emulator or not state.emulator_runs:
            return
        try:
            look(run_folder, state, say)
        except states.Busy:
            pass  # `lake up` or `lake down` is at work: look again
        except LakeError as problem:
            say(f"error: {problem}")
            time.sleep(_RETRY_SECONDS)
        time.sleep(_LOOK_SECONDS)


def look(run_folder: Path, seen: RunState, say: Callable[[str], None]) -> None:
    """Take the next step, if it is time for one.

    Raises:
        Busy: somebody else changes the platform.
        LakeError: the step failed; nothing is lost by it, and the ingestion runs again if it can be started.
    """
    if not (seen.ingest is None or (seen.ingest_runs and (rotation.is_due(seen) or _is_complete(seen)))):
        return
    with states.locked(run_folder, patience_seconds=0):
        state = states.load(run_folder)
        if state is None:
            return
        if state.ingest is None:  # it could not be started after a switch
            start_ingest(run_folder, state)
        elif state.ingest_runs and rotation.is_due(state):
            _create_successor(run_folder, state)
            say(f"{state.written.messages:,} messages written, {rotation.next_subscription(state)} is created")
        elif state.ingest_runs and state.successor is not None and _is_complete(state):
            _switch(run_folder, state, state.successor, say)


def _is_complete(state: RunState) -> bool:
    """Whether all is written that was published before the successor had everything."""
    if state.successor is None:
        return False
    reached = lake_files.read_watermark(Places(Path(state.folder)).lake)
    return reached is not None and reached.watermark >= state.successor.complete_at


def _create_successor(run_folder: Path, state: RunState) -> None:
    address, name, written = state.emulator.address, rotation.next_subscription(state), state.written
    pubsub.delete_subscription(address, name)  # an earlier rotation may have been cut off before it deleted it
    before = datetime.now(UTC)
    pubsub.create(address, pubsub.route_of(state.topic, name))
    successor = Successor(name, before - _CLOCK_MARGIN, datetime.now(UTC) + _CLOCK_MARGIN, written)
    states.save(run_folder, msgspec.structs.replace(state, successor=successor))


def _switch(run_folder: Path, state: RunState, successor: Successor, say: Callable[[str], None]) -> None:
    assert state.ingest is not None  # noqa: S101 - narrows for the type checker
    states.save(run_folder, msgspec.structs.replace(state, switching=True))
    processes.end(state.ingest, grace_seconds=ingestion.STOP_GRACE_SECONDS)
    state = msgspec.structs.replace(state.without_ingest(), switching=True)
    states.save(run_folder, state)
    try:
        _hand_over(run_folder, state, successor, say)
    finally:
        start_ingest(run_folder, states.load(run_folder) or state)


def _hand_over(run_folder: Path, state: RunState, successor: Successor, say: Callable[[str], None]) -> None:
    from beam_pipeline.messages import micros
    from lake_cli.local.live import handover

    address, predecessor = state.emulator.address, state.subscription
    try:
        written = handover.written_ids(Places(Path(state.folder)), micros(successor.created_at))
        waiting = handover.count_unwritten(address, predecessor, micros(successor.complete_at), written)
        if (
            waiting
        ):  # somebody else has moved the watermark: the ingestion goes on and a later switch finds them written
            say(f"{waiting:,} messages are not written yet, {predecessor} is kept")
            return
        acknowledged = handover.acknowledge_written(address, successor.subscription, written)
    except LakeError as problem:
        states.save(run_folder, msgspec.structs.replace(state, successor=None))
        if isinstance(problem, handover.HandoverFailed):
            time.sleep(LEASE_SECONDS)  # the next ingestion would not know of messages leased to nobody
        raise
    state = msgspec.structs.replace(
        state,
        subscription=successor.subscription,
        written_to_predecessors=successor.written,
        successor=None,
        rotations=state.rotations + 1,
    )
    states.save(run_folder, state)
    pubsub.delete_subscription(address, predecessor)
    say(f"{predecessor} is deleted; {acknowledged:,} messages were acknowledged in {successor.subscription} as written")


def _say(line: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), _say)
