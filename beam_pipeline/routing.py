"""Where one message goes, and the line it becomes there. Pure functions; the DoFns are thin around them."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from beam_pipeline.messages import Message, hive_date, rfc3339, to_the_second
from event_contract import Attribute, ErrorCode, Partition, QuarantinedMessage, Rejection
from event_contract.lake_layout import FAILED, LAKE, QUARANTINE
from event_contract.ledgers import LEDGER_ATTRIBUTE

_LINE_FEED: Final = ord("\n")  # numbers: bytes are searched for a number in an eighth of the time
_CARRIAGE_RETURN: Final = ord("\r")
_CLOSING_BRACE: Final = ord("}")
_LINE_BREAKS_TO_SPACES: Final = bytes.maketrans(b"\n\r", b"  ")
_JSON_WHITESPACE: Final = b" \t\n\r"
MAX_QUARANTINED_BYTES: Final = 11 * 1024 * 1024
"""Most bytes of a message that quarantine holds: more than Pub/Sub takes (10 MiB). Of a longer line of a file it holds the
beginning; the rest stays in the file that `message_id` names. Readers rely on it: DuckDB reads JSON lines of up to 16 MiB
(dbt/macros/lake.sql), which is this in base64 and the most attributes that a message can have."""
_THREE_DIGITS: Final = [f"{number:03}" for number in range(1000)]  # looked up in a third of the time of formatting
_json: Final = msgspec.json.Encoder().encode


def lake_destination(partition: Partition) -> str:
    """Key of a partition of the lake: the root's name and the folder below it."""
    return f"{LAKE}/{partition.path}"


def quarantine_destination(rejection: Rejection, publish_micros: int) -> str:
    """Key of a quarantine folder: by reason code and publish date, for the date of the event may be what is wrong."""
    return f"{QUARANTINE}/{FAILED}/reason={rejection.code}/{hive_date(publish_micros)}"


def lake_lines(messages: Iterable[Message], keep_attributes: bool = False) -> list[bytes]:
    """Each message as sent, on one line, plus the key `_ingest`, which names the entry of the publisher's ledger if it keeps one.

    With `keep_attributes` it holds attributes and ordering key besides, where there are any.

    Only for messages that the contract accepted: JSON objects with at least one key, in which a line break can only be
    white space.
    """
    lines = []
    second_micros, published = -1_000_000, ""
    for body, message_id, publish_micros, attributes, ordering_key in messages:
        if body[-1] != _CLOSING_BRACE:
            body = body.rstrip(_JSON_WHITESPACE)
        if _LINE_FEED in body or _CARRIAGE_RETURN in body:
            body = body.translate(_LINE_BREAKS_TO_SPACES)
        micros = publish_micros - second_micros
        if not 0 <= micros < 1_000_000:
            seconds, micros = divmod(publish_micros, 1_000_000)
            second_micros, published = seconds * 1_000_000, f'","publish_time":"{to_the_second(seconds)}'
        if not message_id.isdecimal():
            message_id = _json(message_id).decode()[1:-1]
        end = 'Z"}}\n'
        if keep_attributes or LEDGER_ATTRIBUTE in attributes:
            end = f'Z"{_kept(attributes, ordering_key, keep_attributes)}}}}}\n'
        first, second = _THREE_DIGITS[micros // 1000], _THREE_DIGITS[micros % 1000]
        lines.append(body[:-1] + f',"_ingest":{{"message_id":"{message_id}{published}{first}{second}{end}'.encode())
    return lines


def _kept(attributes: Mapping[str, str], ordering_key: str, keep_attributes: bool) -> str:
    """Keys of `_ingest`. Attributes are a list, as in quarantine: tables have no type for keys that differ from line to line."""
    ledger = attributes.get(LEDGER_ATTRIBUTE)
    kept = "" if ledger is None else f',"ledger":{_json(ledger).decode()}'
    if keep_attributes:
        kept += f',"attributes":{_json(_listed(attributes)).decode()}' if attributes else ""
        kept += f',"ordering_key":{_json(ordering_key).decode()}' if ordering_key else ""
    return kept


def _listed(attributes: Mapping[str, str]) -> list[Attribute]:
    return sorted(Attribute(key=key, value=value) for key, value in attributes.items())


def naming_the_source(rejection: Rejection, publish_micros: int, source: str) -> Rejection:
    """The rejection; one that compares with a publish time which is not Pub/Sub's says which it is and where it came from."""
    if not source or rejection.code is not ErrorCode.TIMESTAMP_IN_FUTURE:
        return rejection
    return rejection._replace(message=f"{rejection.message} {rfc3339(publish_micros)} ({source})")


def quarantine_line(message: Message, rejection: Rejection, pipeline_version: str) -> bytes:
    """The message in an envelope that says why it is here and gives back its exact bytes (`MAX_QUARANTINED_BYTES` at most)."""
    envelope = QuarantinedMessage(
        code=rejection.code.value,
        message=rejection.message,
        field=rejection.field,
        payload=b64encode(message.data[:MAX_QUARANTINED_BYTES]).decode(),
        attributes=_listed(message.attributes),
        message_id=message.message_id,
        publish_time=rfc3339(message.publish_micros),
        pipeline_version=pipeline_version,
        fingerprint=hashlib.sha256(message.data).hexdigest(),
    )
    return _json(envelope) + b"\n"
