"""What a publisher's ledger counts: messages, by a hash that lake, quarantine and publisher compute alike.

A ledger holds, for each publish minute and event type, the number of messages, and the sums of their lengths and of their CRC-32:
an additive hash of the multiset, so neither their order matters nor where a message came to lie.

    sums = Sums.of([b'{"event_id": "1"}', b'{"event_id": "2"}'])
    sums.add_one(Check.of(b'{"event_id": "3"}'))

It is made for accidents, not against forgers. One altered message is missed if its CRC-32 and its length stay the same: once in
2^32 at random, never if all changed bits are within 32. CRC-32 is linear: two messages that are damaged alike, or exchange their
ends, leave the sum as it was once in some 2^16.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple, Self

import msgspec

from event_contract.lake_records import Ingest, QuarantinedMessage

LEDGER_ATTRIBUTE: Final = "ledger"
"""Attribute of a message, the entry it is counted in: `PUBLISHER/2026-11-22T10:00Z`, the minute by the publisher's clock."""

LEDGER_VERSION: Final = 2
"""Of the form of a ledger's line; lines of the first form have no version, and sums of SHA-256."""

_INGEST: Final = b',"_ingest":'
_LINE_BREAKS_TO_SPACES: Final = bytes.maketrans(b"\n\r", b"  ")
_WHITESPACE: Final = b" \t\n\r"
_decode_ingest: Final = msgspec.json.Decoder(Ingest).decode
_decode_envelope: Final = msgspec.json.Decoder(QuarantinedMessage).decode


class Arrived(NamedTuple):
    """A message as found in the lake or in quarantine; `ledger` is empty if its publisher keeps none."""

    message_id: str
    publish_time: str
    body: bytes
    ledger: str
    event_type: str


class Check(NamedTuple):
    """What is known of one message: length in bytes, and CRC-32, of its body."""

    size: int
    crc32: int

    @classmethod
    def of(cls, body: bytes) -> Check:
        """Of the body of a message."""
        return cls(len(body), zlib.crc32(body))


@dataclass(slots=True)
class Sums:
    """Of a multiset of messages.

    Attributes:
        count: messages.
        size: sum of the lengths of their bodies, in bytes.
        crc32: sum of the CRC-32 of their bodies.
    """

    count: int = 0
    size: int = 0
    crc32: int = 0

    @classmethod
    def of(cls, messages: list[bytes], crc32: Callable[[bytes], int] = zlib.crc32) -> Self:
        """Of messages as they are published; `crc32` may be a faster one with the same results."""
        bodies = list(map(bytes.rstrip, messages, repeat(_WHITESPACE)))
        joined = b"".join(bodies)
        if b"\n" in joined or b"\r" in joined:
            bodies = [
                body.translate(_LINE_BREAKS_TO_SPACES) if b"\n" in body or b"\r" in body else body for body in bodies
            ]
        return cls(len(bodies), len(joined), sum(map(crc32, bodies)))

    def add(self, other: Sums) -> None:
        """Adds what another multiset holds."""
        self.count += other.count
        self.size += other.size
        self.crc32 += other.crc32

    def add_one(self, check: Check) -> None:
        """Adds one message."""
        self.count += 1
        self.size += check.size
        self.crc32 += check.crc32


def body_of(message: bytes) -> bytes:
    """The message as the lake holds it: line breaks as spaces, no white space at its end."""
    return message.rstrip(_WHITESPACE).translate(_LINE_BREAKS_TO_SPACES)


def arrived_in_lake(line: bytes, event_type: str = "") -> Arrived:
    """The message of a line of the lake.

    Raises:
        ValueError: the pipeline did not write it.
    """
    place = line.rfind(_INGEST)
    if place < 0:
        raise ValueError("a line without the key _ingest")
    ingest = _decode_ingest(line[place + len(_INGEST) : line.rindex(b"}")])
    return Arrived(ingest.message_id, ingest.publish_time, line[:place] + b"}", ingest.ledger or "", event_type)


def arrived_in_quarantine(line: bytes, reason: str | None = None) -> Arrived:
    """The message of a line of quarantine; its type is what the sender's attribute says.

    Raises:
        ValueError: the pipeline did not write it, or not into the folder of this reason.
    """
    envelope = _decode_envelope(line)
    if reason is not None and envelope.code != reason:
        raise ValueError(f"reason code {envelope.code} in the folder of {reason}")
    attributes = {attribute.key: attribute.value for attribute in envelope.attributes}
    return Arrived(
        envelope.message_id,
        envelope.publish_time,
        body_of(base64.b64decode(envelope.payload)),
        attributes.get(LEDGER_ATTRIBUTE, ""),
        attributes.get("event_type", ""),
    )
