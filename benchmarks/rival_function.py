"""One object per message, the way of a function that Pub/Sub calls, against the job: to the same Cloud Storage emulator."""

import base64
import contextlib
import dataclasses
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import requests
from google.cloud import storage

from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from benchmarks.contenders import config
from event_contract import Rejection, inspect
from tests.gcs import emulated


@dataclass(frozen=True)
class ToStorage:
    """What a way to Cloud Storage took. `cpu_seconds` are the client's, without the emulator's."""

    messages: int
    objects: int
    requests: int
    seconds: float
    cpu_seconds: float


def compare(one_by_one: list[Message], batch: list[Message]) -> tuple[ToStorage, ToStorage]:
    """The function over the first list, the job over the second: to the same emulator, one after the other."""
    with emulated() as gcs:
        gcs.bucket("function")
        gcs.bucket("lake")
        gcs.bucket("quarantine")
        bucket = gcs.client.bucket("function")
        with _counted() as function:
            for message in one_by_one:
                called_by_pubsub(_event(message), bucket)
        local = config(Path(), "gzip")
        graph = MicroBatchGraph(dataclasses.replace(local, output_path="gs://lake", quarantine_path="gs://quarantine"))
        with _counted() as job:
            graph.run([batch[i : i + 1000] for i in range(0, len(batch), 1000)])
        objects = [len(gcs.objects("function")), len(gcs.objects("lake")) + len(gcs.objects("quarantine"))]
    return (
        ToStorage(len(one_by_one), objects[0], function.requests, function.seconds, function.cpu_seconds),
        ToStorage(len(batch), objects[1], job.requests, job.seconds, job.cpu_seconds),
    )


def called_by_pubsub(event: dict[str, str], bucket: storage.Bucket) -> None:
    """The function: decodes, validates, stores one object, as the samples of Cloud Run functions do."""
    message = Message(base64.b64decode(event["data"]), event["message_id"], int(event["publish_micros"]))
    verdict = inspect(message.data, message.publish_micros)
    if isinstance(verdict, Rejection):
        folder = quarantine_destination(verdict, message.publish_micros)
        line = quarantine_line(message, verdict, "benchmark")
    else:
        folder, line = lake_destination(verdict), lake_lines((message,))[0]
    bucket.blob(f"{folder}/{uuid.uuid4()}.json").upload_from_string(line, content_type="application/json")


def _event(message: Message) -> dict[str, str]:
    return {
        "data": base64.b64encode(message.data).decode(),
        "message_id": message.message_id,
        "publish_micros": str(message.publish_micros),
    }


@dataclass
class _Count:
    requests: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextlib.contextmanager
def _counted() -> Iterator[_Count]:
    """Counts HTTP requests, and times, for as long as the block lasts: both ways use the library `requests`."""
    count, send = _Count(), requests.Session.send

    def counting(*args: object, **kwargs: object) -> object:
        count.requests += 1
        return send(*args, **kwargs)  # type: ignore[arg-type]

    clock, cpu = time.perf_counter(), time.process_time()
    with mock.patch.object(requests.Session, "send", counting):
        yield count
    count.seconds, count.cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
