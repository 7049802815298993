"""Batches by key and publish-time window, bounded and unbounded."""

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.batching import BatchByKey, KeyByWindow, shard_of
from beam_pipeline.chunking import CHUNK_BYTES, Chunk
from beam_pipeline.collecting import Limits
from tests.pipelines import SECOND, bounded, ending, routed_chunk, stream, streaming
from tests.samples import PUBLISH_MICROS

LIMITS = Limits(raw_bytes=10**6, rows=2, age_seconds=60)


def chunk(number: int) -> Chunk:
    return routed_chunk(b'{"number":%d}\n' % number)


def numbers(key: tuple[str, int], values: list[Chunk]) -> tuple[str, int, list[bytes]]:
    return (*key, sorted(value.lines().strip() for value in values))


def test_bounded_input_becomes_one_batch_per_key_and_window() -> None:
    with bounded() as pipeline:
        batches = (
            pipeline
            | beam.Create([("a", 1), ("a", 2), ("b", 3)])
            | beam.Map(lambda pair: beam.window.TimestampedValue(pair, PUBLISH_MICROS / SECOND)).with_output_types(
                tuple[str, int]
            )
            | KeyByWindow(600)
            | BatchByKey(LIMITS)
            | beam.MapTuple(lambda key, values: (*key, sorted(values)))
        )
        assert_that(batches, equal_to([("a", PUBLISH_MICROS, [1, 2]), ("b", PUBLISH_MICROS, [3])]))


def test_unbounded_batches_close_by_their_limits_and_never_span_two_windows() -> None:
    at = [(0, 10), (1, 10), (2, 10), (3, 610), (4, 10)]
    source = ending(
        stream(starting=0).add_elements(
            [beam.window.TimestampedValue(("a", chunk(number)), second) for number, second in at]
        )
    )
    with streaming() as pipeline:
        batches = (
            pipeline
            | source.with_output_types(tuple[str, Chunk])
            | KeyByWindow(600)
            | BatchByKey(LIMITS)
            | beam.MapTuple(numbers)
        )
        assert_that(
            batches,
            equal_to(
                [
                    ("a", 0, [b'{"number":0}', b'{"number":1}']),
                    ("a", 0, [b'{"number":2}', b'{"number":4}']),
                    ("a", 600 * SECOND, [b'{"number":3}']),
                ]
            ),
        )


def test_only_full_chunks_are_spread_over_shards() -> None:
    assert {shard_of(chunk(number), 4) for number in range(50)} == {0}
    full = [chunk(number)._replace(size=CHUNK_BYTES) for number in range(50)]
    assert {shard_of(one, 4) for one in full} == {0, 1, 2, 3}
    assert {shard_of(one, 1) for one in full} == {0}
