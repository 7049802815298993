"""A heartbeat: an element every few seconds, stamped with the time it is due.

Beam's PeriodicImpulse does the same, with pickles for its restriction and its state.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.core import RestrictionProvider, WatermarkEstimatorProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline.coders import NumbersCoder
from beam_pipeline.messages import now_micros

_NO_END: Final = 2**40


class Heartbeat(beam.PTransform):
    """Microseconds since the epoch at which a beat is due, as its value and its timestamp: unbounded, and it ends when drained.

    The watermark of the beats is the present.
    """

    def __init__(self, every_seconds: int) -> None:
        super().__init__()
        self._every_seconds = every_seconds

    def expand(self, begin: PBegin) -> PCollection:
        beats = beam.ParDo(_Beats(self._every_seconds * 1_000_000)).with_output_types(int)
        return begin | "Start" >> beam.Impulse() | "Beats" >> beats


class BeatRange(NamedTuple):
    """Numbers of beats, counted from the epoch: the next one, and the one at which to end."""

    start: int
    stop: int


class BeatRangeCoder(NumbersCoder):
    """Restriction of the beats."""

    made = OffsetRange

    def encode(self, value: OffsetRange) -> bytes:
        return super().encode(BeatRange(value.start, value.stop))

    def decode(self, encoded: bytes) -> OffsetRange:
        return OffsetRange(*self.numbers(encoded)[:2])


class BeatWatermarkCoder(NumbersCoder):
    """State of the estimator of their watermark."""

    made = Timestamp

    def encode(self, value: Timestamp) -> bytes:
        return super().encode((value.micros,))

    def decode(self, encoded: bytes) -> Timestamp:
        return Timestamp(micros=self.numbers(encoded)[0])


class _OneByOne(OffsetRestrictionTracker):
    """Hands over what is left, but does not share it: a part of a beat's future is of no use to another worker."""

    def try_split(self, fraction_of_remainder: float) -> Any:
        return super().try_split(fraction_of_remainder) if fraction_of_remainder == 0 else None

    def is_bounded(self) -> bool:
        return False


class _Beats(beam.DoFn, RestrictionProvider, WatermarkEstimatorProvider):
    def __init__(self, every_micros: int) -> None:
        self._every_micros = every_micros

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        _: bytes,
        tracker: Any = beam.DoFn.RestrictionParam(),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(),
    ) -> Iterator[TimestampedValue]:
        number = tracker.current_restriction().start
        while True:
            due = number * self._every_micros
            estimator.set_watermark(max(Timestamp(micros=due), estimator.current_watermark()))
            if due > now_micros():
                tracker.defer_remainder(Timestamp(micros=due))
                return
            if not tracker.try_claim(number):
                return
            yield TimestampedValue(due, Timestamp(micros=due))
            number += 1

    def initial_restriction(self, _: bytes) -> OffsetRange:
        return OffsetRange(-(-now_micros() // self._every_micros), _NO_END)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return _OneByOne(restriction)

    def restriction_size(self, _: bytes, restriction: OffsetRange) -> int:
        return max(1, now_micros() // self._every_micros - restriction.start)

    def restriction_coder(self) -> BeatRangeCoder:
        return BeatRangeCoder()

    def truncate(self, _: bytes, restriction: OffsetRange) -> None:
        """On drain: no more beats."""

    def initial_estimator_state(self, _: bytes, restriction: OffsetRange) -> Timestamp:
        return Timestamp(micros=restriction.start * self._every_micros)

    def create_watermark_estimator(self, state: Timestamp) -> ManualWatermarkEstimator:
        return ManualWatermarkEstimator(state)

    def estimator_state_coder(self) -> BeatWatermarkCoder:
        return BeatWatermarkCoder()
