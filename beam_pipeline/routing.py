"""Where one message goes, and the line it becomes there. Pure functions; the DoFns are thin around them."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

import msgspec

from beam_pipeline.messages import Message, hive_date, rfc3339, to_the_second
from event_contract import Attribute, Partition, QuarantinedMessage, Rejection

LAKE: Final = "lake"
QUARANTINE: Final = "quarantine"

_LINE_FEED: Final = ord("\n")  # numbers: bytes are searched for a number in an eighth of the time
_CARRIAGE_RETURN: Final = ord("\r")
_CLOSING_BRACE: Final = ord("}")
_LINE_BREAKS_TO_SPACES: Final = bytes.maketrans(b"\n\r", b"  ")
_JSON_WHITESPACE: Final = b" \t\n\r"
_json: Final = msgspec.json.Encoder().encode


def lake_destination(partition: Partition) -> str:
    """Key of a partition of the lake: the root's name and the folder below it."""
    return f"{LAKE}/{partition.path}"


def quarantine_destination(rejection: Rejection, publish_micros: int) -> str:
    """Key of a quarantine folder: by error code and publish date, for the date of the event may be what is wrong."""
    return f"{QUARANTINE}/failed/reason={rejection.code}/{hive_date(publish_micros)}"


def lake_lines(messages: Iterable[Message]) -> list[bytes]:
    """Each message as sent, on one line, plus the key ``_ingest``.

    Only for messages that the contract accepted: JSON objects with at least one key, in which a line break can only be
    white space.
    """
    lines = []
    second_micros, second_text = -1_000_000, ""
    for body, message_id, publish_micros, _ in messages:
        if body[-1] != _CLOSING_BRACE:
            body = body.rstrip(_JSON_WHITESPACE)
        if _LINE_FEED in body or _CARRIAGE_RETURN in body:
            body = body.translate(_LINE_BREAKS_TO_SPACES)
        micros = publish_micros - second_micros
        if not 0 <= micros < 1_000_000:
            seconds, micros = divmod(publish_micros, 1_000_000)
            second_micros, second_text = seconds * 1_000_000, to_the_second(seconds)
        if not message_id.isdecimal():
            message_id = _json(message_id).decode()[1:-1]
        six_digits = str(1_000_000 + micros)[1:]
        ingest = f',"_ingest":{{"message_id":"{message_id}","publish_time":"{second_text}{six_digits}Z"}}}}\n'
        lines.append(body[:-1] + ingest.encode())
    return lines


def quarantine_line(message: Message, rejection: Rejection, pipeline_version: str) -> bytes:
    """The message in an envelope that gives back its exact bytes and says why it is here."""
    envelope = QuarantinedMessage(
        code=rejection.code.value,
        message=rejection.message,
        field=rejection.field,
        payload=b64encode(message.data).decode(),
        attributes=sorted(Attribute(key=key, value=value) for key, value in message.attributes.items()),
        message_id=message.message_id,
        publish_time=rfc3339(message.publish_micros),
        pipeline_version=pipeline_version,
        fingerprint=hashlib.sha256(message.data).hexdigest(),
    )
    return _json(envelope) + b"\n"
