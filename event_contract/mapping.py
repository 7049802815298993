"""Makes events of the contract out of other systems' messages, by a declarative file per source in `event_contract/mappings`.

    recognise = { type = "track", messageId = true }       # what a message of this source has: a value, or any value
    name = "event"                                         # path to the source's own name of the event

    [envelope]                                             # fields of every event
    event_id = { from = "messageId", as = "uuid" }

    [events."Order Completed"]                             # fields of one event, by the source's name for it
    event_type = { const = "order_completed" }
    items = { each = "properties.products", fields = { product_id = "product_id" } }

A rule of a field is a path, or a table: `from` (a path, or several whose texts are joined), `const`, `default` where nothing
is found, `null` (null then) or `optional` (left out then), `values` (one for another), `as` (a conversion), `each` with
`fields` (a list of objects). A path's parts are keys, places in a list, or `key=NAME`: the element of a list whose `key` is
NAME. `unwrap` names the object that holds an event of the contract already; `envelope` then fills only what it lacks.
Messages bring values, never rules.
"""

import json
import tomllib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.structure import read_object

FOLDER: Final = Path(__file__).parent / "mappings"
_NOTHING: Final = object()
_NAMESPACE: Final = uuid.UUID("6f1d3f60-3f0b-5c0a-9d52-5a9f0c0e7c11")
_ANY: Final = "*"


class _CannotMap(Exception):
    """A value is missing or cannot be converted; the text says which."""


@dataclass(frozen=True)
class Source:
    """One system whose messages are mapped: the parsed content of its file."""

    name: str
    recognise: Mapping[str, Any]
    event_name: str
    unwrap: str
    envelope: Mapping[str, Any]
    events: Mapping[str, Mapping[str, Any]]

    def recognises(self, document: Mapping[str, Any]) -> bool:
        """Whether a message is one of this source."""
        return all(
            (found := _at(document, path)) is not _NOTHING and (wanted is True or found == wanted)
            for path, wanted in self.recognise.items()
        )


def source_names() -> tuple[str, ...]:
    """The sources that there is a file for."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str, folder: Path = FOLDER) -> Source:
    """Reads the mapping of a source.

    Raises:
        ValueError: there is none, or its file is wrong; the text says how.
    """
    path = folder / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"{name!r} is no mapping; there are: {', '.join(source_names())}")
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    unknown = found.keys() - {"recognise", "name", "unwrap", "envelope", "events"}
    if unknown or not found.get("recognise"):
        raise ValueError(f"{path}: {f'unknown key {min(unknown)!r}' if unknown else 'recognise is missing'}")
    events = found.get("events", {})
    for fields in (found.get("envelope", {}), *events.values()):
        _check(path, fields)
    return Source(
        name, found["recognise"], found.get("name", ""), found.get("unwrap", ""), found.get("envelope", {}), events
    )


def mapped(payload: bytes, sources: Sequence[Source]) -> bytes | Rejection | None:
    """The event that a message is, as JSON; why it is none; or None if no source recognises it. Never raises.

    Args:
        payload: a message that the contract refused for want of an event type.
        sources: the mappings in use; the first that recognises the message counts.
    """
    document = read_object(payload)
    if isinstance(document, Rejection):
        return None
    source = next((each for each in sources if each.recognises(document)), None)
    if source is None:
        return None
    try:
        event = _event(source, document)
    except _CannotMap as error:
        return reject(ErrorCode.MISSING_FIELD, f"mapping {source.name}: {error}")
    except Exception as error:  # noqa: BLE001 - as in `judge`: a fault of ours costs one message its place in the lake
        return reject(ErrorCode.VALIDATOR_FAILURE, f"{type(error).__name__} in the mapping {source.name}")
    if isinstance(event, Rejection):
        return event
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def _event(source: Source, document: Mapping[str, Any]) -> dict[str, Any] | Rejection:
    if source.unwrap:
        inner = _at(document, source.unwrap)
        if not isinstance(inner, dict):
            raise _CannotMap(f"`{source.unwrap}` is no object")
        return _fields({name: rule for name, rule in source.envelope.items() if name not in inner}, document) | inner
    name = _at(document, source.event_name)
    fields = source.events.get(str(name), source.events.get(_ANY))
    if fields is None:
        known = ", ".join(source.events)
        return reject(
            ErrorCode.UNKNOWN_EVENT_TYPE,
            f"mapping {source.name} has no event {str(name)[:60]!r}; it has: {known}",
            "event_type",
        )
    return _fields({**source.envelope, **fields}, document)


def _fields(rules: Mapping[str, Any], document: Any) -> dict[str, Any]:
    found = {name: _value(name, rule, document) for name, rule in rules.items()}
    return {name: value for name, value in found.items() if value is not _NOTHING}


def _value(name: str, rule: Any, document: Any) -> Any:
    rule = {"from": rule} if isinstance(rule, str) else rule
    if "const" in rule:
        return rule["const"]
    if "each" in rule:
        elements = _at(document, rule["each"])
        if not isinstance(elements, list):
            raise _CannotMap(f"`{rule['each']}` is no list, and {name} is made of one")
        return [_fields(rule["fields"], element) for element in elements]
    paths = rule["from"] if isinstance(rule["from"], list) else [rule["from"]]
    parts = [_at(document, path) for path in paths]
    if any(part is _NOTHING or part is None for part in parts):
        if "default" in rule:
            return rule["default"]
        if rule.get("null"):
            return None
        if rule.get("optional"):
            return _NOTHING
        raise _CannotMap(f"`{' + '.join(paths)}` is absent or null, and {name} is made of it")
    value = parts[0] if len(parts) == 1 else "/".join(map(str, parts))
    if "values" in rule:
        value = rule["values"].get(str(value), rule.get("default", value))
    return _CONVERSIONS[rule["as"]](value, name) if "as" in rule else value


def _at(document: Any, path: str) -> Any:
    """The value at a path, or _NOTHING."""
    found = document
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part, _NOTHING)
        elif isinstance(found, list) and part.startswith("key="):
            found = next((each for each in found if isinstance(each, dict) and each.get("key") == part[4:]), _NOTHING)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return _NOTHING
    return found


def _money(value: Any, name: str) -> str:
    try:
        amount = Decimal(str(value).strip())
        rounded = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        raise _CannotMap(f"{name} is no amount") from None
    if rounded != amount:
        raise _CannotMap(f"{name} has more than two decimals")
    return f"{rounded:f}"


def _uuid(value: Any, _: str) -> str:
    """The UUID that the value is, or one that follows from it: the same value is the same event, however often it is sent."""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, str(value)))


def _whole(value: Any, name: str) -> int:
    try:
        number = Decimal(str(value))
        if number == number.to_integral_value():
            return int(number)
    except InvalidOperation:
        pass
    raise _CannotMap(f"{name} is no whole number")


def _instant(units_a_second: int) -> Callable[[Any, str], str]:
    def convert(value: Any, name: str) -> str:
        number = _whole(value, name)
        seconds, rest = divmod(number, units_a_second)
        micros = rest * 1_000_000 // units_a_second
        try:
            moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros, tzinfo=None)
        except (OverflowError, ValueError, OSError):
            raise _CannotMap(f"{name} is no instant since 1970") from None
        return moment.isoformat(timespec="microseconds") + "Z"

    return convert


_CONVERSIONS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "money": _money,
    "text": lambda value, _: value if isinstance(value, str) else json.dumps(value),
    "whole": _whole,
    "uuid": _uuid,
    "path": lambda value, _: urlsplit(str(value)).path or "/",
    "upper": lambda value, _: str(value).upper(),
    "epoch_seconds": _instant(1),
    "epoch_millis": _instant(1000),
    "epoch_micros": _instant(1_000_000),
}
_KEYS: Final = {"from", "const", "default", "null", "optional", "values", "as", "each", "fields"}


def _check(path: Path, fields: Mapping[str, Any]) -> None:
    for name, rule in fields.items():
        if isinstance(rule, str):
            continue
        unknown = rule.keys() - _KEYS
        if unknown:
            raise ValueError(f"{path}: {name} has the unknown key {min(unknown)!r}; known: {', '.join(sorted(_KEYS))}")
        if rule.get("as", "text") not in _CONVERSIONS:
            raise ValueError(f"{path}: {name} is to be {rule['as']!r}; known: {', '.join(_CONVERSIONS)}")
        if not rule.keys() & {"from", "const", "each"} or ("each" in rule and "fields" not in rule):
            raise ValueError(f"{path}: {name} needs from, const, or each with fields")
        _check(path, rule.get("fields", {}))
