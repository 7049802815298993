"""The streaming job as Beam's and Pub/Sub's documentation write it, on the stock local runner: a rival of `rivals`.

    python -m benchmarks.stock_streaming SUBSCRIPTION FOLDER

ReadFromPubSub, fixed windows, GroupByKey, a file per window and destination. It runs until it is killed.
"""

import argparse
import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage, ReadFromPubSub
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.transforms.window import FixedWindows

from beam_pipeline.messages import from_pubsub
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from event_contract import Rejection, inspect

PROGRESS: Final = "progress"
"""File below FOLDER: how many messages were taken, and in how many seconds."""

_NOTED_EVERY: Final = 10
_WINDOW_SECONDS: Final = 5


class _Route(beam.DoFn):
    """Destination and line of a message, by our validation; now and then it notes how far it is."""

    def __init__(self, folder: str) -> None:
        self._progress = Path(folder, PROGRESS)

    def process(self, received: PubsubMessage) -> Iterator[tuple[str, bytes]]:
        message = from_pubsub(received)
        verdict = inspect(message.data, message.publish_micros)
        if isinstance(verdict, Rejection):
            line = quarantine_line(message, verdict, "benchmark")
            yield quarantine_destination(verdict, message.publish_micros), line
        else:
            yield lake_destination(verdict), lake_lines((message,))[0]
        _taken_at.append(time.monotonic())
        if len(_taken_at) % _NOTED_EVERY == 0:
            self._progress.parent.mkdir(parents=True, exist_ok=True)
            self._progress.write_text(f"{len(_taken_at)} {_taken_at[-1] - _taken_at[0]}")


_taken_at: Final[list[float]] = []  # of the process: the runner makes a DoFn anew for every bundle


class _Write(beam.DoFn):
    """A file per destination and window."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def process(self, batch: tuple[str, Iterable[bytes]], window: object = beam.DoFn.WindowParam) -> None:
        destination, lines = batch
        path = Path(self._folder, destination)
        path.mkdir(parents=True, exist_ok=True)
        name = f"{window.start.micros}.ndjson"  # type: ignore[attr-defined]
        with open(path / name, "ab") as file:
            file.write(b"".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subscription")
    parser.add_argument("folder")
    given = parser.parse_args()
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    pipeline = beam.Pipeline(
        runner=BundleBasedDirectRunner(),  # what DirectRunner is for ReadFromPubSub where Prism cannot be downloaded
        options=PipelineOptions(["--streaming", "--no_save_main_session"]),
    )
    (
        pipeline
        | "Read" >> ReadFromPubSub(subscription=given.subscription, with_attributes=True)
        | "Route" >> beam.ParDo(_Route(given.folder)).with_output_types(tuple[str, bytes])
        | "Window" >> beam.WindowInto(FixedWindows(_WINDOW_SECONDS))
        | "Group" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(_Write(given.folder))
    )
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    main()
