"""The unbounded graph on Beam's local streaming runner, driven step by step."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.test_stream import TestStream as ElementStream

from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message
from beam_pipeline.options import IngestionConfig
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
        "compression": "gzip",
        "window_seconds": WINDOW,
        "allowed_lateness_seconds": 32 * 86_400,
        "max_object_bytes": 64 << 20,
        "max_object_rows": 200_000,
        "max_object_age_seconds": 60,
        "pipeline_version": "test",
    }
    return IngestionConfig(**(settings | changes))


def message(number: int, second: int = 0, **changes: Any) -> Message:
    """A valid event, published some seconds after the start."""
    body = event(event_id=f"00000000-0000-4000-8000-{number:012d}", **changes)
    return Message(payload(body), str(number), PUBLISH_MICROS + second * 1_000_000)


def stream(*, starting: int = START) -> ElementStream:
    """A source that has just begun."""
    return ElementStream().advance_watermark_to(starting)


def pulled(source: ElementStream, *messages: Message) -> ElementStream:
    """The source delivers messages, each as Pub/Sub does: a bundle and a publish time of its own."""
    for one in messages:
        source = source.add_elements([beam.window.TimestampedValue([one], one.publish_micros / 1_000_000)])
    return source


def ending(source: ElementStream, *instants: int) -> ElementStream:
    """Lets the watermark pass these instants in small steps, as a live source would, then drains.

    The local streaming runner drops what a timer flushes into a Reshuffle when the watermark leaps over the timer.
    """
    for instant in instants:
        for step in (-1, 0, 1, 2):
            source = source.advance_watermark_to(instant + step).advance_processing_time(1)
    return source.advance_watermark_to_infinity()


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
