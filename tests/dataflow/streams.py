"""The unbounded graph on Beam's local streaming runner, driven step by step."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.test_stream import TestStream as ElementStream

from beam_pipeline.coders import MessageList
from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import IngestMessages
from tests.samples import PUBLISH_MICROS, event, payload

START = PUBLISH_MICROS // 1_000_000
"""Seconds since the epoch at which the streams begin: the start of a window."""

WINDOW = 600


def config(folder: Path, **changes: Any) -> IngestionConfig:
    """Default settings, below a folder."""
    settings: dict[str, Any] = {
        "output_path": str(folder / "lake"),
        "quarantine_path": str(folder / "quarantine"),
        "pipeline_version": "test",
    }
    return IngestionConfig(**(settings | changes))


def message(number: int, second: int = 0, **changes: Any) -> Message:
    """A valid event, published some seconds after the start."""
    body = event(event_id=f"00000000-0000-4000-8000-{number:012d}", **changes)
    return Message(payload(body), str(number), PUBLISH_MICROS + second * 1_000_000)


def stream(*, starting: int = START) -> ElementStream:
    """A source that has just begun. Deadlines are set by the time of day: the test runner's own clock is set to the same."""
    return ElementStream().advance_watermark_to(starting).advance_processing_time(int(time.time()))


def pulled(source: ElementStream, *messages: Message) -> ElementStream:
    """The source delivers messages, each as Pub/Sub does: a bundle and a publish time of its own."""
    for one in messages:
        source = source.add_elements([beam.window.TimestampedValue([one], one.publish_micros / 1_000_000)])
    return source


def ageing(source: ElementStream) -> ElementStream:
    """All that waits reaches its age, first in batches of chunks, then in batches of records."""
    return source.advance_processing_time(1000).advance_processing_time(1000)


def ending(source: ElementStream) -> ElementStream:
    """All that waits reaches its age, then a drain.

    The local streaming runner loses what a timer flushes into a shuffle when the watermark leaps to the end of time: what a drain
    flushes can be seen on it only in the mode without a shuffle (`test_a_drain_…`).
    """
    return ageing(source).advance_watermark_to_infinity()


def run(source: ElementStream, settings: IngestionConfig) -> None:
    """Runs the graph over a stream to its end."""
    options = PipelineOptions(["--no_save_main_session"])
    options.view_as(StandardOptions).streaming = True
    with BeamPipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        pipeline | source.with_output_types(MessageList) | IngestMessages(settings)


def objects(folder: Path) -> dict[str, list[str]]:
    """Message ids in every object of lake and quarantine, by path."""
    return {
        str(path.relative_to(folder)): [_message_id(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        for path in sorted(folder.rglob("*.ndjson.gz"))
    }


def _message_id(line: bytes) -> str:
    document = json.loads(line)
    return str(document.get("_ingest", document)["message_id"])


def ids(folder: Path) -> list[str]:
    """Message ids of all lines, sorted as numbers: repeats show."""
    return sorted((one for lines in objects(folder).values() for one in lines), key=int)
