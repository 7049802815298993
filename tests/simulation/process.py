"""One ingestion in the simulation: the real core and the real order of effects, its threads played by a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beam_pipeline.messages import Message
from beam_pipeline.microbatch import keeping
from beam_pipeline.microbatch.core import Acknowledge, Effect, Ingestion, Instant, Write
from beam_pipeline.microbatch.emptiness import Emptiness
from beam_pipeline.microbatch.keeping import Advance, Keeping, ReadMarks, RemoveMark, StoreMark
from beam_pipeline.microbatch.leases import TAKEN_WITHIN_SECONDS, Leases, longest_lease
from beam_pipeline.microbatch.marks import LAPSE_MICROS, Mark
from beam_pipeline.microbatch.received import MicroBatch, ReceivedMessages
from beam_pipeline.microbatch.watermark import WatermarkTracker
from tests.simulation.world import LEASE_SECONDS, SECOND, World

MESSAGES_PER_BATCH = 6
MESSAGES_PER_PULL = 4
WRITTEN_AT_ONCE = 2
TAKEN_WITHIN_MICROS = TAKEN_WITHIN_SECONDS * SECOND
HEARD_IN_TIME_MICROS = 5 * SECOND
"""After a longer way of the answer, its leases may have run out before anybody could extend them."""

NOTHING = "the server has nothing"


class Process:
    """The life of one process. Each step is one thing that one of its threads does, or that is done to it.

    Args:
        name: of it, and of its mark.
        world: what it runs in.
        dead: names of processes that are known to run no more.
        tell: takes one line of the trace.
    """

    waits_for_its_pull = True
    """Whether it ends only after a pull under way has been answered or lost."""

    def __init__(self, name: str, world: World, dead: set[str], tell: Callable[[str], None]) -> None:
        self.name, self.world = name, world
        self._dead, self._tell = dead, tell
        lease_micros = longest_lease(world.deadline_seconds, LEASE_SECONDS) * SECOND
        self.tracker = WatermarkTracker("s", lease_micros, name)
        self.received = ReceivedMessages(MESSAGES_PER_BATCH, 1 << 30, 2.0, world.seconds)
        self.core = Ingestion(
            self.received,
            Leases(world.deadline_seconds, LEASE_SECONDS),
            Emptiness(lease_micros / SECOND),
            self.tracker,
            lease_micros,
        )
        self.pulling: Instant | None = None
        self.answer: tuple[list[Message], list[str]] | None = None
        self.settling: list[Iterator[Effect]] = []
        self.effects: list[Effect] = []
        self.half_written = False
        self.keeping: Keeping | None = None
        self._next: keeping.Effect | None = None
        self._sent: dict[str, Mark] | None = None
        self._unread: list[str] | None = None
        self._found: dict[str, Mark] = {}
        self.stopping = self.failed = self.ended = False
        self.unwritten: list[MicroBatch] = []
        self._begin(keeping.keep(name, self.tracker, self._micros, self._is_dead, advance=False))
        while self.keeping is not None:
            self.keep_step()

    def _micros(self) -> int:
        return self.world.now

    def _is_dead(self, process: str) -> bool:
        return process in self._dead

    def can(self) -> list[str]:
        """What it may do next, by name."""
        steps = [self.next_of_pulling()]
        if self.may_take():
            steps.append("take")
        steps += [f"effect {index}" for index in range(len(self.effects))]
        steps.append("keep")
        return [step for step in steps if step]

    def next_of_pulling(self) -> str:
        """What the thread that pulls does next; empty if it has to wait."""
        if self.pulling is not None:
            return "serve" if self.answer is None else "hear"
        return "pull" if self.received.has_room and self.core.may_pull(self.world.instant()) else ""

    def may_take(self) -> bool:
        """Whether the thread that writes is free."""
        return not self.effects and not self.failed and len(self.settling) < WRITTEN_AT_ONCE

    def pull(self) -> None:
        self.pulling = self.world.instant()
        self.core.pull_begins(self.pulling)

    def serve(self, pick: Callable[[int], int]) -> None:
        """The server takes the request: whatever is said to come of it, messages are leased now."""
        assert self.pulling is not None
        if self.world.now - self.pulling.micros > TAKEN_WITHIN_MICROS:
            self.lose()
            return
        self.answer = serve(self.world, pick)
        leased = [message.message_id for message in self.answer[0]]
        self._tell(f"{self.name}: {f'the server leases {leased}' if leased else NOTHING}")

    def hear(self) -> None:
        """The answer arrives."""
        assert self.pulling is not None
        assert self.answer is not None
        (messages, ack_ids), began = self.answer, self.pulling
        self.pulling = self.answer = None
        if not messages:
            self.core.pull_found_nothing(began, self.world.instant())
            return
        if self.world.now - began.micros < HEARD_IN_TIME_MICROS:
            self.world.heard(ack_ids)
        back = self.core.pull_found(messages, ack_ids, self.world.instant())
        if back is not None:
            self.give_back(back, lost=False)

    def lose(self) -> None:
        """The answer, or the request, is lost; the server may take it all the same."""
        self._abandon_pull()
        self.core.pull_lost(self.world.instant())
        self._tell(f"{self.name}: the answer is lost")

    def _abandon_pull(self) -> None:
        if self.answer is not None:
            self.world.forgive(self.answer[1])
        elif self.pulling is not None:
            self.world.under_way.append((self.name, self.pulling.micros + TAKEN_WITHIN_MICROS))
        self.pulling = self.answer = None

    def take(self) -> None:
        batch = self.received.next_batch(0)
        if batch is not None:
            steps = self.core.settle(batch, self.world.instant)
            self.settling.append(steps)
            self._go_on(steps)

    def _go_on(self, steps: Iterator[Effect]) -> None:
        effect = next(steps, None)
        if effect is None:
            self.settling.remove(steps)
        else:
            self.effects.append(effect)
            self._owner = {**getattr(self, "_owner", {}), id(effect): steps}

    def carry_out(self, index: int, fault: str) -> None:
        """An effect on storage or Pub/Sub. Faults: "" none, "lost" done but the answer lost, "before" not done, "fatal"."""
        effect = self.effects[index]
        if isinstance(effect, Write):
            messages = effect.batch.messages
            names = [message.message_id for message in messages]
            if fault == "before":
                return
            if not self.half_written:
                self.world.store(messages)
                self._tell(f"{self.name}: objects of {names} are stored")
                self.half_written = fault != "lost"
                if fault == "fatal":
                    self._fail(effect.batch)
                return
            self.world.record(messages)
            self._tell(f"{self.name}: {names} are recorded")
            if fault == "lost":
                return
            self.half_written = False
        elif isinstance(effect, Acknowledge):
            if fault in ("", "lost"):
                self.world.acknowledge(effect.ack_ids)
                self._tell(f"{self.name}: acknowledges {effect.ack_ids}")
            if fault:
                self.world.forgive(effect.ack_ids)
        self.effects.remove(effect)
        self._go_on(self._owner.pop(id(effect)))

    def _fail(self, batch: MicroBatch) -> None:
        """Storage failed for good: the run ends, and gives back what is not written."""
        self._tell(f"{self.name}: fails")
        self.unwritten.append(batch)
        self.effects = [effect for effect in self.effects if not isinstance(effect, Write)]
        self.half_written = False
        self.failed = self.stopping = True
        self.received.close()

    def extend(self, lost: bool) -> None:
        due = self.core.to_extend(self.world.instant())
        if self.tracker.age(self.world.now) >= LAPSE_MICROS:
            self.world.forgive(self._mine())
        if due and lost:
            self.world.forgive(due)
        elif due:
            self.world.extend(due, LEASE_SECONDS)

    def give_back(self, batch: MicroBatch, lost: bool) -> None:
        if lost:
            self.world.forgive(batch.ack_ids)
        else:
            self.world.extend(batch.ack_ids, 0)
        self._tell(f"{self.name}: gives back {batch.ack_ids}{', which is lost' if lost else ''}")
        self.core.gave_back(batch, not lost, self.world.instant())

    def stop(self) -> None:
        self._tell(f"{self.name}: is asked to stop")
        self.stopping = True
        self.received.close()

    def may_end(self) -> bool:
        """Whether all its threads have come to their end."""
        return (
            self.stopping
            and not self.ended
            and (self.pulling is None or not self.waits_for_its_pull)
            and not self.effects
            and (self.failed or self.received.is_drained)
            and self.keeping is None
        )

    def end(self, lost: bool) -> None:
        """Gives back what is left, and says goodbye."""
        rest = self.received.take_rest()
        for batch in [*self.unwritten, *([rest] if rest is not None else [])]:
            self.give_back(batch, lost)
        self._begin(keeping.end(self.name, self.tracker, self._micros, self._is_dead, advance=not self.failed))
        while self.keeping is not None:
            self.keep_step()
        self._abandon_pull()
        self.ended = True
        self._tell(f"{self.name}: has ended")

    def kill(self) -> None:
        """Dies at once; what it held stays leased for as long as that was asked for."""
        self._tell(f"{self.name}: is killed")
        self.ended = True
        self._abandon_pull()
        self.world.forgive(self._mine())
        for effect in self.effects:
            self.world.forgive([*(effect.ack_ids if isinstance(effect, Acknowledge) else effect.batch.ack_ids)])

    def _mine(self) -> list[str]:
        return [ack_id for _, ids in self.core.leases._due.values() for ack_id in ids]

    def keep_step(self) -> None:
        """One effect of keeping the watermark."""
        if self.keeping is None:
            self._begin(keeping.keep(self.name, self.tracker, self._micros, self._is_dead))
            return
        effect, self._sent = self._next, None
        if isinstance(effect, StoreMark):
            self.world.marks[effect.name] = effect.mark
        elif isinstance(effect, RemoveMark):
            self.world.marks.pop(effect.name, None)
        elif isinstance(effect, ReadMarks):
            if not self._read_on():
                return
        elif isinstance(effect, Advance):
            if effect.watermark > self.world.watermark:
                self._tell(f"{self.name}: watermark {self.world.told(effect.watermark)}")
            self.world.advance(effect.watermark)
        self._resume()

    def _read_on(self) -> bool:
        """The marks are listed, then read one by one. Whether all are read."""
        if self._unread is None:
            self._unread, self._found = list(self.world.marks), {}
        elif self._unread:
            name = self._unread.pop()
            if name in self.world.marks:
                self._found[name] = self.world.marks[name]
        else:
            self._sent, self._unread = self._found, None
        return self._unread is None

    def _begin(self, steps: Keeping) -> None:
        self.keeping, self._sent = steps, None
        self._resume()

    def _resume(self) -> None:
        assert self.keeping is not None
        try:
            self._next = self.keeping.send(self._sent)
        except StopIteration:
            self.keeping = self._next = None


def serve(world: World, pick: Callable[[int], int]) -> tuple[list[Message], list[str]]:
    """The answer to a pull: some of what is there, in no order."""
    there = world.available()
    if not there:
        return [], []
    count = min(len(there), 1 + pick(MESSAGES_PER_PULL))
    start = pick(len(there))
    return world.pull((there[start:] + there[:start])[:count])
