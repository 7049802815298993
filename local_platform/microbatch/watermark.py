"""Up to which publish time everything has been written, as seen from one process that pulls and acknowledges.

Pub/Sub does not say what it still holds. What can be known:

- while a pull waits in vain, nothing published before it began is left, but what is leased: to us (the oldest message not yet
  acknowledged holds the watermark back), or to a process that was killed (for as long as leases last, see `distrust_until`);
- under load, messages come roughly in the order of their publishing: what is acknowledged tells how far that is, less a
  margin.
"""

import threading
import time
from typing import Final

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.messages import now_micros
from beam_pipeline.storage import store
from beam_pipeline.watermark import advance_watermark

ORDER_MARGIN_MICROS: Final = 60_000_000
"""How far out of order Pub/Sub is taken to deliver under load."""

CLOCK_MARGIN_MICROS: Final = 1_000_000
"""How far the clocks of publishing service and this machine may differ."""


class WatermarkTracker:
    """Thread-safe; instants are microseconds since the epoch.

    Args:
        distrust_until: messages may be leased to somebody else until then (0 if not): the watermark stands still before.
    """

    def __init__(self, distrust_until: int = 0) -> None:
        self._lock = threading.Lock()
        self._distrust_until = distrust_until
        self._held: dict[int, int] = {}
        self._reached = 0

    def hold(self, ticket: int, oldest_publish_micros: int) -> None:
        """Messages were pulled; the watermark does not pass the oldest of them until `release`."""
        with self._lock:
            self._held[ticket] = oldest_publish_micros

    def release(self, tickets: list[int]) -> None:
        """Messages were written and acknowledged."""
        with self._lock:
            oldest = min((self._held.pop(ticket) for ticket in tickets), default=0)
            self._reached = max(self._reached, oldest - ORDER_MARGIN_MICROS)

    def found_empty(self, since_micros: int) -> None:
        """A pull has been waiting in vain since then."""
        with self._lock:
            self._reached = max(self._reached, since_micros - CLOCK_MARGIN_MICROS)

    def current(self, now_micros: int) -> int:
        """The watermark now; 0 if nothing is known yet."""
        with self._lock:
            if now_micros < self._distrust_until:
                return 0
            return min([self._reached, *self._held.values()])


_RUNNING: Final = "_control/ingestion_running"
_WRITE_SECONDS: Final = 2.0


class WatermarkFile:
    """Keeps the lake's watermark file up with a tracker; one local ingestion a lake at a time.

    A marker tells the next run that this one did not end cleanly: then messages may still be leased to it, and the watermark
    stands still for as long as a lease lasts.
    """

    def __init__(self, lake_root: str, lease_seconds: float) -> None:
        self._lake_root = lake_root
        self._marker = FileSystems.join(lake_root, _RUNNING)
        crashed = FileSystems.exists(self._marker)
        store(lake_root, _RUNNING, b"")
        self.tracker = WatermarkTracker(now_micros() + int(lease_seconds * 1_000_000) if crashed else 0)
        self._written_at = float("-inf")
        self._written = 0

    def keep(self, now: bool = False) -> None:
        """Writes the watermark if it has moved and the last writing is some seconds past, or now."""
        if not now and time.monotonic() - self._written_at < _WRITE_SECONDS:
            return
        current = self.tracker.current(now_micros())
        if current > self._written:
            self._written_at, self._written = time.monotonic(), current
            advance_watermark(self._lake_root, current)

    def close(self) -> None:
        """A clean end: all that was pulled is written and acknowledged, or given back."""
        self.keep(now=True)
        FileSystems.delete([self._marker])
