"""Payloads that their publisher compressed: Pub/Sub delivers them as they were sent."""

import zlib
from typing import Final

from beam_pipeline.messages import Message
from event_contract import MAX_MESSAGE_BYTES, ErrorCode, Rejection

ENCODING_ATTRIBUTE: Final = "content-encoding"
"""Attribute by which a publisher says how the payload is compressed, as HTTP's header of that name does."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_NAMES: Final = frozenset({"gzip", "x-gzip"})
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16


def decompressed(message: Message) -> Message | Rejection | None:
    """The message as it was before compression; why that cannot be had; or None if it is not compressed.

    Decompresses gzip whose attribute says so, up to the size that a message may have. For messages that are not proven valid
    as they are: what follows looks at attributes, which costs.
    """
    encoding = next((value for key, value in message.attributes.items() if key.lower() == ENCODING_ATTRIBUTE), "")
    if not message.data.startswith(_GZIP_MAGIC):
        if encoding and encoding.lower() not in _GZIP_NAMES and not _is_text(message.data):
            return _refused(f"attribute {ENCODING_ATTRIBUTE} is {encoding[:40]!r}: only gzip is decompressed")
        return None
    if not encoding:
        return _refused(f"the payload is gzip, and no attribute {ENCODING_ATTRIBUTE}=gzip says so")
    if encoding.lower() not in _GZIP_NAMES:
        return _refused(f"the payload is gzip, but attribute {ENCODING_ATTRIBUTE} is {encoding[:40]!r}")
    try:
        data = _gunzip(message.data)
    except zlib.error as problem:
        return _refused(f"the payload is damaged gzip ({problem})")
    if len(data) > MAX_MESSAGE_BYTES:
        return Rejection(
            ErrorCode.MESSAGE_TOO_LARGE,
            f"the message holds {len(message.data)} bytes of gzip and more than {MAX_MESSAGE_BYTES} decompressed,"
            " which are allowed",
        )
    return message._replace(data=data)


def _gunzip(packed: bytes) -> bytes:
    """All members of a gzip stream, but no more than a byte over the limit: a bomb must not be unpacked.

    Raises:
        zlib.error: it is damaged, cut off, or has something else behind it.
    """
    data = b""
    while packed and len(data) <= MAX_MESSAGE_BYTES:
        member = zlib.decompressobj(_GZIP_WINDOW)
        data += member.decompress(packed, MAX_MESSAGE_BYTES + 1 - len(data))
        if not member.eof and len(data) <= MAX_MESSAGE_BYTES:
            raise zlib.error("cut off")
        packed = member.unused_data
    return data


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refused(reason: str) -> Rejection:
    return Rejection(ErrorCode.INVALID_UTF8, f"not UTF-8: {reason}")
