"""Objects: what chunks become in storage. Pure functions from chunks to names and bytes."""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from isal import isal_zlib

from beam_pipeline.chunking import Chunk
from beam_pipeline.messages import EPOCH, MICROSECOND

COMPRESSIONS: Final = ("gzip", "none")
EXTENSIONS: Final = {"gzip": ".ndjson.gz", "none": ".ndjson"}
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_EMPTY_LAST_BLOCK: Final = b"\x03\x00"
_GZIP_TRAILER: Final = struct.Struct("<II")
_HASH_BYTES: Final = 10


class StoredObject(NamedTuple):
    """An object ready to be stored: its name within the folder, its bytes, and what the manifest says of it."""

    name: str
    data: bytes
    rows: int
    first_publish_micros: int
    last_publish_micros: int


def pack(
    chunks: Iterable[Chunk], window_start_micros: int, compression: str, max_bytes: int, max_rows: int
) -> Iterator[StoredObject]:
    """Packs chunks of one destination and window into objects of at most ``max_bytes`` (before compression) and ``max_rows``.

    A chunk is never split, so an object may overshoot by less than a chunk. The same chunks in any order give the same
    objects with the same names: a retry overwrites, it never adds.
    """
    batch: list[Chunk] = []
    size = rows = 0
    for chunk in sorted(chunks):
        if batch and (size + chunk.size > max_bytes or rows + chunk.rows > max_rows):
            yield _seal(batch, window_start_micros, compression)
            batch, size, rows = [], 0, 0
        batch.append(chunk)
        size += chunk.size
        rows += chunk.rows
    if batch:
        yield _seal(batch, window_start_micros, compression)


def _seal(chunks: list[Chunk], window_start_micros: int, compression: str) -> StoredObject:
    return StoredObject(
        name=object_name([chunk.packed for chunk in chunks], window_start_micros) + EXTENSIONS[compression],
        data=gzip_of(chunks) if compression == "gzip" else b"".join([chunk.lines() for chunk in chunks]),
        rows=sum(chunk.rows for chunk in chunks),
        first_publish_micros=min(chunk.first_publish_micros for chunk in chunks),
        last_publish_micros=max(chunk.last_publish_micros for chunk in chunks),
    )


def object_name(content: Iterable[bytes], window_start_micros: int) -> str:
    """``<window>-<content hash>``: the publish-time window's start, and the beginning of a SHA-256 in hexadecimal."""
    window = (EPOCH + window_start_micros * MICROSECOND).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256()
    for part in content:
        digest.update(part)
    return f"{window}-{digest.hexdigest()[: 2 * _HASH_BYTES]}"


def gzip_of(chunks: Iterable[Chunk]) -> bytes:
    """The chunks' lines as one gzip member (RFC 1952), without compressing them again.

    The header carries no time of day, so the same chunks give the same bytes.
    """
    crc = size = 0
    parts = [_GZIP_HEADER]
    for chunk in chunks:
        parts.append(chunk.packed)
        crc = _crc_of_both(crc, chunk.crc, chunk.size)
        size += chunk.size
    return b"".join([*parts, _EMPTY_LAST_BLOCK, _GZIP_TRAILER.pack(crc, size & 0xFFFF_FFFF)])


def _crc_of_both(first: int, second: int, second_bytes: int) -> int:
    """CRC-32 of two texts together, from theirs and the length of the second.

    A CRC is linear but for a constant: ``crc(a+b)`` differs from ``crc(a+zeros)`` as ``crc(b)`` does from ``crc(zeros)``.
    """
    zeros = bytes(second_bytes)
    combined: int = isal_zlib.crc32(zeros, first) ^ isal_zlib.crc32(zeros) ^ second
    return combined
