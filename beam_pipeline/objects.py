"""Objects: what chunks become in storage. Pure functions from chunks to names and bytes."""

import hashlib
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from isal import isal_zlib

from beam_pipeline.chunking import CHUNK_BYTES, TINY_BYTES, Chunk, chunk_of
from beam_pipeline.messages import EPOCH, MICROSECOND

COMPRESSIONS: Final = ("gzip", "none")
EXTENSIONS: Final = {"gzip": ".ndjson.gz", "none": ".ndjson"}
GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
EMPTY_LAST_BLOCK: Final = b"\x03\x00"
GZIP_TRAILER: Final = struct.Struct("<II")
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
    """Packs chunks of one destination and window into objects of at most `max_bytes` (before compression) and `max_rows`.

    Tiny chunks are compressed again together first (`joined`). A chunk is never split, so an object may overshoot by less than a
    chunk. The same chunks in any order give the same objects with the same names: a retry overwrites, it never adds.
    """
    batch: list[Chunk] = []
    size = rows = 0
    for chunk in sorted(joined(chunks, min(CHUNK_BYTES, max_bytes), max_rows)):
        if batch and (size + chunk.size > max_bytes or rows + chunk.rows > max_rows):
            yield _seal(batch, window_start_micros, compression)
            batch, size, rows = [], 0, 0
        batch.append(chunk)
        size += chunk.size
        rows += chunk.rows
    if batch:
        yield _seal(batch, window_start_micros, compression)


def joined(chunks: Iterable[Chunk], max_bytes: int = CHUNK_BYTES, max_rows: int = sys.maxsize) -> list[Chunk]:
    """The chunks of one destination and window with the lines of tiny ones compressed again, together; others stay as they are.

    A line alone takes three to four times what it takes among others. In the order of their publish times, whatever the order
    they came in: the same chunks give the same ones. Chunks that were made with a dictionary are tiny, so none is left.

    Raises:
        ValueError: a chunk was damaged on its way.
    """
    large: list[Chunk] = []
    tiny: list[Chunk] = []
    for chunk in chunks:
        (tiny if chunk.size < TINY_BYTES else large).append(chunk)
    if len(tiny) == 1 and not tiny[0].dictionary:
        return [*large, *tiny]
    run: list[Chunk] = []
    size = rows = 0
    for chunk in sorted(tiny, key=_by_publish_time):
        if run and (size + chunk.size > max_bytes or rows + chunk.rows > max_rows):
            large.append(_one_of(run))
            run, size, rows = [], 0, 0
        run.append(chunk)
        size += chunk.size
        rows += chunk.rows
    if run:
        large.append(_one_of(run))
    return large


def _by_publish_time(chunk: Chunk) -> tuple[int, Chunk]:
    return chunk.first_publish_micros, chunk


def _one_of(chunks: list[Chunk]) -> Chunk:
    return chunk_of(
        b"".join([chunk.lines() for chunk in chunks]),
        sum(chunk.rows for chunk in chunks),
        chunks[0].first_publish_micros,
        max(chunk.last_publish_micros for chunk in chunks),
    )


def _seal(chunks: list[Chunk], window_start_micros: int, compression: str) -> StoredObject:
    return StoredObject(
        name=object_name([chunk.packed for chunk in chunks], window_start_micros) + EXTENSIONS[compression],
        data=gzip_of(chunks) if compression == "gzip" else b"".join([chunk.lines() for chunk in chunks]),
        rows=sum(chunk.rows for chunk in chunks),
        first_publish_micros=min(chunk.first_publish_micros for chunk in chunks),
        last_publish_micros=max(chunk.last_publish_micros for chunk in chunks),
    )


def object_name(content: Iterable[bytes], window_start_micros: int) -> str:
    """`<window>-<content hash>`: the publish-time window's start, and the beginning of a SHA-256 in hexadecimal."""
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
    parts = [GZIP_HEADER]
    for chunk in chunks:
        parts.append(chunk.packed)
        crc = isal_zlib.crc32_combine(crc, chunk.crc, chunk.size)
        size += chunk.size
    return b"".join([*parts, EMPTY_LAST_BLOCK, GZIP_TRAILER.pack(crc, size & 0xFFFF_FFFF)])
