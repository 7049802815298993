"""What a publisher's ledger counts: messages, by a hash that lake, quarantine and publisher compute alike.

A ledger holds, for each publish minute and event type, how many messages were published and the sum of their digests modulo
2^128: an additive hash of the multiset, so neither their order matters nor where a message came to lie.
"""

import base64
import hashlib
from typing import Final, NamedTuple

import msgspec

from event_contract.lake_records import Ingest, QuarantinedMessage

LEDGER_ATTRIBUTE: Final = "ledger"
"""Attribute of a message, the entry it is counted in: `PUBLISHER/2026-11-22T10:00Z`, the minute by the publisher's clock."""

MODULUS: Final = 1 << 128
"""Digests are added modulo this."""

_INGEST: Final = b',"_ingest":'
_LINE_BREAKS_TO_SPACES: Final = bytes.maketrans(b"\n\r", b"  ")
_WHITESPACE: Final = b" \t\n\r"
_decode_ingest: Final = msgspec.json.Decoder(Ingest).decode
_decode_envelope: Final = msgspec.json.Decoder(QuarantinedMessage).decode


class Arrived(NamedTuple):
    """A message as found in the lake or in quarantine; `ledger` is empty if its publisher keeps none."""

    message_id: str
    publish_time: str
    digest: int
    ledger: str
    event_type: str


def digest(message: bytes) -> int:
    """The first 16 bytes of a SHA-256 of the message as the lake holds it: line breaks as spaces, no white space at its end."""
    if b"\n" in message or b"\r" in message or message[-1:].isspace():
        message = message.rstrip(_WHITESPACE).translate(_LINE_BREAKS_TO_SPACES)
    return int.from_bytes(hashlib.sha256(message).digest()[:16])


def arrived_in_lake(line: bytes, event_type: str = "") -> Arrived:
    """The message of a line of the lake.

    Raises:
        ValueError: the pipeline did not write it.
    """
    place = line.rfind(_INGEST)
    if place < 0:
        raise ValueError("a line without the key _ingest")
    ingest = _decode_ingest(line[place + len(_INGEST) : line.rindex(b"}")])
    return Arrived(ingest.message_id, ingest.publish_time, digest(line[:place] + b"}"), ingest.ledger or "", event_type)


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
        digest(base64.b64decode(envelope.payload)),
        attributes.get(LEDGER_ATTRIBUTE, ""),
        attributes.get("event_type", ""),
    )
