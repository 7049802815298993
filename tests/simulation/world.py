"""What lies outside an ingestion: a subscription, a lake and a clock, and what must always hold of them."""

from __future__ import annotations

from beam_pipeline.messages import Message
from beam_pipeline.microbatch.core import Instant
from beam_pipeline.microbatch.marks import Mark

SECOND = 1_000_000
START = 1_795_341_600 * SECOND
DEADLINES_SECONDS = (10, 60)
"""Acknowledgement deadlines of the subscription: the shortest, and one as long as what is asked for by extending."""
LEASE_SECONDS = 60
LATE_MICROS = 2 * SECOND
"""A message may be pulled so long after its publishing: a busy server delivers late."""
DISORDER_MICROS = 50 * SECOND
"""How far out of the order of their publishing messages are delivered for the first time."""


class Violation(AssertionError):
    """Something that must always hold does not."""


class World:
    """Subscription, lake and clock. Instants are microseconds since the epoch.

    Args:
        deadline_seconds: acknowledgement deadline of the subscription.

    Attributes:
        published: publish time by message id.
        visible: from when on a message that is not acknowledged may be pulled.
        fresh: publish time of what was never delivered, by message id.
        leases: message id and end of the lease by ack id.
        acknowledged, objects, records: message ids; an object and a record hold one message each.
        marks: by name.
        watermark: of the lake.
        under_way: requests that nobody waits for any more, each with the instant by which the server has taken it or never does.
        forgiven: message ids whose redelivery is somebody's right: an answer or an extension was lost, or a process died.
    """

    def __init__(self, deadline_seconds: int = DEADLINES_SECONDS[0]) -> None:
        self.deadline_seconds = deadline_seconds
        self.now = START
        self._instant = Instant(START / SECOND, START)
        self.published: dict[str, int] = {}
        self.visible: dict[str, int] = {}
        self.fresh: dict[str, int] = {}
        self.leases: dict[str, tuple[str, int]] = {}
        self.leased: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.objects: set[str] = set()
        self.records: set[str] = set()
        self.marks: dict[str, Mark] = {}
        self.watermark = 0
        self.under_way: list[tuple[str, int]] = []
        self.forgiven: set[str] = set()
        self.delivered = 0
        self._no_lease_ends_before = 0

    def instant(self) -> Instant:
        if self._instant.micros != self.now:
            self._instant = Instant(self.now / SECOND, self.now)
        return self._instant

    def seconds(self) -> float:
        return self.now / SECOND

    def publish(self, late_micros: int) -> None:
        name = str(len(self.published))
        self.published[name] = self.now
        self.visible[name] = self.now + late_micros
        self.fresh[name] = self.now

    def time_passes(self) -> None:
        """Ends the leases that have run out by now."""
        if self.now < self._no_lease_ends_before:
            return
        for ack_id, (name, until) in list(self.leases.items()):
            if until <= self.now:
                self._end_lease(ack_id, name)
        self._no_lease_ends_before = min((until for _, until in self.leases.values()), default=self.now)

    def available(self) -> list[str]:
        """What a pull may bring now. A message that was never delivered waits for those published long before it."""
        self.time_passes()
        now, leased, fresh = self.now, self.leased, self.fresh
        latest = next(iter(fresh.values()), now) + DISORDER_MICROS
        return [
            name
            for name, visible in self.visible.items()
            if visible <= now and name not in leased and (name not in fresh or fresh[name] <= latest)
        ]

    def _end_lease(self, ack_id: str, name: str) -> None:
        del self.leases[ack_id]
        del self.leased[name]
        if name not in self.forgiven:
            raise Violation(f"the lease of message {name} ran out while its ingestion lived")

    def pull(self, names: list[str]) -> tuple[list[Message], list[str]]:
        ack_ids = []
        for name in names:
            self.delivered += 1
            ack_id = f"{name}/{self.delivered}"
            self._lease(ack_id, name, self.deadline_seconds)
            self.leased[name] = ack_id
            self.fresh.pop(name, None)
            self.forgiven.add(name)  # until the answer is heard, nobody can extend the lease
            ack_ids.append(ack_id)
        return [self.message(name) for name in names], ack_ids

    def message(self, name: str) -> Message:
        """What is published under that id."""
        return Message(b"", name, self.published[name])

    def _lease(self, ack_id: str, name: str, seconds: int) -> None:
        until = self.now + seconds * SECOND
        self.leases[ack_id] = (name, until)
        self._no_lease_ends_before = min(self._no_lease_ends_before, until)

    def extend(self, ack_ids: list[str], seconds: int) -> None:
        for ack_id in ack_ids:
            if ack_id in self.leases:
                name, _ = self.leases[ack_id]
                if seconds:
                    self._lease(ack_id, name, seconds)
                else:
                    del self.leases[ack_id], self.leased[name]

    def heard(self, ack_ids: list[str]) -> None:
        """The answer arrived in time: from now on these leases must not run out."""
        self.forgiven -= {ack_id.partition("/")[0] for ack_id in ack_ids}

    def forgive(self, ack_ids: list[str]) -> None:
        """These leases may run out."""
        self.forgiven |= {ack_id.partition("/")[0] for ack_id in ack_ids}

    def acknowledge(self, ack_ids: list[str]) -> None:
        for ack_id in ack_ids:
            name = ack_id.partition("/")[0]
            if name not in self.objects or name not in self.records:
                raise Violation(f"message {name} was acknowledged before it was written and recorded")
            if ack_id in self.leases:
                del self.leases[ack_id], self.leased[name]
                self.acknowledged.add(name)
                del self.visible[name]

    def store(self, messages: list[Message]) -> None:
        """The objects of a batch are stored, and nothing more."""
        self.objects.update(message.message_id for message in messages)

    def record(self, messages: list[Message]) -> None:
        """The records of a batch whose objects are stored."""
        for message in messages:
            if message.message_id not in self.objects:
                raise Violation(f"a record tells of the object of message {message.message_id}, which is not there")
        self.records.update(message.message_id for message in messages)

    def advance(self, watermark: int) -> None:
        if watermark <= self.watermark:
            return
        self.watermark = watermark
        passed = [(self.published[name], name) for name in self.published.keys() - self.records]
        if passed and (first := min(passed))[0] < watermark:
            raise Violation(
                f"the watermark is {self.told(watermark)}, and message {first[1]} of {self.told(first[0])} is not written"
            )

    def told(self, micros: int) -> str:
        """An instant as seconds since the life began."""
        return f"{(micros - START) / SECOND:.1f} s"
