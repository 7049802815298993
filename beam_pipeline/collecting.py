"""Batches on unbounded input: values of a key wait in state until they are many enough, large enough or old enough.

Beam's own `GroupIntoBatches` counts values and nothing else, and its values are as small as bundles are; it sets its timer at the
end of an event-time window, so late values are never batched; and its state is a pickle.

Here the publish-time window is part of the key, Beam's window is the global one, and what closes a batch is its weight or its age
since the first value arrived, by the clock: so late values fill batches as punctual ones do.

    values      bag: what waits
    open        what is known of it: weight, oldest timestamp, deadline
    age         processing-time timer at the deadline; its output timestamp, the oldest value's, holds back the watermark
    end         event-time timer at the end of all time: a drain takes the watermark there, and with it whatever still waits
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import apache_beam as beam
from apache_beam.coders import BytesCoder, Coder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from beam_pipeline.chunking import Chunk
from beam_pipeline.coders import NumbersCoder
from beam_pipeline.messages import now_micros
from event_contract import ManifestRecord

ELEMENT_BYTES: Final = 16 * 1024 * 1024
"""A batch is closed before it holds more. Streaming Engine commits 80 MB at most, and a job that asks for more hangs for ever:
https://github.com/apache/beam/issues/30558."""

ALONE_BYTES: Final = 4 * 1024 * 1024
"""A value of so many bytes is a batch by itself and never in state: Pub/Sub's largest messages are of 10 MB."""


_END_OF_TIME: Final = GlobalWindow().max_timestamp() - Duration(seconds=365 * 86_400)
# Before the end of the global window: until the timer has fired it holds the watermark there, so that nothing that it flushes
# arrives in an expired window.


class Weight(NamedTuple):
    """What a value or a batch weighs: bytes as it is encoded, bytes of its lines, rows."""

    packed: int
    raw: int
    rows: int

    def and_(self, other: "Weight") -> "Weight":
        """Both together."""
        return Weight(self.packed + other.packed, self.raw + other.raw, self.rows + other.rows)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What closes a batch; a value that alone weighs more is a batch of its own.

    Attributes:
        packed_bytes: as encoded.
        raw_bytes: of the lines before compression.
        rows: how many.
        age_seconds: since its first value arrived.
    """

    packed_bytes: int = ELEMENT_BYTES
    raw_bytes: int
    rows: int
    age_seconds: int

    def exceeded_by(self, weight: Weight) -> bool:
        """Whether a batch of this weight is too large."""
        return weight.packed > self.packed_bytes or weight.raw > self.raw_bytes or weight.rows > self.rows

    def reached_by(self, weight: Weight) -> bool:
        """Whether nothing more can be added to a batch of this weight."""
        return weight.packed >= self.packed_bytes or weight.raw >= self.raw_bytes or weight.rows >= self.rows


class OpenBatch(NamedTuple):
    """What is known of the values that wait under a key. Times in microseconds since the epoch.

    `deadline_micros` is a whole second: a runner may keep timers to the millisecond.
    """

    packed: int
    raw: int
    rows: int
    oldest_micros: int
    deadline_micros: int

    @property
    def weight(self) -> Weight:
        """Of all that waits."""
        return Weight(self.packed, self.raw, self.rows)


class OpenBatchCoder(NumbersCoder):
    """State of `Collect`."""

    made = OpenBatch


Weigh = Callable[[Any, bytes], Weight]
"""The weight of a value, from it and its encoded bytes."""


def weigh_chunk(chunk: Chunk, encoded: bytes) -> Weight:
    """A chunk's: what it takes encoded, and its lines."""
    return Weight(len(encoded), chunk.size, chunk.rows)


def weigh_record(_: ManifestRecord, encoded: bytes) -> Weight:
    """A manifest record's: one row."""
    return Weight(len(encoded), len(encoded), 1)


class Collect(beam.DoFn):
    """((key, shard), value) in, (key, values) out; a batch is stamped with the timestamp of its oldest value.

    Args:
        limits: what closes a batch.
        coder: of a value: the state holds what it writes, and it must read what the release before wrote.
        weigh: the weight of a value.
    """

    VALUES: Final = BagStateSpec("values", BytesCoder())
    OPEN: Final = ReadModifyWriteStateSpec("open", OpenBatchCoder())
    AGE: Final = TimerSpec("age", TimeDomain.REAL_TIME)
    END: Final = TimerSpec("end", TimeDomain.WATERMARK)

    def __init__(self, limits: Limits, coder: Coder, weigh: Weigh) -> None:
        self._limits = limits
        self._coder = coder
        self._weigh = weigh

    def process(
        self,
        element: tuple[tuple[Any, int], Any],
        instant: Timestamp = beam.DoFn.TimestampParam,
        values: Any = beam.DoFn.StateParam(VALUES),
        open_batch: Any = beam.DoFn.StateParam(OPEN),
        age: Any = beam.DoFn.TimerParam(AGE),
        end: Any = beam.DoFn.TimerParam(END),
    ) -> Iterator[TimestampedValue]:
        (key, _), value = element
        encoded = self._coder.encode(value)
        weight, oldest = self._weigh(value, encoded), instant.micros
        if weight.packed >= ALONE_BYTES:
            yield TimestampedValue((key, [value]), instant)
            return
        waiting: OpenBatch | None = open_batch.read()
        if waiting and self._limits.exceeded_by(waiting.weight.and_(weight)):
            yield self._close(key, waiting, values, open_batch)
            waiting = None
        if waiting:
            now_waiting = OpenBatch(
                *waiting.weight.and_(weight), min(oldest, waiting.oldest_micros), waiting.deadline_micros
            )
        else:
            now_waiting = OpenBatch(*weight, oldest, self._deadline())
        values.add(encoded)
        if self._limits.reached_by(now_waiting.weight):
            age.clear()
            end.clear()
            yield self._close(key, now_waiting, values, open_batch)
            return
        open_batch.write(now_waiting)
        if not waiting:
            end.set(_END_OF_TIME)
        if not waiting or oldest < waiting.oldest_micros:
            # Beam holds the watermark at the timestamp of the value that set a processing-time timer: the oldest must have.
            age.set(Timestamp(micros=now_waiting.deadline_micros))

    @on_timer(AGE)  # type: ignore[untyped-decorator]
    def on_age(
        self,
        sharded_key: tuple[Any, int] = beam.DoFn.KeyParam,
        values: Any = beam.DoFn.StateParam(VALUES),
        open_batch: Any = beam.DoFn.StateParam(OPEN),
        end: Any = beam.DoFn.TimerParam(END),
    ) -> Iterator[TimestampedValue]:
        """The oldest value has waited as long as is allowed."""
        end.clear()
        yield from self._expire(sharded_key, values, open_batch)

    @on_timer(END)  # type: ignore[untyped-decorator]
    def on_end(
        self,
        sharded_key: tuple[Any, int] = beam.DoFn.KeyParam,
        values: Any = beam.DoFn.StateParam(VALUES),
        open_batch: Any = beam.DoFn.StateParam(OPEN),
        age: Any = beam.DoFn.TimerParam(AGE),
    ) -> Iterator[TimestampedValue]:
        """The job is being drained: nothing more will come."""
        age.clear()
        yield from self._expire(sharded_key, values, open_batch)

    def _expire(self, sharded_key: tuple[Any, int], values: Any, open_batch: Any) -> Iterator[TimestampedValue]:
        waiting: OpenBatch | None = open_batch.read()
        if waiting:
            yield self._close(sharded_key[0], waiting, values, open_batch)

    def _deadline(self) -> int:
        return (now_micros() // 1_000_000 + 1 + self._limits.age_seconds) * 1_000_000

    def _close(self, key: Any, waiting: OpenBatch, values: Any, open_batch: Any) -> TimestampedValue:
        batch = [self._coder.decode(encoded) for encoded in values.read()]
        values.clear()
        open_batch.clear()
        return TimestampedValue((key, batch), Timestamp(micros=waiting.oldest_micros))
