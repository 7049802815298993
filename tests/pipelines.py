"""Pipelines, streams, messages and readers that the tests of the graph share.

Unbounded graphs run on Beam's local streaming runner, driven step by step.
"""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.test_stream import TestStream as ElementStream

from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.coders import MessageList
from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import IngestMessages
from tests.samples import PUBLISH_MICROS, event, payload

SECOND = 1_000_000
START = PUBLISH_MICROS // SECOND
"""Seconds since the epoch at which streams begin: the start of a window."""
WINDOW = 600


def bounded() -> BeamPipeline:
    return BeamPipeline(runner=FnApiRunner(), options=PipelineOptions(["--no_save_main_session"]))


def streaming() -> BeamPipeline:
    options = PipelineOptions(["--no_save_main_session"])
    options.view_as(StandardOptions).streaming = True
    return BeamPipeline(runner=BundleBasedDirectRunner(), options=options)


def config(folder: Path, **changes: Any) -> IngestionConfig:
    """Default settings, below a folder."""
    settings: dict[str, Any] = {
        "output_path": str(folder / "lake"),
        "quarantine_path": str(folder / "quarantine"),
        "pipeline_version": "test",
    }
    return IngestionConfig(**(settings | changes))


def messages(count: int, first: int = 0, publish_micros: int = PUBLISH_MICROS) -> list[Message]:
    """Messages with ids of their own; every tenth is poison."""
    return [
        Message(
            b"poison %d" % i if i % 10 == 9 else payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}")),
            str(i),
            publish_micros,
        )
        for i in range(first, first + count)
    ]


def stored_ids(folder: Path) -> tuple[list[str], list[str]]:
    """Message ids of all lines in the lake and in quarantine."""
    lake = [
        json.loads(line)["_ingest"]["message_id"] for line in lines_below(folder / "lake" / "event_type=page_viewed")
    ]
    quarantine = [json.loads(line)["message_id"] for line in lines_below(folder / "quarantine" / "failed")]
    return sorted(lake, key=int), sorted(quarantine, key=int)


def lines_below(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.rglob("*.gz")) for line in gzip.decompress(path.read_bytes()).splitlines()]


def expected_ids(count: int) -> tuple[list[str], list[str]]:
    return [str(i) for i in range(count) if i % 10 != 9], [str(i) for i in range(count) if i % 10 == 9]


def routed_chunk(text: bytes, micros: int = PUBLISH_MICROS) -> Chunk:
    chunker = Chunker(WINDOW * SECOND)
    assert list(chunker.add("d", [text], [micros])) == []
    ((_, chunk),) = chunker.drain()
    return chunk


def message(number: int, second: int = 0, **changes: Any) -> Message:
    """A valid event, published some seconds after the start."""
    body = event(event_id=f"00000000-0000-4000-8000-{number:012d}", **changes)
    return Message(payload(body), str(number), PUBLISH_MICROS + second * SECOND)


def stream(*, starting: int = START) -> ElementStream:
    """A source that has just begun. Deadlines are set by the time of day: the test runner's own clock is set to the same."""
    return ElementStream().advance_watermark_to(starting).advance_processing_time(int(time.time()))


def pulled(source: ElementStream, *messages: Message) -> ElementStream:
    """The source delivers messages, each as Pub/Sub does: a bundle and a publish time of its own."""
    for one in messages:
        source = source.add_elements([beam.window.TimestampedValue([one], one.publish_micros / SECOND)])
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
    """Runs the unbounded graph over a stream to its end."""
    with streaming() as pipeline:
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
