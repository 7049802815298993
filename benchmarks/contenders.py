"""What is measured: the graph, the plain loop that is its limit, and the job as it is usually written."""

import gzip
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.util import GroupIntoBatches
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from beam_pipeline.messages import Message
from beam_pipeline.objects import compress
from beam_pipeline.options import IngestionConfig
from beam_pipeline.routing import lake_destination, lake_line, quarantine_destination, quarantine_line
from event_contract import Rejection, inspect
from local_platform.microbatch.graph import MicroBatchGraph
from producer import SimulationConfig, simulate

PUBLISH_MICROS = 1_795_341_600_000_000


def messages(count: int) -> list[Message]:
    """A week of the shop, in memory, as if published in one minute: about 430 bytes each, 1 % poison."""
    simulated = simulate(SimulationConfig(events=count, days=7, seed=1))
    return [
        Message(message.data, str(number), PUBLISH_MICROS + number, message.attributes)
        for number, message in enumerate(simulated)
    ]


def config(folder: str, compression: str) -> IngestionConfig:
    """The defaults, writing into a folder."""
    return IngestionConfig(
        output_path=f"{folder}/lake",
        quarantine_path=f"{folder}/quarantine",
        compression=compression,
        window_seconds=600,
        allowed_lateness_seconds=32 * 86_400,
        max_object_bytes=64 << 20,
        max_object_rows=200_000,
        max_object_age_seconds=60,
        pipeline_version="benchmark",
    )


def our_graph(batch: list[Message], compression: str) -> Callable[[], None]:
    """The whole graph over the batch, as the micro-batch driver runs it: validate, route, chunk, group, write, record."""
    graph = MicroBatchGraph(config(tempfile.mkdtemp(), compression))
    lists = [batch[i : i + 1000] for i in range(0, len(batch), 1000)]
    return lambda: void(graph.run(lists))


def plain_loop(batch: list[Message], compression: str) -> Callable[[], None]:
    """Decodes, validates, routes and writes the same files without Beam: the limit."""
    folder = tempfile.mkdtemp()

    def run() -> None:
        lines: dict[str, list[bytes]] = defaultdict(list)
        for message in batch:
            verdict = inspect(message.data, message.publish_micros)
            if isinstance(verdict, Rejection):
                destination = quarantine_destination(verdict, message.publish_micros)
                lines[destination].append(quarantine_line(message, verdict, "benchmark"))
            else:
                lines[lake_destination(verdict)].append(lake_line(message))
        for destination, found in lines.items():
            path = Path(folder, destination)
            path.mkdir(parents=True, exist_ok=True)
            temporary = path / ".writing"
            temporary.write_bytes(compress(b"".join(found), compression))
            os.replace(temporary, path / "object.ndjson")

    return run


class _Validate(beam.DoFn):
    """The same validation and the same two outputs, one element a message."""

    def process(self, message: Message) -> Iterator[object]:
        verdict = inspect(message.data, message.publish_micros)
        instant = message.publish_micros / 1e6
        if isinstance(verdict, Rejection):
            key = quarantine_destination(verdict, message.publish_micros)
            refused = TimestampedValue((key, quarantine_line(message, verdict, "benchmark")), instant)
            yield beam.pvalue.TaggedOutput("quarantined", refused)
        else:
            yield TimestampedValue((lake_destination(verdict), lake_line(message)), instant)


class _Write(beam.DoFn):
    def __init__(self, folder: str) -> None:
        self._folder = folder

    def process(self, batch: tuple[str, Iterable[bytes]]) -> None:
        destination, lines = batch[0], list(batch[1])
        path = Path(self._folder, destination)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{hash(lines[0])}.ndjson").write_bytes(b"".join(lines))


def element_by_element(batch: list[Message]) -> Callable[[], None]:
    """The job as Beam's documentation shows it: WindowInto and GroupIntoBatches for every element."""
    folder = tempfile.mkdtemp()

    def run() -> None:
        _taken.append(batch)
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
                | "Write" >> beam.ParDo(_Write(folder))
            )

    return run


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


def void(_: object) -> None:
    """Drops a result."""


def dumps(figures: dict[str, object]) -> str:
    """Figures as JSON for whoever wants to keep them."""
    return json.dumps(figures, indent=2)
