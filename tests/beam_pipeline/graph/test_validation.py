"""Validate, route and chunk: two outputs, counters, windows."""

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows

from beam_pipeline import counters
from beam_pipeline.chunking import Chunk
from beam_pipeline.coders import MessageList
from beam_pipeline.validation import ValidateRouteChunk
from tests.pipelines import SECOND, bounded, messages
from tests.samples import PUBLISH_MICROS


def unpack(routed: tuple[str, Chunk]) -> tuple[str, int]:
    return routed[0], routed[1].rows


def test_valid_events_and_the_others_leave_by_their_own_outputs() -> None:
    with bounded() as pipeline:
        outputs = (
            pipeline
            | beam.Create([messages(100)]).with_output_types(MessageList)
            | beam.ParDo(ValidateRouteChunk(600, "test")).with_outputs(
                ValidateRouteChunk.QUARANTINED, main=ValidateRouteChunk.VALID
            )
        )
        day = "year=2026/month=11/day=22"
        assert_that(
            outputs[ValidateRouteChunk.VALID] | "valid" >> beam.Map(unpack),
            equal_to([(f"lake/event_type=page_viewed/{day}", 90)]),
            "lake",
        )
        assert_that(
            outputs[ValidateRouteChunk.QUARANTINED] | "failed" >> beam.Map(unpack),
            equal_to([(f"quarantine/failed/reason=invalid_json/{day}", 10)]),
            "quarantine",
        )


def test_it_counts_what_it_read_accepted_and_refused() -> None:
    pipeline = bounded()
    (
        pipeline
        | beam.Create([messages(50), messages(50, 50)]).with_output_types(MessageList)
        | beam.ParDo(ValidateRouteChunk(600, "test"))
    )
    result = pipeline.run()
    assert counters.totals(result.metrics()) == {
        "messages_read": 100,
        "events_valid_page_viewed": 90,
        "events_quarantined_invalid_json": 10,
    }


def test_chunks_carry_the_earliest_publish_time_so_that_they_fall_into_its_window() -> None:
    late = messages(1, publish_micros=PUBLISH_MICROS + 599 * SECOND)
    with bounded() as pipeline:
        windows = (
            pipeline
            | beam.Create([late + messages(1, 1), messages(1, 2, PUBLISH_MICROS + 600 * SECOND)]).with_output_types(
                MessageList
            )
            | beam.ParDo(ValidateRouteChunk(600, "test"))
            | beam.WindowInto(FixedWindows(600))
            | beam.Map(lambda routed, w=beam.DoFn.WindowParam: (w.start.micros - PUBLISH_MICROS, routed[1].rows))
        )
        assert_that(windows, equal_to([(0, 2), (600 * SECOND, 1)]))
