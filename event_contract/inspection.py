"""One message in, its partition or its rejection out."""

import re
from typing import Any, Final

import msgspec

from event_contract.acceptance import accept
from event_contract.amounts import check_amounts
from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.events import EVENT_TYPES, SCHEMA_VERSIONS, AnyEvent, Event
from event_contract.partitions import PARTITIONS, Partition
from event_contract.structure import read_object

_decode: Final = msgspec.json.Decoder(AnyEvent).decode
_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}


def decode(payload: bytes) -> Event:
    """The event in a message that `inspect` has accepted.

    Raises:
        msgspec.ValidationError: the message breaks the contract; ask `inspect` why.
    """
    event: Event = _decode(payload)
    return event


def inspect(payload: bytes, publish_micros: int) -> Partition | Rejection:
    """Where in the lake a message belongs, or why it belongs into quarantine. Never raises.

    Args:
        payload: the message's data, as published.
        publish_micros: its publish time, in microseconds since the epoch (UTC): what "in the future" is measured by, so
            that the answer is the same whenever the message is read again.
    """
    return accept(payload, publish_micros) or judge(payload, publish_micros)


def judge(payload: bytes, publish_micros: int) -> Partition | Rejection:
    """`inspect` for a message that `accept` has not accepted. Never raises."""
    try:
        return _judge(payload, publish_micros)
    except Exception as error:  # noqa: BLE001 - a bug of ours must cost one message its place in the lake, not stop the job
        return reject(ErrorCode.VALIDATOR_FAILURE, f"{type(error).__name__} in the validator")


def _judge(payload: bytes, publish_micros: int) -> Partition | Rejection:
    """Judges a message step by step; faults of the whole are named before faults of a field."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    problem = _check_discriminators(document)
    if problem is not None:
        return problem
    event_type = document["event_type"]
    try:
        event = _DECODERS[event_type].decode(payload)
    except msgspec.ValidationError as error:
        return _from_validation_error(str(error))
    place = PARTITIONS[event_type].locate(event.timestamp, publish_micros)
    if isinstance(place, Rejection):
        return place
    return check_amounts(event) or place


def _check_discriminators(document: dict[str, Any]) -> Rejection | None:
    if "event_type" not in document:
        return reject(ErrorCode.MISSING_FIELD, "required field `event_type` is absent", "event_type")
    event_type = document["event_type"]
    if not isinstance(event_type, str):
        return reject(ErrorCode.WRONG_TYPE, f"`event_type` is {event_type!r}, not a string", "event_type")
    if event_type not in EVENT_TYPES:
        known = ", ".join(EVENT_TYPES)
        return reject(ErrorCode.UNKNOWN_EVENT_TYPE, f"{event_type[:80]!r} is none of {known}", "event_type")
    version = document.get("schema_version", SCHEMA_VERSIONS[0])
    if type(version) is not int:
        return reject(ErrorCode.WRONG_TYPE, f"`schema_version` is {version!r}, not an integer", "schema_version")
    if version not in SCHEMA_VERSIONS:
        known = ", ".join(map(str, SCHEMA_VERSIONS))
        return reject(
            ErrorCode.UNKNOWN_SCHEMA_VERSION, f"{event_type} has no version {version}; known: {known}", "schema_version"
        )
    return None


# msgspec says what is wrong in one sentence; these are the forms that tell the codes apart.
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`(?: - at `\$\.?(?P<at>[^`]*)`)?")
_AT: Final = re.compile(r" - at `\$\.?(?P<at>[^`]*)`\Z")
_WRONG_TYPE: Final = re.compile(r"Expected `[^`]+`, got ")


def _from_validation_error(text: str) -> Rejection:
    missing = _MISSING.match(text)
    if missing:
        at = missing["at"]
        return reject(ErrorCode.MISSING_FIELD, text, f"{at}.{missing['name']}" if at else missing["name"])
    place = _AT.search(text)
    field = place["at"] if place else None
    return reject(ErrorCode.WRONG_TYPE if _WRONG_TYPE.match(text) else ErrorCode.INVALID_VALUE, text, field)
