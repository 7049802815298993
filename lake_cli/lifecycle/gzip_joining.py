"""Joining gzip objects of ours without decompressing them. Pure functions.

An object of the job (`beam_pipeline.objects`) is one gzip member: a fixed header, Deflate blocks that end on a byte with a full
flush, an empty last block, checksum and length. So the blocks of several, one after the other, between one header and one empty
last block are one gzip object of all their lines; its checksum follows from theirs (`crc32_combine`).
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from isal import igzip_lib, isal_zlib

from beam_pipeline.objects import EMPTY_LAST_BLOCK, GZIP_HEADER, GZIP_TRAILER

_FULL_FLUSH: Final = b"\x00\x00\xff\xff"
_END: Final = _FULL_FLUSH + EMPTY_LAST_BLOCK
_LEVEL: Final = 2  # of ISA-L's 0 to 3
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_GZIP: Final = zlib.MAX_WBITS | 16
_PIECE: Final = 256 * 1024


class Blocks(NamedTuple):
    """Deflate blocks that end on a byte, none of them the last; length and CRC-32 of what they hold."""

    packed: memoryview | bytes
    size: int
    crc: int


def blocks_of(stored: bytes) -> Blocks | None:
    """What an object of ours holds, as it is; None for one that others wrote."""
    trailer = len(stored) - GZIP_TRAILER.size
    if not stored.startswith(GZIP_HEADER) or not stored.endswith(_END, 0, trailer):
        return None
    crc, size = GZIP_TRAILER.unpack_from(stored, trailer)
    return Blocks(memoryview(stored)[len(GZIP_HEADER) : trailer - len(EMPTY_LAST_BLOCK)], size, crc)


def blocks_from(texts: Iterable[bytes]) -> Blocks:
    """Texts one after the other, deflated together."""
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    packed = []
    crc = size = 0
    for text in texts:
        packed.append(compressor.compress(text))
        crc = isal_zlib.crc32(text, crc)
        size += len(text)
    packed.append(compressor.flush(isal_zlib.Z_FULL_FLUSH))
    return Blocks(b"".join(packed), size, crc)


def join(parts: Iterable[Blocks]) -> bytes:
    """One gzip object of everything that the parts hold, in their order."""
    crc = size = 0
    pieces: list[memoryview | bytes] = [GZIP_HEADER]
    for part in parts:
        pieces.append(part.packed)
        crc = isal_zlib.crc32_combine(crc, part.crc, part.size)
        size += part.size
    return b"".join([*pieces, EMPTY_LAST_BLOCK, GZIP_TRAILER.pack(crc, size & 0xFFFF_FFFF)])


def unpacked(stored: bytes) -> Iterator[bytes]:
    """The text of a gzip object, of one member or several, in pieces.

    Raises:
        ValueError: it is damaged, or cut off.
    """
    member = isal_zlib.decompressobj(_GZIP)
    fresh = True
    for start in range(0, len(stored), _PIECE):
        piece = stored[start : start + _PIECE]
        while piece:
            if member.eof:
                member = isal_zlib.decompressobj(_GZIP)
            try:
                yield member.decompress(piece)
            except igzip_lib.IsalError as error:  # type: ignore[misc] # its stub says Any
                raise ValueError(f"not the gzip object that it was ({error})") from None
            piece = member.unused_data if member.eof else b""
            fresh = False
    if fresh or not member.eof:
        raise ValueError("cut off before its end")
