"""Chunks: runs of lines for one destination and one publish-time window.

Beam charges per element (windowing alone 19 µs each), so lines travel in chunks: validated, routed and joined in one
DoFn, and only then windowed, shuffled and grouped. It also charges per byte, Dataflow on the bill and a local run in
copies, so chunks travel compressed, in a form that a gzip object takes over as it is (`objects`).
"""

import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from isal import isal_zlib

from beam_pipeline.dictionary import DICTIONARIES

CHUNK_BYTES: Final = 256 * 1024
"""A chunk is emitted when it has grown to this many bytes; one long line may overshoot."""

MAX_OPEN_BYTES: Final = 64 * 1024 * 1024
"""All open chunks are emitted when together they hold this much: bounds a bundle with very many destinations."""

TINY_BYTES: Final = 8 * 1024
"""A chunk of fewer bytes is tiny: better compressed with a dictionary, and again together with others when it is stored."""

RAW_DEFLATE: Final = -zlib.MAX_WBITS
_LEVEL: Final = 1  # of ISA-L's 0 to 3: events shrink to a sixth, at about a gigabyte a second


class Chunk(NamedTuple):
    """Lines of one destination and window, compressed; publish times in microseconds since the epoch.

    `packed` is raw Deflate (RFC 1951) that ends on a byte and not with a last block, so that chunks put one after the
    other are one stream. `size` is that of the lines in bytes, `crc` their CRC-32. `dictionary` is the number of the dictionary
    that it was compressed with (`beam_pipeline.dictionary`), 0 for none: only chunks without one can be part of an object.
    """

    packed: bytes
    size: int
    rows: int
    first_publish_micros: int
    last_publish_micros: int
    crc: int
    dictionary: int = 0

    def lines(self) -> bytes:
        """The lines, each with its line feed.

        Raises:
            ValueError: the chunk was damaged on its way; its checksum says so.
            KeyError: it was compressed with a dictionary that this release does not have.
        """
        decompressor = (
            isal_zlib.decompressobj(RAW_DEFLATE, DICTIONARIES[self.dictionary])
            if self.dictionary
            else isal_zlib.decompressobj(RAW_DEFLATE)
        )
        unpacked: bytes = decompressor.decompress(self.packed)
        if isal_zlib.crc32(unpacked) != self.crc:
            raise ValueError(f"a chunk of {self.rows} lines was damaged: its checksum is not {self.crc:08x}")
        return unpacked


class _OpenChunk:
    __slots__ = ("first", "last", "parts", "rows", "size")

    def __init__(self, publish_micros: int) -> None:
        self.parts: list[bytes] = []
        self.size = self.rows = 0
        self.first = self.last = publish_micros

    def add(self, lines: Sequence[bytes], size: int, first: int, last: int) -> None:
        self.parts.append(b"".join(lines))  # now, while they are in the processor's cache
        self.rows += len(lines)
        self.size += size
        self.first = min(self.first, first)
        self.last = max(self.last, last)

    def close(self, dictionary: int) -> Chunk:
        return chunk_of(b"".join(self.parts), self.rows, self.first, self.last, dictionary)


def chunk_of(
    lines: bytes, rows: int, first_publish_micros: int, last_publish_micros: int, dictionary: int = 0
) -> Chunk:
    """Compresses lines to a chunk; with a dictionary (its number) only if they are so few that it helps."""
    used = dictionary if len(lines) < TINY_BYTES else 0
    compressor = (
        isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, RAW_DEFLATE, zdict=DICTIONARIES[used])
        if used
        else isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, RAW_DEFLATE)
    )
    packed = compressor.compress(lines) + compressor.flush(isal_zlib.Z_FULL_FLUSH)
    crc = isal_zlib.crc32(lines)
    return Chunk(packed, len(lines), rows, first_publish_micros, last_publish_micros, crc, used)


class Chunker:
    """Collects lines and gives back chunks as they fill.

    A chunk never spans two windows of `window_micros`: its lines' publish times fall into the same one. Tiny ones are compressed
    with the dictionary of that number.
    """

    def __init__(
        self,
        window_micros: int,
        chunk_bytes: int = CHUNK_BYTES,
        max_open_bytes: int = MAX_OPEN_BYTES,
        dictionary: int = 0,
    ) -> None:
        self._window_micros = window_micros
        self._chunk_bytes = chunk_bytes
        self._max_open_bytes = max_open_bytes
        self._dictionary = dictionary
        self._open: dict[tuple[str, int], _OpenChunk] = {}
        self._open_bytes = 0

    def add(
        self, destination: str, lines: Sequence[bytes], publish_micros: Sequence[int]
    ) -> Iterator[tuple[str, Chunk]]:
        """Takes lines with their publish times; yields the chunks that they completed, with their destination."""
        first, last = min(publish_micros), max(publish_micros)
        window = first // self._window_micros
        if window == last // self._window_micros:
            size = sum(map(len, lines))
            chunk = self._chunk(destination, window, first)
            if chunk.size + size < self._chunk_bytes:
                chunk.add(lines, size, first, last)
                self._open_bytes += size
            else:
                yield from self._cut(destination, window, lines, publish_micros)
            return
        by_window: dict[int, tuple[list[bytes], list[int]]] = {}
        for line, micros in zip(lines, publish_micros, strict=True):
            its_lines, its_micros = by_window.setdefault(micros // self._window_micros, ([], []))
            its_lines.append(line)
            its_micros.append(micros)
        for window, (its_lines, its_micros) in by_window.items():
            yield from self._cut(destination, window, its_lines, its_micros)

    def _cut(
        self, destination: str, window: int, lines: Sequence[bytes], publish_micros: Sequence[int]
    ) -> Iterator[tuple[str, Chunk]]:
        """`add` for lines of one window, cut where a chunk is full."""
        ends = list(accumulate(map(len, lines)))
        start = before = 0
        while start < len(lines):
            chunk = self._chunk(destination, window, publish_micros[start])
            stop = bisect_left(ends, before + self._chunk_bytes - chunk.size) + 1  # with the line that fills it
            micros = publish_micros[start:stop]
            end = ends[min(stop, len(lines)) - 1]
            chunk.add(lines[start:stop], end - before, min(micros), max(micros))
            self._open_bytes += end - before
            if chunk.size >= self._chunk_bytes:
                del self._open[destination, window]
                self._open_bytes -= chunk.size
                yield destination, chunk.close(self._dictionary)
            start, before = stop, end

    def _chunk(self, destination: str, window: int, publish_micros: int) -> _OpenChunk:
        """The open chunk of a destination and window; a new one if there is none."""
        chunk = self._open.get((destination, window))
        if chunk is None:
            chunk = self._open[destination, window] = _OpenChunk(publish_micros)
        return chunk

    @property
    def is_over_limit(self) -> bool:
        """Whether the open chunks together hold more than is allowed: time to `drain`."""
        return self._open_bytes > self._max_open_bytes

    def drain(self) -> Iterator[tuple[str, Chunk]]:
        """Gives back all that is still open, and forgets it."""
        opened, self._open, self._open_bytes = self._open, {}, 0
        for (destination, _), chunk in opened.items():
            yield destination, chunk.close(self._dictionary)
