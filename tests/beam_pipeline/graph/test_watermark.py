"""The watermark that the pipeline writes: never further than the pipeline's own has passed, never further than now."""

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_stream import TestStream as ElementStream
from apache_beam.transforms.window import TimestampedValue

from beam_pipeline import claims
from beam_pipeline.claims import HEARTBEAT_SECONDS, ClaimWatermark
from beam_pipeline.watermark import read_watermark
from tests.pipelines import SECOND, streaming
from tests.samples import PUBLISH_MICROS

START = PUBLISH_MICROS // SECOND
LAG = 120
"""Seconds by which the watermark is behind the clock: what is not written yet."""


clock = [0]
"""The time of day: that of the newest beat."""


def beating(beats: int) -> ElementStream:
    """A source of beats; what is written lags behind."""
    stream = ElementStream().advance_watermark_to(START - LAG - 1)
    for second in range(START, START + beats * HEARTBEAT_SECONDS, HEARTBEAT_SECONDS):
        stream = stream.add_elements([TimestampedValue(second * SECOND, second)]).advance_watermark_to(second - LAG)
    return stream.advance_watermark_to_infinity()


def noted(beat: int) -> int:
    clock[0] = beat
    return beat


@pytest.mark.parametrize(("beats", "claimed"), [(4, False), (40, True)], ids=["at the start", "in steady state"])
def test_a_drain_in_the_middle_of_a_window_claims_only_what_had_passed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beats: int, claimed: bool
) -> None:
    monkeypatch.setattr(claims, "now_micros", lambda: clock[0])
    with streaming() as pipeline:
        (
            pipeline
            | beating(beats).with_output_types(int)
            | beam.Map(noted).with_output_types(int)
            | ClaimWatermark(str(tmp_path))
        )
    reached = read_watermark(str(tmp_path))
    assert (reached is not None) == claimed
    if reached is not None:
        written = PUBLISH_MICROS + ((beats - 1) * HEARTBEAT_SECONDS - LAG) * SECOND
        assert written - (60 + 2 * HEARTBEAT_SECONDS) * SECOND <= reached <= written
