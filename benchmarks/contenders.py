"""What is measured: the graph, the plain loop that is its limit, and the job as it is usually written."""

import gzip
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.util import GroupIntoBatches
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue
from isal import igzip

from beam_pipeline import counters
from beam_pipeline.config import IngestionConfig
from beam_pipeline.manifest import manifest_object, record_of
from beam_pipeline.messages import Message, now_micros
from beam_pipeline.microbatch.graph import MicroBatchGraph, freeze_loaded_objects
from beam_pipeline.objects import EXTENSIONS, StoredObject, object_name
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from beam_pipeline.storage import store
from event_contract import ManifestRecord, Rejection, inspect
from event_contract.lake_layout import LAKE
from producer import SimulationConfig, simulate

Contender = Callable[[Path], Callable[[], object]]
"""Given an empty folder to write into, the work to be timed; what is prepared before is not."""

PUBLISH_MICROS = 1_795_341_600_000_000
FIRST_DAY = datetime(2026, 11, 15, tzinfo=UTC)
"""Of the week before: on any later day the week before that day would lie in the future of the publish time, and be refused."""


def messages(count: int) -> list[Message]:
    """A week of the shop, in memory, as if published in one minute: about 430 bytes each, 1 % poison."""
    simulated = simulate(SimulationConfig(events=count, days=7, seed=1, start=FIRST_DAY))
    return [
        Message(message.data, str(number), PUBLISH_MICROS + number, message.attributes)
        for number, message in enumerate(simulated)
    ]


def config(folder: Path, compression: str) -> IngestionConfig:
    """The defaults, writing into a folder."""
    return IngestionConfig(
        output_path=f"{folder}/lake",
        quarantine_path=f"{folder}/quarantine",
        compression=compression,
        pipeline_version="benchmark",
    )


def our_graph(batch: list[Message], compression: str) -> Contender:
    """The whole graph over the batch, as the micro-batch driver runs it: validate, route, chunk, group, write, record."""
    lists = [batch[i : i + 1000] for i in range(0, len(batch), 1000)]

    def prepared(folder: Path) -> Callable[[], object]:
        graph = MicroBatchGraph(config(folder, compression))
        return lambda: graph.run(lists)

    return prepared


def plain_loop(batch: list[Message], compression: str) -> Contender:
    """Decodes, validates, routes and writes the same files without Beam: the limit."""

    def run(folder: Path) -> None:
        events: dict[str, list[Message]] = defaultdict(list)
        lines: dict[str, list[bytes]] = defaultdict(list)
        for message in batch:
            verdict = inspect(message.data, message.publish_micros)
            if isinstance(verdict, Rejection):
                destination = quarantine_destination(verdict, message.publish_micros)
                lines[destination].append(quarantine_line(message, verdict, "benchmark"))
            else:
                events[lake_destination(verdict)].append(message)
        for destination, found in events.items():
            lines[destination] = lake_lines(found)
        for destination, written in lines.items():
            path = folder / destination
            path.mkdir(parents=True, exist_ok=True)
            temporary = path / ".writing"
            temporary.write_bytes(_stored(written, compression))
            os.replace(temporary, path / "object.ndjson")

    def prepared(folder: Path) -> Callable[[], object]:
        freeze_loaded_objects()  # a limit has every advantage
        return partial(run, folder)

    return prepared


def _stored(lines: list[bytes], compression: str) -> bytes:
    content = b"".join(lines)
    return igzip.compress(content, 1) if compression == "gzip" else content


class _Validate(beam.DoFn):
    """The same validation, metrics and outputs, one element a message."""

    def __init__(self) -> None:
        self._read = Metrics.counter(counters.NAMESPACE, counters.MESSAGES_READ)

    def process(self, message: Message) -> Iterator[object]:
        self._read.inc()
        verdict = inspect(message.data, message.publish_micros)
        instant = message.publish_micros / 1e6
        if isinstance(verdict, Rejection):
            Metrics.counter(counters.NAMESPACE, counters.EVENTS_QUARANTINED + verdict.code).inc()
            key = quarantine_destination(verdict, message.publish_micros)
            refused = TimestampedValue((key, quarantine_line(message, verdict, "benchmark")), instant)
            yield beam.pvalue.TaggedOutput("quarantined", refused)
        else:
            Metrics.counter(counters.NAMESPACE, counters.EVENTS_VALID + verdict.event_type).inc()
            yield TimestampedValue((lake_destination(verdict), lake_lines((message,))[0]), instant)


class _Write(beam.DoFn):
    """Stores a batch as an object and yields its record, with the job's own names, metrics and manifest."""

    def __init__(self, roots: Mapping[str, str], compression: str) -> None:
        self._roots = roots
        self._compression = compression

    def process(
        self, batch: tuple[str, Iterable[bytes]], window: IntervalWindow = beam.DoFn.WindowParam
    ) -> Iterator[tuple[str, ManifestRecord]]:
        destination, lines = batch[0], list(batch[1])
        name = object_name(lines, window.start.micros) + EXTENSIONS[self._compression]
        data = _stored(lines, self._compression)
        root, _, folder = destination.partition("/")
        store(self._roots[root], f"{folder}/{name}", data)
        counters.count(counters.OBJECTS_WRITTEN, 1)
        counters.count(counters.BYTES_WRITTEN, len(data))
        stored = StoredObject(name, data, len(lines), window.start.micros, window.end.micros)
        yield LAKE, record_of(destination, stored, now_micros())


class _WriteManifest(beam.DoFn):
    def __init__(self, lake_root: str) -> None:
        self._lake_root = lake_root

    def process(
        self, batch: tuple[str, Iterable[ManifestRecord]], window: IntervalWindow = beam.DoFn.WindowParam
    ) -> None:
        store(self._lake_root, *manifest_object(batch[1], window.start.micros))


def element_by_element(batch: list[Message], compression: str = "gzip") -> Contender:
    """The same job as Beam's documentation shows it: WindowInto and GroupIntoBatches for every element."""

    def run(folder: Path) -> None:
        _taken.append(batch)
        roots = config(folder, compression).roots
        with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(["--no_save_main_session"])) as pipeline:
            outputs = (
                pipeline
                | beam.Impulse()
                | "Take" >> beam.FlatMap(_take)
                | "Validate" >> beam.ParDo(_Validate()).with_outputs("quarantined", main="valid")
            )
            (
                (outputs.valid, outputs.quarantined)
                | beam.Flatten().with_output_types(tuple[str, bytes])
                | "Window" >> beam.WindowInto(FixedWindows(600))
                | "Batch" >> GroupIntoBatches(10_000)
                | "Write" >> beam.ParDo(_Write(roots, compression)).with_output_types(tuple[str, ManifestRecord])
                | "GroupRecords" >> beam.GroupByKey()  # a second GroupIntoBatches, and the local runner loses all
                | "WriteManifest" >> beam.ParDo(_WriteManifest(roots[LAKE]))
            )

    return lambda folder: partial(run, folder)


_taken: list[list[Message]] = []


def _take(_: bytes) -> list[Message]:
    return _taken.pop()


def lines_written(folder: Path) -> int:
    """Lines below a folder, for the check that a contender did its work."""
    count = 0
    for path in folder.rglob("*.ndjson*"):
        data = path.read_bytes()
        count += (gzip.decompress(data) if path.suffix == ".gz" else data).count(b"\n")
    return count
