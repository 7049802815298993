"""`lake produce` on the running platform: finds its topic, and publishes no faster than its ingestion can follow."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

import producer.cli
from lake_cli.errors import LakeError
from lake_cli.local.live import rotation
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from lake_cli.places import RUN_FOLDER
from producer.cli import Platform

MOST_WAITING: Final = 50_000
"""Messages that may wait: the emulator serves a pull the slower the more do, 16,000 a second with 50,000 and 400 with 500,000."""

_LOOK_SECONDS: Final = 0.1

app = producer.cli.app


def running_platform(run_folder: Path = RUN_FOLDER) -> Platform | None:
    """The platform that `lake up` started, if its ingestion runs."""
    state = states.load(run_folder)
    if state is None or not state.emulator_runs:
        return None
    return Platform(state.topic, state.emulator.address, _HoldBack(run_folder, state))


class _HoldBack:
    """Waits while more than MOST_WAITING messages of this publisher are not written.

    And while the platform changes over to another subscription: without traffic that takes seconds instead of a minute, and what
    the emulator holds by then stays within bounds.
    """

    def __init__(self, run_folder: Path, state: RunState) -> None:
        self._run_folder = run_folder
        self._written_before = state.written.messages
        self._sent = 0

    def __call__(self, count: int, stop: threading.Event) -> None:
        """Takes note of messages published, and waits if need be.

        Raises:
            LakeError: the ingestion has ended, so waiting would not end.
        """
        self._sent += count
        while not stop.is_set():
            state = states.load(self._run_folder)
            if state is None:
                return  # it was taken down: publishing says so
            waiting = self._sent - (state.written.messages - self._written_before)
            if waiting <= MOST_WAITING and not (state.rotator_runs and rotation.is_under_way(state)):
                return
            if not state.emulator_runs:
                raise LakeError(
                    f"the emulator has ended and {waiting:,} messages were not written: `lake status` says more"
                )
            if not (state.ingest_runs or (state.rotator_runs and (state.ingest is None or state.switching))):
                raise LakeError(
                    f"the ingestion has ended and {waiting:,} messages wait: `lake status` says more, `lake up` starts it"
                )
            time.sleep(_LOOK_SECONDS)


producer.cli.find_platform = running_platform
