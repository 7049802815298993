"""Leases: messages being worked on are kept from being delivered to somebody else."""

import threading
from collections.abc import Iterable
from typing import Final

TAKEN_WITHIN_SECONDS: Final = 10
"""A request that the server has not taken so long after it was sent never reaches it."""


def longest_lease(deadline_seconds: int, lease_seconds: int) -> int:
    """For how long, from now, messages may be leased to an ingestion that is gone, or that lost the answer.

    The server may have taken its last request, to pull or to extend, only after that.

    Args:
        deadline_seconds: the subscription's acknowledgement deadline.
        lease_seconds: what an extension asks for.
    """
    return max(deadline_seconds, lease_seconds) + TAKEN_WITHIN_SECONDS


class Leases:
    """What is held, and when it must be extended. Thread-safe; knows no clock: each instant is handed in, in monotonic seconds.

    Args:
        first_seconds: the subscription's own acknowledgement deadline, which messages come with.
        lease_seconds: what each extension asks for.
    """

    def __init__(self, first_seconds: float, lease_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._lease_seconds = lease_seconds
        self._lock = threading.Lock()
        self._due: dict[int, tuple[float, list[str]]] = {}
        self._next = 0

    def hold(self, ack_ids: list[str], now: float) -> int:
        """Holds newly pulled messages; returns a ticket to `release` them by."""
        with self._lock:
            self._next += 1
            self._due[self._next] = (now + self._first_seconds / 2, ack_ids)
            return self._next

    def release(self, tickets: Iterable[int]) -> None:
        """Holds them no longer: they are acknowledged, or given back."""
        with self._lock:
            for ticket in tickets:
                self._due.pop(ticket, None)

    def due(self, now: float) -> list[str]:
        """The ack ids that have used up half their time; from now on they count as extended."""
        with self._lock:
            due = {ticket: ids for ticket, (at, ids) in self._due.items() if at <= now}
            for ticket, ids in due.items():
                self._due[ticket] = (now + self._lease_seconds / 2, ids)
        return [ack_id for ids in due.values() for ack_id in ids]
