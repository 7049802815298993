"""The unbounded graph on Beam's portable runner, from a generator of messages to objects: each message is there once."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import IngestMessages
from tests.ingestion.lake_reading import manifest_records, messages_in
from tests.pipelines import START, config, message
from tests.samples import PUBLISH_MICROS

PRISM = shutil.which("prism", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
MESSAGES, A_BUNDLE = 300, 25
_MANUAL = ManualWatermarkEstimator.default_provider()


def generated(number: int) -> Message:
    """One in ten is nothing that the contract knows; one in seven is of a day before."""
    if number % 10 == 3:
        return Message(b"not an event %d" % number, str(number), PUBLISH_MICROS + number * 1_000_000)
    changes = {"timestamp": "2026-11-20T23:59:59.999Z"} if number % 7 == 0 else {}
    return message(number, number, **changes)


class Generate(beam.DoFn, RestrictionProvider):
    """Messages in lists of one, some at a time; says in between that it will go on, as a subscription does."""

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        _: bytes,
        tracker: Any = beam.DoFn.RestrictionParam(),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(_MANUAL),
    ) -> Iterator[TimestampedValue]:
        first = tracker.current_restriction().start
        for number in range(first, min(first + A_BUNDLE, MESSAGES)):
            if not tracker.try_claim(number):
                return
            yield TimestampedValue([generated(number)], START + number)
            estimator.set_watermark(Timestamp(START + number))
        if first + A_BUNDLE < MESSAGES:
            tracker.defer_remainder(Duration(seconds=0.05))

    def initial_restriction(self, _: bytes) -> OffsetRange:
        return OffsetRange(0, MESSAGES)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, _: bytes, restriction: OffsetRange) -> int:
        return restriction.size()


@pytest.mark.skipif(
    PRISM is None or not os.environ.get("PRISM_PROOF"),
    reason=f"`make prove-prism` runs it: it needs Go, or a prism of Beam {version('apache-beam')} on PATH or in .venv/bin",
)
@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
def test_every_message_of_a_generator_is_in_the_lake_or_in_quarantine_once(tmp_path: Path, mode: str) -> None:
    options = PipelineOptions(
        [
            "--runner=PrismRunner",
            f"--prism_location={PRISM}",
            "--streaming",
            "--environment_type=LOOPBACK",
            "--no_save_main_session",
        ]
    )
    with beam.Pipeline(options=options) as pipeline:
        source = pipeline | beam.Impulse() | beam.ParDo(Generate()).with_output_types(MessageList)
        assert not source.is_bounded
        source | IngestMessages(config(tmp_path, streaming_mode=mode, max_object_age_seconds=1))
    found = list(messages_in(tmp_path / "lake", tmp_path / "quarantine"))
    assert Counter((one.message_id, one.data) for one in found) == Counter(
        (each.message_id, each.data) for each in map(generated, range(MESSAGES))
    )
    assert {one.message_id for one in found if one.code} == {str(n) for n in range(MESSAGES) if n % 10 == 3}
    recorded = {record["path"]: record["rows"] for record in manifest_records(tmp_path / "lake")}
    assert sum(recorded.values()) == MESSAGES
    assert len(recorded) < MESSAGES // A_BUNDLE, "objects are of several bundles"
