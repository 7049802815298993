"""The account while messages are under way: each is published, then found in an object that the manifest names.

A message is known by the digest of its bytes, so one that was lost is seen as what it is, not as a difference of sums that
a message delivered twice would hide.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from event_contract import ManifestRecord
from event_contract.lake_layout import QUARANTINE
from event_contract.ledgers import arrived_in_lake, arrived_in_quarantine, body_of
from lake_cli import lake_files
from lake_cli.lake_files import ManifestReader, Watermark
from lake_cli.places import Places
from producer import Message

_ORDER: Final = "order_completed"


class _Order(msgspec.Struct):
    order_id: str
    total: Decimal
    currency: str
    timestamp: datetime


class _Place(NamedTuple):
    """Where a message was found: `reason` is its code, None in the lake."""

    reason: str | None


@dataclass(frozen=True)
class Counts:
    """The account at one moment; `published` is exactly `in_lake` + `in_quarantine` + `waiting`.

    Attributes:
        published: messages that Pub/Sub took.
        in_lake: of these, different ones in the lake.
        by_code: the same in quarantine, by reason code.
        waiting: the others.
        oldest_waiting_seconds: for how long the one that waits longest has been published; 0 if none waits.
        repeated_lines: lines of messages that were delivered more than once.
        watermark: as the ingestion last wrote it.
        overdue: messages that wait although they were published before the watermark: none, or the ingestion has lost them.
        revenue: total of all orders, by currency.
        orders: number of different orders.
        newest_order: when the latest of them was placed.
    """

    published: int = 0
    in_lake: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    oldest_waiting_seconds: float = 0.0
    repeated_lines: int = 0
    watermark: Watermark | None = None
    overdue: int = 0
    revenue: dict[str, Decimal] = field(default_factory=dict)
    orders: int = 0
    newest_order: datetime | None = None

    @property
    def in_quarantine(self) -> int:
        """Different messages in quarantine."""
        return sum(self.by_code.values())


class RunningAccount:
    """Notes what is published, from any thread, and finds it again in the files; reads every object once."""

    def __init__(self, places: Places, clock: Callable[[], float] = time.time) -> None:
        self._places = places
        self._clock = clock
        self._manifest = ManifestReader(places.lake)
        self._lock = threading.Lock()
        self._read: set[tuple[str, str]] = set()
        self._seen_ids: set[str] = set()
        self._repeated = 0
        self._published = 0
        self._waiting: dict[bytes, list[float]] = {}  # since when, by digest: duplicates share theirs
        self._early: dict[bytes, list[_Place]] = {}  # found before Pub/Sub's acknowledgement came
        self._found: Counter[_Place] = Counter()
        self._orders: set[str] = set()
        self._newest_order: datetime | None = None
        self._revenue: dict[str, Decimal] = {}

    @property
    def waiting(self) -> int:
        """Messages published and not found yet, as of the last look."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def noting(self, messages: Iterable[Message]) -> tuple[Iterator[Message], Callable[[int], None]]:
        """The messages, and what is to be told how many more of them Pub/Sub took, in their order."""
        handed: deque[bytes] = deque()

        def each() -> Iterator[Message]:
            for message in messages:
                handed.append(_digest(body_of(message.data)))
                yield message

        def acknowledged(count: int) -> None:
            now = self._clock()
            with self._lock:
                for _ in range(count):
                    self._publish(handed.popleft(), now)

        return each(), acknowledged

    def _publish(self, message: bytes, now: float) -> None:
        self._published += 1
        found = self._early.get(message)
        if found is None:
            self._waiting.setdefault(message, []).append(now)
            return
        self._found[found.pop()] += 1
        if not found:
            del self._early[message]

    def look(self) -> Counts:
        """Reads what the manifest names since the last look.

        Raises:
            LakeError: a file holds what it should not.
        """
        watermark = lake_files.read_watermark(self._places.lake)  # first: what it claims must then be in the manifest
        for record in self._manifest.read():
            if (record.root, record.path) not in self._read:
                self._read.add((record.root, record.path))
                self._take(record)
        now = self._clock()
        with self._lock:
            since = [moment for moments in self._waiting.values() for moment in moments]
            by_code = Counter({place.reason: count for place, count in self._found.items() if place.reason is not None})
            claimed = watermark.watermark.timestamp() if watermark is not None else 0.0
            return Counts(
                published=self._published,
                in_lake=self._found[_Place(None)],
                by_code=dict(by_code.most_common()),
                waiting=len(since),
                oldest_waiting_seconds=now - min(since) if since else 0.0,
                repeated_lines=self._repeated,
                watermark=watermark,
                overdue=sum(moment < claimed for moment in since),
                revenue=dict(self._revenue),
                orders=len(self._orders),
                newest_order=self._newest_order,
            )

    def _take(self, record: ManifestRecord) -> None:
        in_quarantine = record.root == QUARANTINE
        root = self._places.quarantine if in_quarantine else self._places.lake
        for line in lake_files.read_lines(root / record.path):
            arrived = arrived_in_quarantine(line) if in_quarantine else arrived_in_lake(line)
            if arrived.message_id in self._seen_ids:
                self._repeated += 1
                continue
            self._seen_ids.add(arrived.message_id)
            if record.event_type == _ORDER:
                self._sell(_decode_order(line))
            with self._lock:
                self._arrive(_digest(arrived.body), _Place(record.reason if in_quarantine else None))

    def _arrive(self, message: bytes, place: _Place) -> None:
        since = self._waiting.get(message)
        if since is None:
            self._early.setdefault(message, []).append(place)
            return
        since.pop(0)
        if not since:
            del self._waiting[message]
        self._found[place] += 1

    def _sell(self, order: _Order) -> None:
        if order.order_id in self._orders:
            return
        self._orders.add(order.order_id)
        self._newest_order = max(self._newest_order or order.timestamp, order.timestamp)
        self._revenue[order.currency] = self._revenue.get(order.currency, Decimal(0)) + order.total


def _digest(body: bytes) -> bytes:
    """Names a message among millions."""
    return hashlib.sha256(body).digest()[:16]


_decode_order: Final = msgspec.json.Decoder(_Order).decode
