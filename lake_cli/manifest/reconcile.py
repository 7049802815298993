"""Compares the manifest with the objects of lake and quarantine, and writes records that make the two agree.

A new manifest file records the objects that had no record; a file whose records are wrong (objects that are gone, unreadable
lines) is replaced, in one step, by one that holds what is right. Folders and gs:// alike, through Beam's file systems.
"""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.manifest import manifest_object
from beam_pipeline.messages import now_micros, rfc3339
from beam_pipeline.storage import remove, store
from event_contract.lake_layout import FAILED, LAKE, MANIFEST, QUARANTINE, REWRITTEN
from event_contract.lake_records import ManifestRecord
from lake_cli.errors import LakeError
from lake_cli.manifest.contents import Damaged, cut_off

ON_ITS_WAY_SECONDS: Final = 900.0
"""An object younger than this may still get its record: the ingestion writes that after the object."""

_PREFIXES: Final = {LAKE: "event_type=", QUARANTINE: f"{FAILED}/reason="}
_decode: Final = msgspec.json.Decoder(ManifestRecord).decode


class _Ingested(msgspec.Struct):
    publish_time: str | None = None


class _Line(msgspec.Struct):
    """Of a line, where its publish time stands: in the lake below `_ingest`, in quarantine at the top."""

    publish_time: str | None = None
    ingest: _Ingested = msgspec.field(name="_ingest", default_factory=_Ingested)


@dataclass
class Findings:
    """What differs.

    Attributes:
        recorded: objects that the manifest names and that are there.
        unrecorded: root, path and size of objects that it does not name.
        on_their_way: how many more are too young to tell.
        missing: records of objects that are not there.
        live: records of objects that are there and not replaced.
        damaged: those of another size than recorded.
        unreadable: manifest files with lines that are not records, relative to the lake.
        files: every manifest file with its readable records.
    """

    recorded: int = 0
    unrecorded: list[tuple[str, str, int]] = field(default_factory=list)
    on_their_way: int = 0
    missing: list[ManifestRecord] = field(default_factory=list)
    live: list[ManifestRecord] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    files: dict[str, list[ManifestRecord]] = field(default_factory=dict)

    @property
    def agree(self) -> bool:
        """Whether there is nothing to repair or to restore."""
        return not (self.unrecorded or self.missing or self.unreadable or self.damaged)


def check(roots: dict[str, str], now: float | None = None) -> Findings:
    """Compares the manifest with the objects.

    Args:
        roots: the addresses of lake and quarantine, by name.
        now: seconds since the epoch; default: the clock.

    Raises:
        LakeError: a root cannot be listed.
    """
    moment = time.time() if now is None else now
    found = Findings()
    for file in _listed(roots[LAKE], f"{MANIFEST}/"):
        name = file.path.removeprefix(roots[LAKE]).lstrip("/")
        found.files[name] = records = []
        for line in _read(file.path).splitlines():
            try:
                records.append(_decode(line))
            except msgspec.DecodeError:
                if name not in found.unreadable:
                    found.unreadable.append(name)
    named = {(record.root, record.path): record for records in found.files.values() for record in records}
    present = {}
    for root, prefix in _PREFIXES.items():
        for file in _listed(roots[root], prefix):
            path = file.path.removeprefix(roots[root]).lstrip("/")
            present[root, path] = file.size_in_bytes
            if (root, path) in named:
                found.recorded += 1
            elif REWRITTEN in path or moment - file.last_updated_in_seconds < ON_ITS_WAY_SECONDS:
                # What a killed compaction or erasure left beside the objects whose lines it holds; the next run removes it.
                found.on_their_way += 1
            else:
                found.unrecorded.append((root, path, file.size_in_bytes))
    replaced = {(record.root, path) for record in named.values() for path in record.replaced_paths}
    found.missing = [record for key, record in sorted(named.items()) if key not in present.keys() | replaced]
    found.live = [record for key, record in sorted(named.items()) if key in present.keys() - replaced]
    found.damaged = cut_off(found.live, present)
    return found


def repair(roots: dict[str, str], found: Findings) -> list[str]:
    """Makes the manifest agree with the objects; returns the paths of the manifest files written, relative to the lake.

    Raises:
        LakeError: an object that has no record cannot be read; nothing has been written.
    """
    additions = [record_of(roots[root], root, path) for root, path, _ in found.unrecorded]
    written = []
    gone = {(record.root, record.path) for record in found.missing}
    for name, records in found.files.items():
        kept = [record for record in records if (record.root, record.path) not in gone]
        if len(kept) == len(records) and name not in found.unreadable:
            continue
        if kept:
            content = b"".join(msgspec.json.encode(record) + b"\n" for record in kept)
            store(roots[LAKE], name, content)
            written.append(name)
        else:
            remove(roots[LAKE], name)
    if additions:
        path, content = manifest_object(additions, now_micros())
        store(roots[LAKE], path, content)
        written.append(path)
    return written


def record_of(address: str, root: str, path: str) -> ManifestRecord:
    """The record of an object, made from its content.

    Raises:
        LakeError: it cannot be read to its end, or a line has no publish time.
    """
    keys = dict(part.split("=", 1) for part in path.split("/") if "=" in part)
    stored = _read(FileSystems.join(address, path))
    try:
        lines = (gzip.decompress(stored) if path.endswith(".gz") else stored).splitlines()
        published = sorted(_published(line) for line in lines)
        return ManifestRecord(
            path=path,
            root=root,
            event_type=keys.get("event_type"),
            reason=keys.get("reason"),
            date=f"{keys['year']}-{keys['month']}-{keys['day']}",
            rows=len(lines),
            bytes=len(stored),
            min_publish_time=published[0],
            max_publish_time=published[-1],
            written_at=rfc3339(now_micros()),
            crc32=zlib.crc32(stored),
        )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, IndexError, msgspec.DecodeError) as error:
        raise LakeError(
            f"{root}/{path} cannot be recorded ({' '.join(str(error).split()) or type(error).__name__}): restore it, or remove it"
        ) from None


def _published(line: bytes) -> str:
    found = msgspec.json.decode(line, type=_Line)
    text = found.publish_time or found.ingest.publish_time or ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _listed(root: str, prefix: str) -> Iterator[FileMetadata]:
    """The objects below a folder of a root whose names begin with a prefix, in the order of their names."""
    if FileSystems.get_scheme(root) is None:
        yield from _local_files(root, prefix)
        return
    try:
        matched = FileSystems.match([f"{FileSystems.join(root, prefix)}**"])[0].metadata_list
    except (BeamIOError, OSError) as error:
        raise LakeError(f"{root} cannot be listed ({' '.join(str(error).split())}): check the address") from None
    yield from sorted((each for each in matched if ".ndjson" in each.path), key=lambda each: each.path)


def _local_files(root: str, prefix: str) -> Iterator[FileMetadata]:
    """Not through a pattern: a folder's name may hold characters that patterns give a meaning."""
    for path in sorted(
        Path(root).glob(f"{prefix}*/**/*.ndjson*" if not prefix.endswith("/") else f"{prefix}**/*.ndjson")
    ):
        facts = path.stat()
        yield FileMetadata(path.as_posix(), facts.st_size, facts.st_mtime)


def _read(path: str) -> bytes:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return bytes(file.read())
