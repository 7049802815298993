"""Background processes that are ended by their own id, and never by mistake.

A process id is recycled by the operating system: a number read from yesterday's file may be somebody else's today. A
`ProcessRecord` therefore carries the moment its process started, and every question and every signal checks it first.
"""

from __future__ import annotations

import contextlib
import enum
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from warehouse_runner.interrupts import interrupts_held

_POLL_SECONDS: Final = 0.05

# Held until they are ended and reaped here, or until this program ends and they live on without it.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ProcessRecord(msgspec.Struct, frozen=True):
    """A process that this platform started, as leader of its own process group.

    `started` identifies the process beyond its id: boot and clock ticks on Linux, the start date elsewhere.
    """

    pid: int
    started: str


class Ending(enum.StrEnum):
    """How `end` left a process."""

    WAS_NOT_RUNNING = "was not running"
    ENDED = "ended"
    KILLED = "killed"


def start(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, without input, its output appended to `log`.

    Its own session keeps a Ctrl-C in the terminal from reaching it: whoever started it decides what ends first.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, interrupts_held():
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
        _children[process.pid] = process
    return process


def record_of(process: subprocess.Popen[bytes]) -> ProcessRecord:
    """The record of a process just started (`started` is empty if it has already ended)."""
    return record_of_pid(process.pid)


def record_of_pid(pid: int) -> ProcessRecord:
    """The same of a process of ours that leads its group and was started by other means."""
    return ProcessRecord(pid=pid, started=_started(pid) or "")


def is_running(record: ProcessRecord) -> bool:
    """Whether this very process still runs: not another with its number, and not a zombie."""
    return bool(record.started) and _started(record.pid) == record.started


def end(record: ProcessRecord, *, grace_seconds: float) -> Ending:
    """Ask the process group to end (SIGTERM), wait up to `grace_seconds`, then kill it.

    A Ctrl-C while waiting kills at once and is passed on: nothing is left behind by an impatient user.
    """
    try:
        return _end(record, grace_seconds)
    finally:
        _reap(record)


def kill(record: ProcessRecord) -> None:
    """End the process group without warning (SIGKILL); returns once the process is gone."""
    try:
        _kill(record)
    finally:
        _reap(record)


def end_all_started(*, grace_seconds: float) -> None:
    """`end` for whatever this program has started and not ended yet."""
    for process in list(_children.values()):
        end(record_of(process), grace_seconds=grace_seconds)


def _end(record: ProcessRecord, grace_seconds: float) -> Ending:
    if not is_running(record):
        return Ending.WAS_NOT_RUNNING
    try:
        _signal_group(record, signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        while time.monotonic() < deadline:
            if not is_running(record):
                return Ending.ENDED
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        _kill(record)
        raise
    _kill(record)
    return Ending.KILLED


def _reap(record: ProcessRecord) -> None:
    child = _children.get(record.pid)
    if child is not None and child.poll() is not None:
        del _children[record.pid]


def _kill(record: ProcessRecord) -> None:
    _signal_group(record, signal.SIGKILL)
    while is_running(record):
        time.sleep(_POLL_SECONDS)


def _signal_group(record: ProcessRecord, number: signal.Signals) -> None:
    if is_running(record):
        with contextlib.suppress(ProcessLookupError):  # it may end between the question and the signal
            os.killpg(record.pid, number)


def _started(pid: int) -> str | None:
    """What identifies the process that has this id now; None if there is none or only a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    # proc(5): fields 3 and 22, here counted after the command's closing parenthesis.
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{start_ticks}"


def _started_by_ps(pid: int) -> str | None:
    """The same where there is no /proc (macOS), in seconds."""
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout.strip()
    state, _, started = answer.partition(" ")
    return None if not answer or state.startswith("Z") else started.strip()
