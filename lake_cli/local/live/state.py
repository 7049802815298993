"""What `lake up` started, remembered for `lake status` and `lake down`."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from event_contract.atomic_files import replace_file
from lake_cli.errors import LakeError
from lake_cli.local import ingestion, processes
from lake_cli.local.emulator import Emulator
from lake_cli.local.processes import ProcessRecord
from lake_cli.places import Places

_LOCK_SECONDS: Final = 120.0  # longer than a switch of subscriptions, which ends one ingestion and starts another
_LOCK_POLL_SECONDS: Final = 0.1


class Busy(LakeError):
    """Somebody else changes the platform at this moment."""


class Written(msgspec.Struct, frozen=True):
    """Messages that ingestions have written and acknowledged, and the bytes of their data."""

    messages: int = 0
    bytes: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.messages + other.messages, self.bytes + other.bytes)

    def __sub__(self, other: Written) -> Written:
        return Written(self.messages - other.messages, self.bytes - other.bytes)


class Successor(msgspec.Struct, frozen=True):
    """The subscription that takes the place of the present one, once all is written that was published before `complete_at`.

    `created_at` is an instant before it existed; it has every message that was published after `complete_at`. `written` is what
    had been written when it was created.
    """

    subscription: str
    created_at: datetime
    complete_at: datetime
    written: Written


class RunState(msgspec.Struct, frozen=True):
    """The running platform.

    Attributes:
        emulator: what serves Pub/Sub.
        topic: full name.
        subscription: full name of what the ingestion reads now.
        folder: holds the lake.
        started_at: when the emulator was started.
        ingest: the ingestion; None before it is started, and while it is replaced.
        chosen_subscription: full name of the subscription that `lake up` was asked for; "" if that is `subscription`.
        job_options: further options of the ingestion.
        rotator: the process that replaces the subscription when the emulator's memory fills (`rotation`).
        written_before: by ingestions that ended.
        written_to_predecessors: what had been written when the present subscription was created.
        successor: the subscription that is to replace the present one, if there is one.
        switching: whether the rotator has ended the ingestion and not started the next one yet.
        rotations: how many subscriptions have been replaced.
    """

    emulator: Emulator
    topic: str
    subscription: str
    folder: str
    started_at: datetime
    ingest: ProcessRecord | None = None
    chosen_subscription: str = ""
    job_options: tuple[str, ...] = ()
    rotator: ProcessRecord | None = None
    written_before: Written = Written()
    written_to_predecessors: Written = Written()
    successor: Successor | None = None
    switching: bool = False
    rotations: int = 0

    @property
    def ingest_runs(self) -> bool:
        """Whether the ingestion started for this state still runs."""
        return self.ingest is not None and processes.is_running(self.ingest)

    @property
    def emulator_runs(self) -> bool:
        """Whether the emulator started for this state still runs; one that is not ours is asked elsewhere."""
        return self.emulator.process is None or processes.is_running(self.emulator.process)

    @property
    def rotator_runs(self) -> bool:
        """Whether the process that frees the emulator's memory runs."""
        return self.rotator is not None and processes.is_running(self.rotator)

    @property
    def written(self) -> Written:
        """What has been written since the platform was started, by the ingestions' reports."""
        summary = None if self.ingest is None else ingestion.read_summary(Places(Path(self.folder)).ingest_summary)
        return self.written_before + (
            Written() if summary is None else Written(summary.messages_read, summary.message_bytes)
        )

    def without_ingest(self) -> RunState:
        """The same after its ingestion has ended."""
        return msgspec.structs.replace(self, ingest=None, written_before=self.written)


def load(run_folder: Path) -> RunState | None:
    """The remembered state; None if nothing was started, or it has been taken down."""
    file = _file(run_folder)
    try:
        return msgspec.json.decode(file.read_bytes(), type=RunState)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LakeError(
            f"{file} cannot be read ({error}): end the processes it names yourself, then delete it"
        ) from None


def save(run_folder: Path, state: RunState) -> None:
    """Remember a state, in one step: a reader sees the old one or the new one."""
    replace_file(_file(run_folder), msgspec.json.format(msgspec.json.encode(state)))
    replace_file(run_folder / "last.json", msgspec.json.encode({"folder": state.folder}))


def forget(run_folder: Path) -> None:
    """Nothing runs any more."""
    _file(run_folder).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(run_folder: Path, patience_seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """One `up`, `down` or switch of subscriptions at a time. Raises Busy if another one is at work for longer than that."""
    run_folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_seconds
    with (run_folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(f"another lake up or lake down is at work in {run_folder}: wait for it to end") from None
                time.sleep(_LOCK_POLL_SECONDS)
        yield


def _file(run_folder: Path) -> Path:
    return run_folder / "state.json"
