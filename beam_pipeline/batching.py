"""Batch by key and window: the one step that differs between bounded and unbounded input."""

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, AfterWatermark
from apache_beam.transforms.util import GroupIntoBatches
from apache_beam.transforms.window import FixedWindows, GlobalWindows, IntervalWindow
from apache_beam.utils.sharded_key import ShardedKey
from apache_beam.utils.timestamp import Duration, Timestamp

Windowed = tuple[str, int]
"""A key, and the start of a publish-time window in microseconds since the epoch."""

Batch = tuple[Windowed, Iterable[Any]]
"""Values of one key and window."""


class PublishTimeWindows(beam.PTransform):
    """(key, value) in, into fixed windows over publish time.

    Pub/Sub keeps a message for 31 days at most; with an allowed lateness beyond that no message can be too late, however
    far the watermark has run ahead.

    On bounded input the window becomes part of the key (`Windowed`) instead: there Beam's windows would decide nothing but
    what is grouped, and a micro-batch would spend a twentieth of its time on their triggers.
    """

    def __init__(self, window_seconds: int, allowed_lateness_seconds: int) -> None:
        super().__init__()
        self._window_seconds = window_seconds
        self._allowed_lateness_seconds = allowed_lateness_seconds

    def expand(self, pcoll: PCollection) -> PCollection:
        if pcoll.is_bounded:
            _, value_type = pcoll.element_type.tuple_types
            keyed = beam.Map(_key_by_window, self._window_seconds * 1_000_000)
            return pcoll | "KeyByWindow" >> keyed.with_output_types(tuple[Windowed, value_type])  # type: ignore[valid-type]
        return pcoll | "AssignWindows" >> beam.WindowInto(
            FixedWindows(self._window_seconds),
            trigger=AfterWatermark(late=AfterCount(1)),
            accumulation_mode=AccumulationMode.DISCARDING,
            allowed_lateness=Duration(seconds=self._allowed_lateness_seconds),
        )


class BatchByKey(beam.PTransform):
    """What `PublishTimeWindows` gives in, `Batch` out: closed by count and age on unbounded input, else one per key and window.

    Bounded runs use GroupByKey: the local runner loses what stateful timers hold, and a bounded run has nothing to wait
    for. Unbounded batches pass a Reshuffle, so that a retry of what follows sees the same batch again, and with it writes
    the same objects. From there on they are in the global window, where nothing is late: the window is in the batch.
    """

    def __init__(self, max_values: int, max_age_seconds: int) -> None:
        super().__init__()
        self._max_values = max_values
        self._max_age_seconds = max_age_seconds

    def expand(self, pcoll: PCollection) -> PCollection:
        if pcoll.is_bounded:
            return pcoll | "GroupByKey" >> beam.GroupByKey()
        _, value_type = pcoll.element_type.tuple_types
        batch_type = tuple[Windowed, list[value_type]]  # type: ignore[valid-type]
        return (
            pcoll
            | "GroupIntoBatches" >> GroupIntoBatches.WithShardedKey(self._max_values, self._max_age_seconds)
            | "AsBatch" >> beam.MapTuple(_as_batch).with_output_types(batch_type)
            | "LeaveWindows" >> beam.WindowInto(GlobalWindows())
            | "StableInput" >> beam.Reshuffle()
        )


def _key_by_window(
    pair: tuple[str, Any], window_micros: int, instant: Timestamp = beam.DoFn.TimestampParam
) -> tuple[Windowed, Any]:
    key, value = pair
    micros = instant.micros
    return (key, micros - micros % window_micros), value


def _as_batch(key: ShardedKey, values: Iterable[Any], window: IntervalWindow = beam.DoFn.WindowParam) -> Batch:
    return (key.key, window.start.micros), list(values)
