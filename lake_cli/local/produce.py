"""`lake produce` on the running platform: finds its topic, and publishes no faster than its ingestion can follow."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

import producer.cli
from lake_cli.errors import LakeError
from lake_cli.local import ingestion
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from lake_cli.places import RUN_FOLDER, Places
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
    return Platform(state.topic, state.emulator.address, _HoldBack(state))


class _HoldBack:
    """Waits while more than MOST_WAITING messages of this publisher are not written."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._summary_file = Places(Path(state.folder)).ingest_summary
        self._read_before = self._read()
        self._sent = 0

    def __call__(self, count: int, stop: threading.Event) -> None:
        """Takes note of messages published, and waits if need be.

        Raises:
            LakeError: the ingestion has ended, so waiting would not end.
        """
        self._sent += count
        while self._sent - (self._read() - self._read_before) > MOST_WAITING and not stop.is_set():
            if not self._state.ingest_runs:
                raise LakeError(
                    f"the ingestion has ended and {MOST_WAITING:,} messages wait: `lake status` says more, `lake up` starts it"
                )
            time.sleep(_LOOK_SECONDS)

    def _read(self) -> int:
        summary = ingestion.read_summary(self._summary_file)
        return 0 if summary is None else summary.messages_read


producer.cli.find_platform = running_platform
