"""Objects that hold the lines of others: made, verified, stored and recorded. Compaction and erasure share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from isal import isal_zlib

from beam_pipeline.chunking import CHUNK_BYTES
from beam_pipeline.messages import micros_of, rfc3339
from beam_pipeline.objects import GZIP_TRAILER, object_name
from event_contract import ManifestRecord
from event_contract.lake_layout import REWRITTEN
from lake_cli.errors import LakeError
from lake_cli.lifecycle.gzip_joining import blocks_from, blocks_of, join, unpacked
from lake_cli.lifecycle.storage import Root

_SMALL_CHUNK: Final = CHUNK_BYTES // 2
"""Objects of fewer bytes than this before compression, on average, shrink by a third when they are deflated together."""


_GZIP_SIZES: Final = 1 << 32
"""A gzip member says its length modulo this. Joined objects stay below it, so that the length of each part is known."""


class DamagedObject(Exception):
    """An object does not hold what it should, or cannot be joined; the text says which. It was left alone."""


class Source(NamedTuple):
    """An object as stored."""

    path: str
    stored: bytes

    def texts(self) -> Iterator[bytes]:
        """Its lines, in pieces of any length.

        Raises:
            DamagedObject: they cannot be had.
        """
        if not self.path.endswith(".gz"):
            yield self.stored
            return
        try:
            yield from unpacked(self.stored)
        except ValueError as error:
            raise DamagedObject(f"{self.path} is damaged ({error}): left alone") from None


class Measured(NamedTuple):
    """Lines, bytes and CRC-32 of a text."""

    rows: int
    size: int
    crc: int


@dataclass(frozen=True)
class Made:
    """An object to be stored in the place of others: path below its root, stored bytes, and lines in it."""

    path: str
    stored: bytes
    rows: int


def joined_object(records: Sequence[ManifestRecord], contents: Sequence[bytes]) -> Made:
    """The object of all lines of others, in their order. What is compressed is not compressed again where that saves nothing.

    Stored bytes that have the checksum which was recorded when they were written are what was written: joined as they are, they
    need not be unpacked. What was recorded without one, and what is deflated again, is unpacked, and has the checksum that
    follows from those the ingestion wrote, and as many lines as the manifest says.

    Raises:
        DamagedObject: one of them is not what the manifest says, or is damaged.
    """
    first = records[0]
    rows = sum(record.rows for record in records)
    proven = [_as_recorded(record, content) for record, content in zip(records, contents, strict=True)]
    if first.path.endswith(".gz"):
        sources = [Source(record.path, content) for record, content in zip(records, contents, strict=True)]
        stored, found = _joined_as_they_are(contents, rows if all(proven) else None) or _deflated_again(sources)
    else:
        stored = b"".join(contents)
        found = _measured([stored])
    if found.rows != rows:
        raise DamagedObject(
            f"{len(records):,} objects, {first.path} first, hold {found.rows:,} lines, not {rows:,} as recorded: left alone"
        )
    if found.size >= _GZIP_SIZES:
        raise DamagedObject(
            f"{len(records):,} objects, {first.path} first, hold {found.size:,} bytes before compression, which is more than "
            "one gzip object says: left alone; lower --target-mb"
        )
    window = min(micros_of(record.min_publish_time) for record in records)
    return _named([record.path for record in records], window, stored, found)


def object_of(texts: Sequence[bytes], replaced: str, window_micros: int) -> Made:
    """The object of some of the lines (each with its line feed) of another, whose path is given."""
    stored = join([blocks_from(texts)]) if replaced.endswith(".gz") else b"".join(texts)
    return _named([replaced], window_micros, stored, _measured(texts))


def store_verified(root: Root, made: Made) -> None:
    """Stores an object, and reads it back.

    Raises:
        LakeError: it reads otherwise than it was written.
    """
    root.write(made.path, made.stored)
    if root.read(made.path) != made.stored:
        raise LakeError(f"{root.address}/{made.path} reads otherwise than it was written: what it was to replace stays")


def record_of(replaced: Sequence[ManifestRecord], made: Made, written_micros: int) -> ManifestRecord:
    """The manifest's record of an object that holds the lines of others in their place."""
    first = replaced[0]
    return ManifestRecord(
        path=made.path,
        root=first.root,
        event_type=first.event_type,
        reason=first.reason,
        date=first.date,
        rows=made.rows,
        bytes=len(made.stored),
        min_publish_time=min(replaced, key=lambda each: micros_of(each.min_publish_time)).min_publish_time,
        max_publish_time=max(replaced, key=lambda each: micros_of(each.max_publish_time)).max_publish_time,
        written_at=rfc3339(written_micros),
        replaces=[record.path.rpartition("/")[2] for record in replaced],
        replaced_rows=sum(record.rows for record in replaced),
        replaced_bytes=sum(record.bytes for record in replaced),
        crc32=isal_zlib.crc32(made.stored),
    )


def _as_recorded(record: ManifestRecord, content: bytes) -> bool:
    """Whether the stored bytes are proven to be those that were recorded; False if the record has no checksum of them.

    Raises:
        DamagedObject: they are others.
    """
    if len(content) != record.bytes:
        raise DamagedObject(f"{record.path} has {len(content):,} bytes, not {record.bytes:,} as recorded: left alone")
    if record.crc32 is None:
        return False
    if isal_zlib.crc32(content) != record.crc32:
        raise DamagedObject(f"{record.path} is damaged (its bytes are not those that were recorded): left alone")
    return True


def _joined_as_they_are(contents: Sequence[bytes], rows: int | None) -> tuple[bytes, Measured] | None:
    """The joined object, if all are of ours, and of chunks that are large enough; unpacked if their lines are not proven."""
    blocks = [blocks_of(content) for content in contents]
    parts = [each for each in blocks if each is not None]
    if len(parts) != len(blocks) or sum(part.size for part in parts) < _SMALL_CHUNK * len(parts):
        return None
    stored = join(parts)
    if rows is not None:
        crc, _ = GZIP_TRAILER.unpack_from(stored, len(stored) - GZIP_TRAILER.size)
        return stored, Measured(rows, sum(part.size for part in parts), crc)
    try:
        return stored, _unpacked_as_said(stored)
    except ValueError:
        return None  # another's object that looked like ours, or a damaged one: its lines will tell


def _deflated_again(sources: Sequence[Source]) -> tuple[bytes, Measured]:
    stored = join([blocks_from(text for source in sources for text in source.texts())])
    return stored, _unpacked_as_said(stored)


def _unpacked_as_said(stored: bytes) -> Measured:
    """What a joined object unpacks to.

    Raises:
        ValueError: it is not what its trailer says, which follows from the trailers of those it was joined from.
    """
    found = _measured(unpacked(stored))
    if GZIP_TRAILER.pack(found.crc, found.size & 0xFFFF_FFFF) != stored[-GZIP_TRAILER.size :]:
        raise ValueError("its lines are not what its checksum says")
    return found


def _measured(texts: Iterable[bytes]) -> Measured:
    rows = size = crc = 0
    for text in texts:
        rows += text.count(b"\n")
        size += len(text)
        crc = isal_zlib.crc32(text, crc)
    return Measured(rows, size, crc)


def _named(replaced: Sequence[str], window_micros: int, stored: bytes, lines: Measured) -> Made:
    folder = replaced[0].rpartition("/")[0]
    compressed = ".gz" if replaced[0].endswith(".gz") else ""
    # With the names of what it replaces: two objects that hold the same lines are replaced by two, each recorded.
    name = object_name([*(path.encode() for path in replaced), repr(lines).encode()], window_micros)
    return Made(f"{folder}/{name}{REWRITTEN}{compressed}", stored, lines.rows)
