"""Objects: what chunks become in storage. Pure functions from chunks to names and bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from isal import igzip

from beam_pipeline.chunking import Chunk
from beam_pipeline.messages import EPOCH, MICROSECOND

COMPRESSIONS: Final = ("gzip", "none")
EXTENSIONS: Final = {"gzip": ".ndjson.gz", "none": ".ndjson"}
_GZIP_LEVEL: Final = 1  # of ISA-L's 0 to 3: within 1 % of zlib's level 4 in size on events, several times its speed
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
    content = b"".join([chunk.lines() for chunk in chunks])
    return StoredObject(
        name=object_name(content, window_start_micros) + EXTENSIONS[compression],
        data=compress(content, compression),
        rows=sum(chunk.rows for chunk in chunks),
        first_publish_micros=min(chunk.first_publish_micros for chunk in chunks),
        last_publish_micros=max(chunk.last_publish_micros for chunk in chunks),
    )


def object_name(content: bytes, window_start_micros: int) -> str:
    """``<window>-<content hash>``: the publish-time window's start, and a hash of the content before compression."""
    window = (EPOCH + window_start_micros * MICROSECOND).strftime("%Y%m%dT%H%M%SZ")
    return f"{window}-{hashlib.sha256(content).hexdigest()[: 2 * _HASH_BYTES]}"


def compress(content: bytes, compression: str) -> bytes:
    """The content as stored. Gzip's header carries no time of day, so the same content gives the same bytes."""
    if compression == "none":
        return content
    packed: bytes = igzip.compress(content, _GZIP_LEVEL, mtime=0)
    return packed
