"""Batches by key and publish-time window, bounded and unbounded."""

import apache_beam as beam
from apache_beam.testing.test_stream import TestStream as ElementStream
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.batching import BatchByKey, PublishTimeWindows
from tests.beam_pipeline.graph.pipelines import MONTH_SECONDS, SECOND, bounded, closing, streaming
from tests.samples import PUBLISH_MICROS


def test_bounded_input_becomes_one_batch_per_key_and_window() -> None:
    with bounded() as pipeline:
        batches = (
            pipeline
            | beam.Create([("a", 1), ("a", 2), ("b", 3)])
            | beam.Map(lambda pair: beam.window.TimestampedValue(pair, PUBLISH_MICROS / SECOND)).with_output_types(
                tuple[str, int]
            )
            | PublishTimeWindows(600, MONTH_SECONDS)
            | BatchByKey(10, 60)
            | beam.MapTuple(lambda key, values: (*key, sorted(values)))
        )
        assert_that(batches, equal_to([("a", PUBLISH_MICROS, [1, 2]), ("b", PUBLISH_MICROS, [3])]))


def test_unbounded_batches_close_by_count_and_at_the_end_of_the_window() -> None:
    stream = closing(
        ElementStream()
        .advance_watermark_to(0)
        .add_elements([beam.window.TimestampedValue(("a", i), 10) for i in range(5)]),
        600,
    )
    with streaming() as pipeline:
        batches = (
            pipeline
            | stream.with_output_types(tuple[str, int])
            | PublishTimeWindows(600, MONTH_SECONDS)
            | BatchByKey(2, 60)
            | beam.MapTuple(lambda key, values: (*key, sorted(values)))
        )
        assert_that(batches, equal_to([("a", 0, [0, 1]), ("a", 0, [2, 3]), ("a", 0, [4])]))
