"""The manifest: one record for every object written. Readers learn from it what is new, without listing the lake."""

from collections.abc import Iterable

import msgspec
from isal import isal_zlib

from beam_pipeline.messages import hive_date, rfc3339
from beam_pipeline.objects import StoredObject, object_name
from event_contract import ManifestRecord
from event_contract.lake_layout import MANIFEST


def record_of(destination: str, stored: StoredObject, written_micros: int) -> ManifestRecord:
    """The record of an object that has been stored at a destination (`routing`)."""
    root, _, folder = destination.partition("/")
    keys = dict(part.split("=", 1) for part in folder.split("/") if "=" in part)
    return ManifestRecord(
        path=f"{folder}/{stored.name}",
        root=root,
        event_type=keys.get("event_type"),
        reason=keys.get("reason"),
        date=f"{keys['year']}-{keys['month']}-{keys['day']}",
        rows=stored.rows,
        bytes=len(stored.data),
        min_publish_time=rfc3339(stored.first_publish_micros),
        max_publish_time=rfc3339(stored.last_publish_micros),
        written_at=rfc3339(written_micros),
        crc32=isal_zlib.crc32(stored.data),
    )


def manifest_object(records: Iterable[ManifestRecord], window_start_micros: int) -> tuple[str, bytes]:
    """Path below the lake's root and content of the manifest file for records of one window.

    The name depends only on which objects are recorded: the same batch again overwrites its own manifest.
    """
    ordered = sorted(records)
    name = object_name(["\n".join(f"{r.root}/{r.path}" for r in ordered).encode()], window_start_micros)
    content = b"".join(msgspec.json.encode(record) + b"\n" for record in ordered)
    return f"{MANIFEST}/{hive_date(window_start_micros)}/{name}.ndjson", content
