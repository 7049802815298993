"""What is done to the ingestion while it works: killed, its storage broken, floods of damaged messages."""

from __future__ import annotations

import enum
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lake_cli.local.demo.live.breakable import failures
from lake_cli.local.demo.live.supervised import SupervisedIngestion

_APART_SECONDS: Final = (1.0, 4.0)
_KILL_DELAY_SECONDS: Final = 1.0
_BROKEN_SECONDS: Final = (0.5, 3.0)
_UNNOTICED_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 0.05
FLOOD_MESSAGES: Final = 500

STORAGE_FAULTS: Final = {
    "ENOSPC": "no space left",
    "EACCES": "permission denied",
    "EIO": "input/output error",
    "ETIMEDOUT": "timed out",
}
"""Names of errors. The ingestion tries again after a time-out; after the others it ends, and is started again."""


class Kind(enum.StrEnum):
    """What can be done."""

    KILL = "kill -9"
    STORAGE = "storage broken"
    FLOOD = "poison flood"


@dataclass(frozen=True)
class Fault:
    """One fault: when (seconds since the epoch), which, and what exactly."""

    at: float
    kind: Kind
    detail: str


class Chaos:
    """Faults at random moments, in a thread of its own, from `start` until `end`.

    Args:
        ingestion: is killed.
        fault_file: breaks its storage while it is there (`breakable`).
        flood: publishes so many damaged messages.
        seed: of the choice of faults and moments.
    """

    def __init__(
        self, ingestion: SupervisedIngestion, fault_file: Path, flood: Callable[[int], None], seed: int
    ) -> None:
        self._ingestion = ingestion
        self._fault_file = fault_file
        self._flood = flood
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._faults: list[Fault] = []
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="chaos", daemon=True)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All so far, in order."""
        return tuple(self._faults)

    @property
    def by_kind(self) -> Counter[Kind]:
        """How many of each kind."""
        return Counter(fault.kind for fault in self._faults)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def check(self) -> None:
        """Raises what ended it, if anything did."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """No more faults, and the storage works again."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._fault_file.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            while not self._over.wait(self._random.uniform(*_APART_SECONDS)):
                self.inflict(self._next())
        except Exception as failure:  # noqa: BLE001 - told by `check`
            self._failure = failure

    def _next(self) -> Kind:
        """Of the kinds that there have been fewest of, one by chance; no kill before the ingestion is at work again."""
        possible = [kind for kind in Kind if kind is not Kind.KILL or self._ingestion.is_at_work]
        counts = self.by_kind
        fewest = min(counts[kind] for kind in possible)
        return self._random.choice([kind for kind in possible if counts[kind] == fewest])

    def inflict(self, kind: Kind) -> None:
        """One fault of a kind, now."""
        match kind:
            case Kind.KILL:
                self._kill()
            case Kind.STORAGE:
                self._break_storage()
            case Kind.FLOOD:
                self._flood(FLOOD_MESSAGES)
                self._note(kind, f"{FLOOD_MESSAGES} damaged messages at once")

    def _kill(self) -> None:
        time.sleep(self._random.uniform(0, _KILL_DELAY_SECONDS))  # anywhere between pulling and acknowledging
        pid = self._ingestion.kill()
        if pid is not None:
            self._note(Kind.KILL, f"process {pid}")

    def _break_storage(self) -> None:
        name, words = self._random.choice(list(STORAGE_FAULTS.items()))
        seconds = self._random.uniform(*_BROKEN_SECONDS)
        self._fault_file.write_text(name)
        began = time.monotonic()
        while not self._over.wait(_LOOK_SECONDS):
            lasted = time.monotonic() - began
            if lasted >= (seconds if failures(self._fault_file) else _UNNOTICED_SECONDS):
                break
        failed, lasted = failures(self._fault_file), time.monotonic() - began
        self._fault_file.unlink()
        if failed:  # else nothing was to be written meanwhile
            self._note(Kind.STORAGE, f"{words}, for {lasted:.1f} s, {failed} writes failed")

    def _note(self, kind: Kind, detail: str) -> None:
        self._faults.append(Fault(time.time(), kind, detail))
