"""One maintenance at a time: compaction and erasure rewrite the same objects, and two of them would hold a line twice for ever.

A repair of the manifest beside them would record again what they replace, so it takes the lease, too. In a folder a lock of the
operating system, which ends with the process that holds it, however it ends. In a bucket an object that only one can create; its
holder renews it, and one that has not been renewed for a while may be taken over.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from event_contract.lake_layout import MAINTENANCE_LOCK
from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import BucketRoot, Root

Check = Callable[[], None]
"""Raises `LakeError` if the lease is lost: nothing may be written or deleted from then on."""

_LEASE_SECONDS: Final = 600.0
_RENEW_SECONDS: Final = 60.0


class MaintenanceRuns(LakeError):
    """Another process compacts, erases or repairs the manifest in the same lake."""

    exit_code = 3


class _Held(msgspec.Struct):
    owner: str
    until: float


@contextmanager
def lease(lake: Root) -> Iterator[Check]:
    """The right to rewrite objects of a lake and its quarantine, for the time of a run.

    Raises:
        MaintenanceRuns: another process has it.
    """
    if isinstance(lake, BucketRoot):
        with _in_bucket(lake) as check:
            yield check
        return
    path = Path(lake.address, MAINTENANCE_LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MaintenanceRuns(
                f"another `lake compact`, `lake erase` or `lake manifest repair` works on {lake.address}: wait for it"
            ) from None
        yield lambda: None


@contextmanager
def _in_bucket(lake: BucketRoot) -> Iterator[Check]:
    me = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
    renewed = time.monotonic()
    generation = _take(lake, me)

    def check() -> None:
        nonlocal renewed, generation
        if time.monotonic() - renewed < _RENEW_SECONDS:
            return
        renewed = time.monotonic()
        again = lake.replace(MAINTENANCE_LOCK, _held(me), generation)
        if again is None:
            raise MaintenanceRuns(f"another run took over the maintenance of {lake.address}: this one ends")
        generation = again

    try:
        yield check
    finally:
        lake.delete_generation(MAINTENANCE_LOCK, generation)


def _take(lake: BucketRoot, me: str) -> int:
    taken = lake.replace(MAINTENANCE_LOCK, _held(me), 0)
    if taken is None:
        found = lake.generation(MAINTENANCE_LOCK)
        if found is not None:
            content, generation = found
            held = msgspec.json.decode(content, type=_Held)
            if held.until < time.time():
                taken = lake.replace(MAINTENANCE_LOCK, _held(me), generation)
    if taken is None:
        raise MaintenanceRuns(
            f"another `lake compact`, `lake erase` or `lake manifest repair` works on {lake.address}: wait for it; if it was "
            f"killed, its lock {MAINTENANCE_LOCK} ends by itself within {_LEASE_SECONDS / 60:.0f} minutes"
        )
    return taken


def _held(me: str) -> bytes:
    return msgspec.json.encode(_Held(me, time.time() + _LEASE_SECONDS))
