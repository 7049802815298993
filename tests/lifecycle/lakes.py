"""Lakes for the tests of compaction, erasure and audit: written by the job's own functions, in a folder or in the emulator."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from beam_pipeline.chunking import Chunker
from beam_pipeline.manifest import manifest_object, record_of
from beam_pipeline.messages import Message, rfc3339
from beam_pipeline.objects import pack
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from beam_pipeline.storage import store
from event_contract import ManifestRecord, Rejection, inspect
from event_contract.lake_layout import WATERMARK
from lake_cli.lifecycle.storage import Root, open_root
from tests.samples import PUBLISH_MICROS, event

MINUTE = 60_000_000
Event = dict[str, Any]


def message(
    number: int, publish_micros: int = PUBLISH_MICROS, event_type: str = "page_viewed", **changes: Any
) -> Message:
    """A valid message with ids of its own."""
    fields = {"event_id": f"00000000-0000-4000-8000-{number:012d}", "timestamp": rfc3339(publish_micros), **changes}
    return Message(json.dumps(event(event_type, **fields)).encode(), str(number), publish_micros)


class Lake:
    """A lake and its quarantine: `write` is one micro-batch of the job."""

    def __init__(self, lake: str, quarantine: str, compression: str = "gzip") -> None:
        self.addresses = {"lake": lake, "quarantine": quarantine}
        self.compression = compression
        for address in self.addresses.values():
            if "://" not in address:
                Path(address).mkdir(parents=True, exist_ok=True)

    @property
    def lake(self) -> Root:
        return open_root(self.addresses["lake"])

    @property
    def quarantine(self) -> Root:
        return open_root(self.addresses["quarantine"])

    def write(self, messages: Iterable[Message], written_micros: int = PUBLISH_MICROS) -> list[ManifestRecord]:
        """Objects, then their manifest file."""
        chunker = Chunker(MINUTE)
        chunks = defaultdict(list)
        found = []
        for each in messages:
            judged = inspect(each.data, each.publish_micros)
            if isinstance(judged, Rejection):
                destination = quarantine_destination(judged, each.publish_micros)
                line = quarantine_line(each, judged, "test")
            else:
                destination, (line,) = lake_destination(judged), lake_lines([each])
            found += chunker.add(destination, [line], [each.publish_micros])
        for destination, chunk in [*found, *chunker.drain()]:
            chunks[destination, chunk.first_publish_micros // MINUTE * MINUTE].append(chunk)
        records = []
        for (destination, window), its in chunks.items():
            for stored in pack(its, window, self.compression, 64_000_000, 1_000_000):
                record = record_of(destination, stored, written_micros)
                store(self.addresses[record.root], record.path, stored.data)
                records.append(record)
        if records:
            store(self.addresses["lake"], *manifest_object(records, min(w for _, w in chunks)))
        return records

    def settle(self, micros: int = PUBLISH_MICROS + 5 * 86_400_000_000) -> None:
        content = {"watermark": rfc3339(micros), "written_at": rfc3339(micros)}
        store(self.addresses["lake"], WATERMARK, json.dumps(content).encode())

    def objects(self) -> dict[str, bytes]:
        """Every data object, as stored."""
        return {
            f"{name}/{path}": root.read(path)
            for name, root, prefix in (("lake", self.lake, "event_type="), ("quarantine", self.quarantine, "failed/"))
            for path in root.sizes(prefix)
        }

    def lines(self) -> Counter[bytes]:
        """How often each line is there, whatever the object: what a reader sees that lists the folders."""
        return Counter(line for content in self.objects().values() for line in unpacked(content).splitlines())

    def digest(self) -> str:
        """SHA-256 of the multiset of lines."""
        return hashlib.sha256(b"\n".join(sorted(self.lines().elements()))).hexdigest()


def unpacked(content: bytes) -> bytes:
    """The lines of an object, by the standard library."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def in_folder(folder: Path, compression: str = "gzip") -> Lake:
    return Lake(str(folder / "lake"), str(folder / "quarantine"), compression)
