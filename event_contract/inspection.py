"""One message in, its partition or its rejection out."""

import functools
import re
import traceback
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import msgspec

from event_contract.acceptance import accept
from event_contract.amounts import check_amounts
from event_contract.columns import Column, columns_of
from event_contract.envelopes import looks_like
from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.events import EVENT_VERSIONS, RESERVED_FIELD, Event
from event_contract.explaining import explain
from event_contract.partitions import PARTITIONS, Partition
from event_contract.structure import read_object

_DECODERS: Final = {
    (name, version): msgspec.json.Decoder(kind)
    for name, versions in EVENT_VERSIONS.items()
    for version, kind in versions.items()
}


class _Discriminators(msgspec.Struct):
    event_type: str
    schema_version: int = 1


def decode(payload: bytes) -> Event:
    """The event in a message that `inspect` has accepted.

    Raises:
        msgspec.ValidationError: the message breaks the contract; ask `inspect` why.
    """
    named = msgspec.json.decode(payload, type=_Discriminators)
    decoder = _DECODERS.get((named.event_type, named.schema_version))
    if decoder is None:
        raise msgspec.ValidationError(f"no {named.event_type} of version {named.schema_version} is in the contract")
    return decoder.decode(payload)


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
        return reject(ErrorCode.VALIDATOR_FAILURE, f"{type(error).__name__} in the validator{_last_frames(error)}")


def _last_frames(error: Exception) -> str:
    """Where an error of ours came from, without its text, which may quote the sender."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_KEPT:]
    return "".join(f"; {PurePath(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames))


_FRAMES_KEPT: Final = 4


def _judge(payload: bytes, publish_micros: int) -> Partition | Rejection:
    """Judges a message step by step; faults of the whole are named before faults of a field."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    problem = _check_discriminators(document)
    if problem is not None:
        return problem
    event_type, version = document["event_type"], document.get("schema_version", 1)
    kind = EVENT_VERSIONS[event_type][version]
    problem = _check_case(document, kind)
    if problem is not None:
        return problem
    try:
        event = _DECODERS[event_type, version].decode(payload)
    except msgspec.ValidationError as error:
        return explain(document, kind) or reject(ErrorCode.WRONG_TYPE, str(error))
    place = PARTITIONS[event_type].locate(event.timestamp, publish_micros)
    if isinstance(place, Rejection):
        return place
    return check_amounts(event) or place


def _check_discriminators(document: dict[str, Any]) -> Rejection | None:
    if "event_type" not in document:
        return reject(ErrorCode.MISSING_FIELD, _without_type(document), "event_type")
    event_type = document["event_type"]
    if not isinstance(event_type, str):
        return reject(
            ErrorCode.WRONG_TYPE, "`event_type` is no text: the name of an event type is needed", "event_type"
        )
    if event_type not in EVENT_VERSIONS:
        known = ", ".join(EVENT_VERSIONS)
        meant = _snake_case(event_type)
        hint = f"; write {meant}" if meant in EVENT_VERSIONS else f"; known: {known}"
        return reject(ErrorCode.UNKNOWN_EVENT_TYPE, f"no event type is named {event_type[:80]!r}{hint}", "event_type")
    version = document.get("schema_version", 1)
    if type(version) is not int:
        return reject(ErrorCode.WRONG_TYPE, "`schema_version` is not a whole number such as 1", "schema_version")
    if version not in EVENT_VERSIONS[event_type]:
        known = ", ".join(map(str, EVENT_VERSIONS[event_type]))
        return reject(
            ErrorCode.UNKNOWN_SCHEMA_VERSION,
            f"{event_type} has no version {str(version)[:20]}; known: {known}",
            "schema_version",
        )
    return None


def _without_type(document: dict[str, Any]) -> str:
    similar = next((key for key in document if key.replace("_", "").lower() == "eventtype"), None)
    if similar:
        return f"required field `event_type` is absent; the message has `{similar}`: write `event_type`"
    format_name = looks_like(document)
    if format_name:
        return f"this looks like a {format_name}, not an event of the contract: see docs/your-own-events.md"
    return "required field `event_type` is absent: the name of the event type, such as order_completed"


def _snake_case(text: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+", "_", text.strip()).lower()


def _check_case(document: dict[str, Any], kind: type[Event]) -> Rejection | None:
    """No key may equal a known one but for case: BigQuery and JSON readers take both for one column."""
    own, inner = _known_keys(kind)
    return _unlike_but_for_case(document, own, "") or next(filter(None, _inside(document, inner)), None)


def _inside(document: dict[str, Any], inner: tuple[tuple[Column, frozenset[str]], ...]) -> Iterator[Rejection | None]:
    for column, known in inner:
        found = document.get(column.name)
        for place, each in enumerate(found if isinstance(found, list) else [found]):
            if isinstance(each, dict):
                path = f"{column.name}[{place}]." if column.repeated else f"{column.name}."
                yield _unlike_but_for_case(each, known, path)


def _unlike_but_for_case(found: dict[str, Any], known: frozenset[str], path: str) -> Rejection | None:
    for key in found.keys() - known:
        lower = key.lower()
        if lower in known or lower == RESERVED_FIELD:
            return reject(
                ErrorCode.AMBIGUOUS_KEY,
                f"key {path + key!r} equals `{lower}` but for case, and readers take both for one column: write"
                f" {'another name' if lower == RESERVED_FIELD else f'`{lower}`, once'}",
                path + key,
            )
    return None


@functools.cache
def _known_keys(kind: type[Event]) -> tuple[frozenset[str], tuple[tuple[Column, frozenset[str]], ...]]:
    """The keys of an event, and of the objects in its fields: found once, for rejections are not rare."""
    columns = columns_of(kind)
    inner = [(column, _names_of(column.fields)) for column in columns if column.fields]
    return _names_of(columns), tuple(inner)


def _names_of(columns: tuple[Column, ...]) -> frozenset[str]:
    return frozenset({"event_type"}.union(column.name for column in columns))
