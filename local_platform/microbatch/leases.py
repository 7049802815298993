"""Leases: messages being worked on are kept from being delivered to somebody else."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

_CHECK_SECONDS: Final = 1.0


class Leases:
    """Extends what is held before its deadline, from a thread of its own.

    Args:
        extend: asks Pub/Sub for ``lease_seconds`` more for these ack ids.
        first_seconds: the subscription's own acknowledgement deadline, which messages come with.
        lease_seconds: what each extension asks for.
    """

    def __init__(
        self,
        extend: Callable[[Iterable[str]], object],
        first_seconds: float,
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._extend = extend
        self._first_seconds = first_seconds
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[int, tuple[float, list[str]]] = {}
        self._next = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def hold(self, ack_ids: list[str]) -> int:
        """Holds newly pulled messages; returns a ticket to `release` them by."""
        with self._lock:
            self._next += 1
            self._due[self._next] = (self._clock() + self._first_seconds / 2, ack_ids)
            return self._next

    def release(self, tickets: Iterable[int]) -> None:
        """Holds them no longer: they are acknowledged, or given back."""
        with self._lock:
            for ticket in tickets:
                self._due.pop(ticket, None)

    def extend_due(self) -> int:
        """Extends what has used up half its time; returns how many messages that were."""
        now = self._clock()
        with self._lock:
            due = {ticket: ids for ticket, (at, ids) in self._due.items() if at <= now}
            for ticket, ids in due.items():
                self._due[ticket] = (now + self._lease_seconds / 2, ids)
        everything = [ack_id for ids in due.values() for ack_id in ids]
        if everything:
            self._extend(everything)
        return len(everything)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_CHECK_SECONDS):
            self.extend_due()
