"""Pipelines, messages and readers that the tests of the graph share."""

import gzip
import json
import time
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.test_stream import TestStream as ElementStream

from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from tests.samples import PUBLISH_MICROS, event, payload

SECOND = 1_000_000


def bounded() -> BeamPipeline:
    return BeamPipeline(runner=FnApiRunner(), options=PipelineOptions(["--no_save_main_session"]))


def streaming() -> BeamPipeline:
    options = PipelineOptions(["--no_save_main_session"])
    options.view_as(StandardOptions).streaming = True
    return BeamPipeline(runner=BundleBasedDirectRunner(), options=options)


def config(folder: Path, **changes: object) -> IngestionConfig:
    settings: dict = {
        "output_path": str(folder / "lake"),
        "quarantine_path": str(folder / "quarantine"),
        "pipeline_version": "test",
    }
    return IngestionConfig(**(settings | changes))


def closing(stream: ElementStream) -> ElementStream:
    """All batches reach their age, those of chunks, then those of records; then it ends."""
    stream = stream.advance_processing_time(int(time.time()) + 1000).advance_processing_time(1000)
    return stream.advance_watermark_to_infinity()


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
    chunker = Chunker(600 * SECOND)
    assert list(chunker.add("d", [text], [micros])) == []
    ((_, chunk),) = chunker.drain()
    return chunk
