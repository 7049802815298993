"""Chunks: runs of lines for one destination and one publish-time window.

Beam charges per element (windowing alone 19 µs each), so lines travel in chunks: validated, routed and joined in one
DoFn, and only then windowed, shuffled and grouped. It also charges per byte, Dataflow on the bill and a local run in
copies, so chunks travel compressed.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from isal import isal_zlib

CHUNK_BYTES: Final = 256 * 1024
"""A chunk is emitted when it has grown to this many bytes; one long line may overshoot."""

MAX_OPEN_BYTES: Final = 64 * 1024 * 1024
"""All open chunks are emitted when together they hold this much: bounds a bundle with very many destinations."""


_LEVEL: Final = 1  # of ISA-L: events shrink to a fifth, at about a gigabyte a second


class Chunk(NamedTuple):
    """Lines of one destination and window, compressed; publish times in microseconds since the epoch.

    ``size`` is that of the lines, in bytes.
    """

    packed: bytes
    size: int
    rows: int
    first_publish_micros: int
    last_publish_micros: int

    def lines(self) -> bytes:
        """The lines, each with its line feed.

        Raises:
            isal_zlib.error: the chunk was damaged on its way; its checksum says so.
        """
        unpacked: bytes = isal_zlib.decompress(self.packed, bufsize=self.size)
        return unpacked


class _OpenChunk:
    __slots__ = ("first", "last", "lines", "size")

    def __init__(self, publish_micros: int) -> None:
        self.lines: list[bytes] = []
        self.size = 0
        self.first = self.last = publish_micros

    def close(self) -> Chunk:
        content = b"".join(self.lines)
        return Chunk(isal_zlib.compress(content, _LEVEL), self.size, len(self.lines), self.first, self.last)


class Chunker:
    """Collects lines and gives back chunks as they fill.

    A chunk never spans two windows of ``window_micros``: its lines' publish times fall into the same one.
    """

    def __init__(
        self, window_micros: int, chunk_bytes: int = CHUNK_BYTES, max_open_bytes: int = MAX_OPEN_BYTES
    ) -> None:
        self._window_micros = window_micros
        self._chunk_bytes = chunk_bytes
        self._max_open_bytes = max_open_bytes
        self._open: dict[tuple[str, int], _OpenChunk] = {}
        self._open_bytes = 0

    def add(self, destination: str, line: bytes, publish_micros: int) -> tuple[str, Chunk] | None:
        """Takes a line; returns the chunk that it completed, if it did, with its destination."""
        key = destination, publish_micros // self._window_micros
        chunk = self._open.get(key)
        if chunk is None:
            chunk = self._open[key] = _OpenChunk(publish_micros)
        chunk.lines.append(line)
        chunk.size += len(line)
        self._open_bytes += len(line)
        if publish_micros > chunk.last:
            chunk.last = publish_micros
        elif publish_micros < chunk.first:
            chunk.first = publish_micros
        if chunk.size < self._chunk_bytes:
            return None
        del self._open[key]
        self._open_bytes -= chunk.size
        return destination, chunk.close()

    @property
    def is_over_limit(self) -> bool:
        """Whether the open chunks together hold more than is allowed: time to `drain`."""
        return self._open_bytes > self._max_open_bytes

    def drain(self) -> Iterator[tuple[str, Chunk]]:
        """Gives back all that is still open, and forgets it."""
        opened, self._open, self._open_bytes = self._open, {}, 0
        for (destination, _), chunk in opened.items():
            yield destination, chunk.close()
