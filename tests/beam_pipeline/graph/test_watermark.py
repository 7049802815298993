"""The watermark that the pipeline writes."""

from pathlib import Path

import apache_beam as beam
from apache_beam.testing.test_stream import TestStream as ElementStream
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.watermark import AdvanceWatermark, read_watermark
from tests.beam_pipeline.graph.pipelines import SECOND, streaming
from tests.samples import PUBLISH_MICROS


def test_it_follows_the_pipeline_past_ends_of_windows_even_when_nothing_comes(tmp_path: Path) -> None:
    start = PUBLISH_MICROS // SECOND
    stream = ElementStream().advance_watermark_to(start)
    for beat in range(0, 1500, 300):
        stream = stream.add_elements([beam.window.TimestampedValue(None, start + beat)])
    stream = stream.advance_watermark_to(start + 600)
    stream = stream.advance_watermark_to(start + 1199).advance_watermark_to_infinity()
    with streaming() as pipeline:
        reached = pipeline | stream | AdvanceWatermark(str(tmp_path), 600)
        ends = [PUBLISH_MICROS + minutes * 60 * SECOND for minutes in (0, 10, 20)]
        assert_that(reached, equal_to(ends))
    assert read_watermark(str(tmp_path)) == ends[-1]
