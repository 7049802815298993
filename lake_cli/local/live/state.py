"""What `lake up` started, remembered for `lake status` and `lake down`."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from event_contract.atomic_files import replace_file
from lake_cli.errors import LakeError
from lake_cli.local import processes
from lake_cli.local.emulator import Emulator
from lake_cli.local.processes import ProcessRecord


class RunState(msgspec.Struct, frozen=True):
    """The running platform. `folder` holds the lake; `ingest` is None until the job has been started."""

    emulator: Emulator
    topic: str
    subscription: str
    folder: str
    started_at: datetime
    ingest: ProcessRecord | None = None

    @property
    def ingest_runs(self) -> bool:
        """Whether the ingestion started for this state still runs."""
        return self.ingest is not None and processes.is_running(self.ingest)

    @property
    def emulator_runs(self) -> bool:
        """Whether the emulator started for this state still runs; one that is not ours is asked elsewhere."""
        return self.emulator.process is None or processes.is_running(self.emulator.process)


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
def locked(run_folder: Path) -> Iterator[None]:
    """One `up` or `down` at a time. Raises LakeError if another one is at work."""
    run_folder.mkdir(parents=True, exist_ok=True)
    with (run_folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeError(f"another lake up or lake down is at work in {run_folder}: wait for it to end") from None
        yield


def _file(run_folder: Path) -> Path:
    return run_folder / "state.json"
