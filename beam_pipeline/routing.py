"""Where one message goes, and the line it becomes there. Pure functions; the DoFns are thin around them."""

import hashlib
from base64 import b64encode
from typing import Final

import msgspec

from beam_pipeline.messages import Message, hive_date, rfc3339
from event_contract import Attribute, Partition, QuarantinedMessage, Rejection

LAKE: Final = "lake"
QUARANTINE: Final = "quarantine"

_LINE_BREAKS_TO_SPACES: Final = bytes.maketrans(b"\n\r", b"  ")
_JSON_WHITESPACE: Final = b" \t\n\r"
_json: Final = msgspec.json.Encoder().encode


def lake_destination(partition: Partition) -> str:
    """Key of a partition of the lake: the root's name and the folder below it."""
    return f"{LAKE}/{partition.path}"


def quarantine_destination(rejection: Rejection, publish_micros: int) -> str:
    """Key of a quarantine folder: by error code and publish date, for the date of the event may be what is wrong."""
    return f"{QUARANTINE}/failed/reason={rejection.code}/{hive_date(publish_micros)}"


def lake_line(message: Message) -> bytes:
    """The message as sent, on one line, plus the key ``_ingest``.

    Only for a message that the contract accepted: a JSON object with at least one key, in which a line break can only be
    white space.
    """
    body = message.data
    if not body.endswith(b"}"):
        body = body.rstrip(_JSON_WHITESPACE)
    if b"\n" in body or b"\r" in body:
        body = body.translate(_LINE_BREAKS_TO_SPACES)
    message_id, published = _json_string(message.message_id), rfc3339(message.publish_micros)
    ingest = f',"_ingest":{{"message_id":{message_id},"publish_time":"{published}"}}}}\n'
    return body[:-1] + ingest.encode()


def _json_string(text: str) -> str:
    """A JSON string literal; ids of Pub/Sub are digits, which need no escaping."""
    return f'"{text}"' if text.isdecimal() else _json(text).decode()


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
