"""Write batches of chunks as objects, and the manifest of what was written."""

from collections.abc import Iterator, Mapping

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline import counters
from beam_pipeline.batching import Batch
from beam_pipeline.manifest import manifest_object, record_of
from beam_pipeline.messages import now_micros
from beam_pipeline.objects import pack
from beam_pipeline.storage import store
from event_contract.lake_layout import LAKE


class WriteObjects(beam.DoFn):
    """Stores each batch of chunks of a destination as one object, or as few as the limits allow; yields their records.

    A record is stamped with the earliest publish time in its object. All have one key: the records of a window go to one
    manifest, which is in the lake.

    A storage error that outlives its retries fails the bundle: nothing of it is acknowledged, and it is redelivered.

    Args:
        roots: the path of each root that destinations name (`routing`).
        compression: one of `objects.COMPRESSIONS`.
        max_bytes: of an object before compression.
        max_rows: of an object.
    """

    def __init__(self, roots: Mapping[str, str], compression: str, max_bytes: int, max_rows: int) -> None:
        self._roots = dict(roots)
        self._compression = compression
        self._max_bytes = max_bytes
        self._max_rows = max_rows

    def process(self, batch: Batch) -> Iterator[TimestampedValue]:
        (destination, window_start_micros), chunks = batch
        root, _, folder = destination.partition("/")
        for stored in pack(chunks, window_start_micros, self._compression, self._max_bytes, self._max_rows):
            store(self._roots[root], f"{folder}/{stored.name}", stored.data)
            now = now_micros()
            counters.count(counters.OBJECTS_WRITTEN, 1)
            counters.count(counters.BYTES_WRITTEN, len(stored.data))
            counters.observe(counters.AGE_AT_WRITE, max(0, now - stored.first_publish_micros) // 1000)
            record = record_of(destination, stored, now)
            yield TimestampedValue((LAKE, record), Timestamp(micros=stored.first_publish_micros))


class WriteManifest(beam.DoFn):
    """Stores the records of one window as one manifest file."""

    def __init__(self, lake_root: str) -> None:
        self._lake_root = lake_root

    def process(self, batch: Batch) -> Iterator[str]:
        (_, window_start_micros), records = batch
        path, content = manifest_object(records, window_start_micros)
        store(self._lake_root, path, content)
        yield path
