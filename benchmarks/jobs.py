"""The documented command in a process of its own, measured from outside: what a user would see."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Finished:
    """A job that has ended. `seconds` and `cpu_seconds` with the start of Python; memory in bytes at its peak."""

    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    summary: dict[str, Any]


def environment() -> dict[str, str]:
    """As a user's: compiled modules are kept, so that only the first start compiles them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def ingest(folder: Path, *options: str) -> Finished:
    """Runs `python -m beam_pipeline` into a folder (`lake`, `quarantine`) until its input ends.

    Raises:
        RuntimeError: it failed; the text has its last words.
    """
    started = time.perf_counter()
    with open(folder / "log", "w+") as log:
        process = subprocess.Popen(_command(folder, options), stdout=log, stderr=log, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"the job ended with {process.returncode}: {log.read()[-500:]}")
    return Finished(
        seconds=time.perf_counter() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_rss_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        summary=summary_of(folder),
    )


@contextlib.contextmanager
def ingesting(folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The same command without end; told to stop, and waited for, when the block ends."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(_command(folder, options), stdout=log, stderr=log, env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _command(folder: Path, options: tuple[str, ...]) -> list[str]:
    return [
        *(sys.executable, "-m", "beam_pipeline", "--runner=DirectRunner"),
        *(f"--output_path={folder}/lake", f"--quarantine_path={folder}/quarantine"),
        *(f"--summary_file={folder}/summary.json", *options),
    ]


def shop(*options: str) -> None:
    """Runs `lake produce` in a process of its own, which keeps this one small: a child's peak memory counts from there.

    Raises:
        RuntimeError: it failed; the text has its last words.
    """
    command = [str(Path(sys.executable).with_name("lake")), "produce", *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise RuntimeError(f"the shop ended with {done.returncode}: {done.stderr[-500:]}")


def summary_of(folder: Path) -> dict[str, Any]:
    """The job's own summary so far; empty if there is none yet."""
    try:
        found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def wait_until_read(folder: Path, messages: int, process: subprocess.Popen[bytes], timeout_seconds: float) -> None:
    """Returns once the job has written and acknowledged so many messages.

    Raises:
        RuntimeError: it has ended before, or not come so far by then; the text has its last words.
    """
    deadline = time.monotonic() + timeout_seconds
    while (found := summary_of(folder).get("messages_read", 0)) < messages:
        if process.poll() is not None or time.monotonic() > deadline:
            log = (folder / "log").read_text()[-500:]
            raise RuntimeError(f"{found:,} of {messages:,} messages were written in {timeout_seconds:.0f} s: {log}")
        time.sleep(0.1)


@dataclass
class MemorySampler:
    """Resident memory of a process, in bytes, once a second for as long as a `with` block lasts."""

    pid: int
    samples: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> MemorySampler:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        process = psutil.Process(self.pid)
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            while True:
                self.samples.append(process.memory_info().rss)
                if self._over.wait(1.0):
                    return


@dataclass(frozen=True)
class Stored:
    """What stands in a lake and its quarantine, by the manifest. Requests: one for each object and each control file."""

    objects: int
    rows: int
    bytes: int
    partition_days: int
    control_files: int

    @property
    def requests(self) -> int:
        return self.objects + self.control_files


def stored(folder: Path) -> Stored:
    """Reads the manifest of what `ingest` wrote."""
    manifests = list((folder / "lake" / "_control" / "manifest").rglob("*.ndjson"))
    records = [json.loads(line) for path in manifests for line in path.read_bytes().splitlines()]
    return Stored(
        objects=len(records),
        rows=sum(record["rows"] for record in records),
        bytes=sum(record["bytes"] for record in records),
        partition_days=len({record["path"].rpartition("/")[0] for record in records if record["root"] == "lake"}),
        control_files=len(manifests) + (folder / "lake" / "_control" / "watermark.json").exists(),
    )


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for the time of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        yield Path(name)
