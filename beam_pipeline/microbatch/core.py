"""What an ingestion from a subscription decides, without threads, clocks, connections or storage.

Events come in as calls with the instant they happened at, effects go out as what is returned: ack ids to acknowledge, to extend
or to give back, batches to write, marks to store. `driver` is the shell that brings both together; the simulation is another.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from beam_pipeline.messages import Message, now_micros
from beam_pipeline.microbatch.emptiness import Emptiness
from beam_pipeline.microbatch.leases import Leases
from beam_pipeline.microbatch.marks import LAPSE_MICROS, STALE_MICROS
from beam_pipeline.microbatch.received import MicroBatch, ReceivedMessages
from beam_pipeline.microbatch.watermark import WatermarkTracker


class Instant(NamedTuple):
    """A moment on both clocks: monotonic seconds, and microseconds since the epoch."""

    seconds: float
    micros: int


def now() -> Instant:
    """This moment."""
    return Instant(time.monotonic(), now_micros())


class Write(NamedTuple):
    """Store all objects of a batch, then their manifest records."""

    batch: MicroBatch


class Acknowledge(NamedTuple):
    """Acknowledge messages; try again while that may help."""

    ack_ids: list[str]


Effect = Write | Acknowledge


class Ingestion:
    """The state of one ingestion, and all that may be done to it. Its parts are thread-safe.

    Args:
        received: collects messages into micro-batches.
        leases: of what has been pulled.
        emptiness: what empty answers say.
        tracker: what is written, for the watermark.
        lease_micros: for how long messages of a lost answer stay leased.
    """

    def __init__(
        self,
        received: ReceivedMessages,
        leases: Leases,
        emptiness: Emptiness,
        tracker: WatermarkTracker,
        lease_micros: int,
    ) -> None:
        self.received = received
        self.leases = leases
        self.emptiness = emptiness
        self.tracker = tracker
        self._lease_micros = lease_micros
        self._pull_began = 0.0

    def may_pull(self, at: Instant) -> bool:
        """Whether the mark is young enough to pull: soon others take this ingestion for dead."""
        return self.tracker.age(at.micros) < STALE_MICROS

    def to_extend(self, at: Instant) -> list[str]:
        """Ack ids whose leases must be extended now; none while the mark is so old that others reckon they run out."""
        return self.leases.due(at.seconds) if self.tracker.age(at.micros) < LAPSE_MICROS else []

    def pull_begins(self, at: Instant) -> None:
        """A pull is about to be sent: from now on messages may be leased that nobody here knows of."""
        self._pull_began = at.seconds
        self.tracker.pull_began(at.micros)

    def pull_found(self, messages: Sequence[Message], ack_ids: list[str], at: Instant) -> MicroBatch | None:
        """The pull brought messages. Returns what is to be given back, because the ingestion is ending."""
        self.emptiness.found_messages(at.seconds)
        ticket = self.leases.hold(ack_ids, self._pull_began)  # leases run from when the server took them
        self.tracker.hold(ticket, min(message.publish_micros for message in messages))
        self.tracker.pull_ended()
        if self.received.add(messages, ack_ids, ticket):
            return None
        return MicroBatch(at.seconds, at.seconds, ack_ids=ack_ids, leases=[ticket])

    def pull_found_nothing(self, began: Instant, at: Instant) -> None:
        """The pull that began then was answered, with nothing."""
        self.emptiness.found_nothing(began.seconds, began.micros, at.seconds)
        empty_since, drained_since = self.emptiness.take_confirmed(), self.emptiness.take_drained()
        self.tracker.pull_ended()
        if empty_since is not None:
            self.tracker.found_empty(empty_since, at.micros)
        if drained_since is not None:
            self.tracker.found_drained(drained_since, at.micros)

    def pull_lost(self, at: Instant) -> None:
        """The pull ended without an answer: it may have leased messages all the same."""
        self.emptiness.lost_answer(at.seconds)
        self.tracker.owe(at.micros + self._lease_micros)
        self.tracker.pull_ended()

    def settle(self, batch: MicroBatch, clock: Callable[[], Instant]) -> Iterator[Effect]:
        """What is done with a batch, in this order; whoever carries it out goes on after an effect has succeeded.

        An acknowledgement counts as done even if it failed: what it was about is written, and will be redelivered.
        """
        yield Write(batch)
        self.tracker.release(batch.leases, clock().micros)
        yield Acknowledge(batch.ack_ids)
        self.leases.release(batch.leases)

    def gave_back(self, batch: MicroBatch, succeeded: bool, at: Instant) -> None:
        """What is not written was given back; if that failed, it is leased for as long as leases last."""
        self.leases.release(batch.leases)
        self.tracker.give_back(batch.leases, at.micros if succeeded else at.micros + self._lease_micros)
