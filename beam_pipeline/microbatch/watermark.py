"""Up to which publish time everything has been written, as seen by one ingestion.

Pub/Sub does not say what it still holds. What can be known:

- when pulls are answered with nothing, nothing published before they began is left, but what is leased: to an ingestion (its
  oldest message not yet written holds the watermark back), or to nobody (`marks`), for as long as leases last;
- under load, messages come roughly in the order of their publishing: what is written tells how far that is, less a
  margin.
"""

import threading
from collections.abc import Iterable
from typing import Final

from beam_pipeline.microbatch.marks import CLOCK_MARGIN_MICROS, Claim, Mark, add_claim

ORDER_MARGIN_MICROS: Final = 60_000_000
"""How far out of order Pub/Sub is taken to deliver under load."""


class WatermarkTracker:
    """What one ingestion has pulled, written and found empty. Thread-safe; instants are microseconds since the epoch.

    `stored_at` is when its mark was taken that others can read.

    Args:
        subscription: what it reads.
        lease_micros: for how long messages of a lost answer, or of a dead ingestion, stay leased.
    """

    def __init__(self, subscription: str, lease_micros: int, process: str = "") -> None:
        self.subscription = subscription
        self._lease_micros = lease_micros
        self._process = process
        self._lock = threading.Lock()
        self._held: dict[int, int] = {}
        self._claims: list[Claim] = []
        self._drained: list[Claim] = []
        self._pulling_since: int | None = None
        self._owed_until = 0
        self.stored_at = 0

    def age(self, now: int) -> int:
        """How old the mark is that others can read."""
        return abs(now - self.stored_at)

    def pull_began(self, now: int) -> None:
        """From now until `pull_ended` messages may be on their way that nobody knows of."""
        with self._lock:
            self._pulling_since = now

    def pull_ended(self) -> None:
        """What the pull brought is held, or it brought nothing, or its answer was lost and `owe` was called."""
        with self._lock:
            self._pulling_since = None

    def hold(self, ticket: int, oldest_publish_micros: int) -> None:
        """Messages were pulled; the watermark does not pass the oldest of them until `release`."""
        with self._lock:
            self._held[ticket] = oldest_publish_micros

    def release(self, tickets: list[int], now: int) -> None:
        """Messages were written."""
        with self._lock:
            oldest = min((self._held.pop(ticket) for ticket in tickets), default=0)
            add_claim(self._claims, Claim(oldest - ORDER_MARGIN_MICROS, now))

    def give_back(self, tickets: Iterable[int], leased_until: int) -> None:
        """Messages were not written and are held no more; others get them then, at the latest."""
        with self._lock:
            self._owed_until = max(self._owed_until, leased_until)
            for ticket in tickets:
                self._held.pop(ticket, None)

    def owe(self, leased_until: int) -> None:
        """Messages may be leased to nobody until then."""
        with self._lock:
            self._owed_until = max(self._owed_until, leased_until)

    def found_empty(self, since: int, now: int) -> None:
        """Pulls have been answered with nothing since then."""
        with self._lock:
            add_claim(self._claims, Claim(since - CLOCK_MARGIN_MICROS, now))

    def found_drained(self, since: int, now: int) -> None:
        """Among the answers since then there have been enough without messages: what had been there then was delivered."""
        with self._lock:
            add_claim(self._drained, Claim(since, now))

    def mark(self, now: int, running: bool = True) -> Mark:
        """What to say of this ingestion now."""
        with self._lock:
            if not running and (self._held or self._pulling_since is not None):
                self._owed_until = max(self._owed_until, now + self._lease_micros)
            return Mark(
                subscription=self.subscription,
                written_at=now,
                as_of=now if self._pulling_since is None else min(now, self._pulling_since),
                lease_micros=self._lease_micros,
                held=min(self._held.values(), default=None),
                claims=tuple(self._claims),
                drained=tuple(self._drained),
                owed_until=self._owed_until,
                running=running,
                process=self._process,
            )

    @property
    def owes(self) -> bool:
        """Whether somebody must still wait for messages that were this ingestion's."""
        with self._lock:
            drained = self._drained[-1].reached if self._drained else 0
            return bool(self._held) or self._pulling_since is not None or self._owed_until > drained
