"""The Pub/Sub emulator: the one PUBSUB_EMULATOR_HOST names, or one that we start on a free port and end again."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lake_cli.errors import LakeError
from lake_cli.local import processes, pubsub
from lake_cli.local.emulator_launchers import EmulatorUnavailable, Launcher, find_launcher, heap_bytes
from lake_cli.local.processes import Ending, ProcessRecord

HOST_VARIABLE: Final = "PUBSUB_EMULATOR_HOST"

_HOST_AND_PORT: Final = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_START_SECONDS: Final = 60.0  # less than 2 s on a laptop; a container on a busy CI machine needs far longer
_STOP_GRACE_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 2.0
_EXISTING_ASK_SECONDS: Final = 5.0
_PORT_ATTEMPTS: Final = 3


class NamedEmulatorUnusable(LakeError):
    """PUBSUB_EMULATOR_HOST is malformed, or nothing answers there. Not to be passed over: the user meant that one."""


class Emulator(msgspec.Struct, frozen=True):
    """An emulator that answers at `address` (host:port).

    `process`, `log`, `removal` (a command that removes what the process may leave behind) and `heap_bytes` (all memory that it
    may use) are those of an emulator that we started; None for one that was already there, which is not ours to end.
    """

    address: str
    origin: str
    process: ProcessRecord | None = None
    log: str | None = None
    removal: tuple[str, ...] | None = None
    heap_bytes: int | None = None


@contextlib.contextmanager
def running(
    log: Path, *, environment: Mapping[str, str] | None = None, announce: Callable[[str], None] | None = None
) -> Iterator[Emulator]:
    """An emulator for the time of a `with` block; one that we started is ended with it, whatever happens inside.

    `announce` is told what is being waited for. Raises as `obtain` does.
    """
    emulator = obtain(log, environment=environment, announce=announce)
    try:
        yield emulator
    finally:
        stop(emulator)


def obtain(
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    preferred_port: int | None = None,
    announce: Callable[[str], None] | None = None,
) -> Emulator:
    """The emulator PUBSUB_EMULATOR_HOST names, else one started now, which lives until `stop` is called with it.

    It is started on `preferred_port` if that is free, else on any free one.

    Raises NamedEmulatorUnusable if the one named does not answer; EmulatorUnavailable if none can be started.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(HOST_VARIABLE)
    if named:
        return _existing(named)
    launcher = find_launcher(environment)
    if announce is not None:
        announce(f"starting the Pub/Sub emulator ({launcher.description})")
    launcher.prepare(log)
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port = _free_port(preferred_port if attempt == 1 else None)
        emulator = _start(launcher, port, log, last_attempt=attempt == _PORT_ATTEMPTS)
        if emulator is not None:
            return emulator
    raise AssertionError("the last attempt returns or raises")


def stop(emulator: Emulator) -> Ending:
    """End an emulator that we started; one that was already there is left alone."""
    if emulator.process is None:
        return Ending.WAS_NOT_RUNNING
    try:
        return processes.end(emulator.process, grace_seconds=_STOP_GRACE_SECONDS)
    finally:
        if emulator.removal is not None:
            subprocess.run(emulator.removal, capture_output=True, check=False)


class EmulatorEnded(LakeError):
    """An emulator that we started is gone, and what it held with it."""

    exit_code = 1


def check_runs(emulator: Emulator) -> None:
    """Raise EmulatorEnded if an emulator that we started runs no more; nothing is known of one that was already there."""
    if emulator.process is None or processes.is_running(emulator.process):
        return
    log = Path(emulator.log or "")
    full = log.is_file() and "OutOfMemoryError" in log.read_text(errors="replace")
    reason = "its memory was full: it keeps every message of a run, acknowledged or not" if full else _last_line(log)
    raise EmulatorEnded(
        f"the Pub/Sub emulator ended ({reason}): messages not yet ingested are lost with it. "
        f"Run with fewer events, on a machine with more memory, or through a file (log: {log})"
    )


def client_environment(address: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which every Google client library talks to the emulator, directly, not through a proxy."""
    variables = dict(os.environ if environment is None else environment)
    variables[HOST_VARIABLE] = address
    exempt = variables.get("no_grpc_proxy") or variables.get("no_proxy") or variables.get("NO_PROXY")
    variables["no_grpc_proxy"] = f"{exempt},{_host(address)}" if exempt else _host(address)
    return variables


def _existing(address: str) -> Emulator:
    if not _HOST_AND_PORT.fullmatch(address):
        raise NamedEmulatorUnusable(
            f"{HOST_VARIABLE} is {address!r}, which is not host:port: set it to, say, localhost:8085, or unset it"
        )
    if not pubsub.answers(address, timeout_seconds=_EXISTING_ASK_SECONDS):
        raise NamedEmulatorUnusable(
            f"{HOST_VARIABLE} is {address!r} but no Pub/Sub emulator answers there: "
            "start it, or unset the variable and one is started for you"
        )
    return Emulator(address=address, origin=f"named by {HOST_VARIABLE}")


def _start(launcher: Launcher, port: int, log: Path, *, last_attempt: bool) -> Emulator | None:
    """Start on a port. None if it ended at once and another port is worth a try: this one may be taken by now."""
    with _ended_unless_released(launcher, port, log) as started:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            answered = pubsub.answers(started.emulator.address, timeout_seconds=_ASK_SECONDS)
            if answered and started.process.poll() is None:
                started.released = True
                return started.emulator
            if started.process.poll() is not None:
                if not last_attempt:
                    return None
                raise EmulatorUnavailable(
                    f"the Pub/Sub emulator ({launcher.description}) ended with code {started.process.returncode} "
                    f"instead of starting: {_last_line(log)} (log: {log})"
                )
            time.sleep(0.1)
        raise EmulatorUnavailable(
            f"the Pub/Sub emulator ({launcher.description}) did not answer within {_START_SECONDS:.0f} s (log: {log})"
        )


@dataclass
class _Starting:
    process: subprocess.Popen[bytes]
    emulator: Emulator
    released: bool = False


@contextlib.contextmanager
def _ended_unless_released(launcher: Launcher, port: int, log: Path) -> Iterator[_Starting]:
    """A process that does not outlive a failed start, a Ctrl-C included."""
    process = processes.start(launcher.command(port), log=log)
    emulator = Emulator(
        address=f"127.0.0.1:{port}",
        origin=launcher.description,
        process=processes.record_of(process),
        log=str(log),
        removal=launcher.removal(port),
        heap_bytes=heap_bytes(),
    )
    starting = _Starting(process, emulator)
    try:
        yield starting
    finally:
        if not starting.released:
            stop(emulator)


def _free_port(preferred: int | None = None) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", preferred or 0))
        except OSError:
            return _free_port()
        port: int = probe.getsockname()[1]
        return port


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it printed nothing"
