"""The truth file: what was sent, one JSON line a message, so that a run can be audited against the lake."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from producer.messages import Message


class TruthRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was sent.

    Attributes:
        sequence: its place in publishing order, from 0. A gap is a message that was never acknowledged.
        id: `event_id` of the event; poison has that of the event it was made from, a duplicate its original's.
        kind: `valid`, `late`, `out_of_order`, `duplicate`, or the poison kind.
        expected_code: reason code that validation must find, or None.
        sha256: of the message's bytes, in hexadecimal.
        event_type: of the event.
        date: UTC date of the event (`YYYY-MM-DD`), where its partition is; None for poison.
    """

    sequence: int
    id: str
    kind: str
    expected_code: str | None
    sha256: str
    event_type: str
    date: str | None


_encode = msgspec.json.Encoder().encode


def truth_line(sequence: int, message: Message) -> bytes:
    """The line of the truth file for a message, newline included."""
    record = TruthRecord(
        sequence=sequence,
        id=message.event_id,
        kind=message.kind,
        expected_code=message.expected_code,
        sha256=sha256(message.data).hexdigest(),
        event_type=message.event_type,
        date=message.date,
    )
    return _encode(record) + b"\n"


def read_truth(path: Path) -> Iterator[TruthRecord]:
    """The records of a truth file, in file order."""
    decode = msgspec.json.Decoder(TruthRecord).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)
