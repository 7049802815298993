"""What the answers to pulls say about how much the subscription still holds. Silence says nothing.

A pull that failed, or that we gave up, may have taken messages with it: Pub/Sub has leased them, and the answer was lost. Until
such a lease has run out, an empty answer does not mean that nothing is left.
"""

import threading
from typing import Final

EMPTY_AFTER_SECONDS: Final = 3.0
"""How long every answer must have been empty before it is believed: a busy server delivers late, too."""

_DRAINED_AFTER: Final = 3
"""So many answers without messages, with others in between, say that what was there before the first has been delivered."""


class Emptiness:
    """Fed by the thread that pulls, read by the one that writes: thread-safe. Knows no clock: each instant is handed in.

    Args:
        lease_seconds: how long messages of a lost answer stay leased.
        empty_after_seconds: see `EMPTY_AFTER_SECONDS`.
    """

    def __init__(self, lease_seconds: float, empty_after_seconds: float = EMPTY_AFTER_SECONDS) -> None:
        self._lease_seconds = lease_seconds
        self._empty_after_seconds = empty_after_seconds
        self._lock = threading.Lock()
        self._leased_until = float("-inf")
        self._answered_at: float | None = None
        self._since: float | None = None
        self._candidate: tuple[float, int] | None = None
        self._confirmed: int | None = None
        self._draining: tuple[float, int] | None = None
        self._empty_answers = 0
        self._drained: int | None = None

    def found_messages(self, now: float) -> None:
        """A pull brought messages; `now` is monotonic seconds, here and below."""
        with self._lock:
            self._answered_at = now
            self._since = self._candidate = None

    def found_nothing(self, began: float, began_micros: int, now: float) -> None:
        """A pull that began then (on the monotonic and on the wall clock) was answered now, with nothing."""
        with self._lock:
            self._answered_at = now
            self._count_empty_answer(began, began_micros)
            if began < self._leased_until:
                return
            if self._since is None:
                self._since = began
            if self._candidate is None:
                self._candidate = began, began_micros
            if (
                began - self._candidate[0] >= self._empty_after_seconds
            ):  # the server may have looked when the pull began
                self._confirmed = self._candidate[1]
                self._candidate = began, began_micros

    def _count_empty_answer(self, began: float, began_micros: int) -> None:
        if self._draining is None:
            self._draining = began, began_micros
        self._empty_answers += 1
        if self._empty_answers >= _DRAINED_AFTER and began - self._draining[0] >= self._empty_after_seconds:
            self._drained = self._draining[1]
            self._draining, self._empty_answers = (began, began_micros), 1

    def lost_answer(self, now: float) -> None:
        """A pull ended without an answer, whatever the reason."""
        with self._lock:
            self._leased_until = now + self._lease_seconds
            self._since = self._candidate = self._confirmed = None

    def take_confirmed(self) -> int | None:
        """The latest instant before which nothing was left (microseconds since the epoch), if a new one is known."""
        with self._lock:
            confirmed, self._confirmed = self._confirmed, None
            return confirmed

    def take_drained(self) -> int | None:
        """The latest instant such that what was there then has been delivered (microseconds since the epoch), if a new one."""
        with self._lock:
            drained, self._drained = self._drained, None
            return drained

    def empty_seconds(self) -> float | None:
        """For how long all answers have been empty, up to the latest; None if the latest was not."""
        with self._lock:
            return None if self._since is None or self._answered_at is None else self._answered_at - self._since

    def unanswered_seconds(self, started: float, now: float) -> float:
        """For how long no pull has been answered, in a run that started then."""
        with self._lock:
            return now - (started if self._answered_at is None else self._answered_at)
