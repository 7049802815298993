"""The fast way to say yes: proves in about two microseconds that a message keeps the contract.

Nearly every message does, so this is what a million events cost. A message that is not proven here is judged step by
step (`inspection`), and may still be accepted.

The types that decode here are derived from `events`, the one contract. Two things differ. msgspec calls a pattern back
from C for every field, which costs as much as all other decoding; so patterns are taken out and checked here, where
values seen before need no second look. And an absent ``schema_version`` stays visible.

No key may come twice: msgspec skips what it does not know and takes the last of what it knows, but a lake line keeps all,
and DuckDB would refuse the whole file. The proof counts colons. Every key has one; a decoded event has every required
key at least once; its timestamp's colons are known. A message without backslashes and with just that many colons can
hide neither a second copy of a key, nor an unknown one. One with more is read in full, and its colons must be those of the
keys and texts that are found in it: unknown fields are usual, for producers deploy first.
"""

import functools
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from event_contract.amounts import AMOUNT_CHECKS
from event_contract.events import EVENT_TYPES, RESERVED_FIELD, Event, Item
from event_contract.limits import MAX_MESSAGE_BYTES
from event_contract.partitions import PARTITIONS, Partition, is_time_of_day

_BACKSLASH: Final = ord("\\")  # looked for as a number: an eighth of the time that looking for a bytes object takes

# The contract's pattern of an event_id, in a third of the time.
_HEXADECIMAL_TO_ZERO: Final = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_SHAPE_OF_UUID: Final = b"00000000-0000-0000-0000-000000000000"

_REMEMBERED: Final = 10_000
"""Combinations of values remembered, per event type, as fitting their patterns."""


def accept(payload: bytes, publish_micros: int) -> Partition | None:
    """The partition of a message that provably keeps the contract; None where that takes a closer look. Never raises.

    Args:
        payload: the message's data, as published.
        publish_micros: its publish time, in microseconds since the epoch (UTC).
    """
    if len(payload) > MAX_MESSAGE_BYTES or _BACKSLASH in payload:
        return None
    try:
        event = _decode(payload)
        kind = event.kind
        timestamp = event.timestamp
        colons = kind.colons
        known = kind.dates.get(timestamp[:10])
        if known is not None and known[1] <= publish_micros and is_time_of_day(timestamp, 10):
            place = known[0]
        else:
            located = kind.locate(timestamp, publish_micros)
            if not isinstance(located, Partition):
                return None
            place = located
            colons += timestamp[-1] != "Z"
        values = kind.patterned(event)
        if not (values in kind.fitting or kind.fit(values)):
            return None
        if event.event_id.encode().translate(_HEXADECIMAL_TO_ZERO) != _SHAPE_OF_UUID:
            return None
        if event.schema_version is not UNSET:
            colons += 1
        if not kind.is_plain:
            if kind.faults(event) is not None:
                return None
            colons += kind.further_colons(event)
        found = payload.count(b":")
        return place if found == colons or _hides_nothing(payload, found) else None
    except Exception:  # noqa: BLE001 - what is wrong, with the message or with this proof, is for the judge to say
        return None


def _hides_nothing(payload: bytes, colons: int) -> bool:
    """Whether a message with so many colons has none but those of its keys and texts, and nothing that readers choke on."""
    document = _decode_any(payload)  # what msgspec skipped is read in full only now, and may turn out not to be JSON
    return RESERVED_FIELD not in document and _colons_in(document, _EASY_DEPTH) == colons


def _colons_in(found: dict[str, Any] | list[Any], depth: int) -> float:
    """Colons of keys and texts; NaN, which equals nothing, if something is deeper or a number is larger than usual."""
    if not depth:
        return math.nan
    keys: Collection[str] = found if isinstance(found, dict) else ()
    values: Collection[Any] = found.values() if isinstance(found, dict) else found
    texts = [value for value in values if type(value) is str]
    colons: float = len(keys) + "".join([*keys, *texts]).count(":")
    if len(texts) < len(values):
        for value in values:
            kind = type(value)
            if kind is dict or kind is list:
                colons += _colons_in(value, depth - 1)
            elif kind is int and not -_LARGE < value < _LARGE:
                return math.nan
    return colons


_EASY_DEPTH: Final = 8
_LARGE: Final = 1 << 63


class _Kind:
    """What is to be proven of one event type after decoding."""

    def __init__(self, name: str, contract: type[Event], patterns: Mapping[str, str]) -> None:
        self._patterns = [re.compile(pattern).match for pattern in patterns.values()]
        self.patterned: Final = operator.attrgetter(*patterns) if patterns else _nothing
        self.fitting: Final[set[object]] = set() if patterns else {None}
        self.colons: Final = _required_keys(contract) + 1 + 2  # the tag is no field; a time of day has two
        self.dates: Final = PARTITIONS[name].dates
        self.locate: Final = PARTITIONS[name].locate
        self.faults: Final = AMOUNT_CHECKS.get(contract, _nothing)
        self._has_items = "items" in contract.__struct_fields__
        self.is_plain: Final = not self._has_items and contract not in AMOUNT_CHECKS

    def fit(self, values: Any) -> bool:
        """Whether the values that `patterned` gave fit their patterns; remembered if so."""
        texts = values if isinstance(values, tuple) else (values,)
        if not all(fits(text) for fits, text in zip(self._patterns, texts, strict=True)):
            return False
        if len(self.fitting) >= _REMEMBERED:
            self.fitting.clear()
        self.fitting.add(values)
        return True

    def further_colons(self, event: Any) -> int:
        """Colons of the keys in the event's items."""
        return _ITEM_KEYS * len(event.items) if self._has_items else 0


def _nothing(_: object) -> None:
    return None


def _required_keys(struct: type[msgspec.Struct]) -> int:
    return sum(field.required for field in msgspec.structs.fields(struct))


_ITEM_KEYS: Final = _required_keys(Item)


def _without_pattern(annotated: Any) -> tuple[Any, str | None]:
    """A field's type without its pattern, and the pattern."""
    bare, *notes = get_args(annotated)
    for note in notes:
        if isinstance(note, Meta) and note.pattern:
            return Annotated[bare, Meta(min_length=note.min_length, max_length=note.max_length)], note.pattern
    return annotated, None


def _decoding_type(name: str, contract: type[Event]) -> type[msgspec.Struct]:
    """The type that decodes events of one type here; its class attribute ``kind`` says what is left to prove."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    patterns: dict[str, str] = {}
    for field in msgspec.structs.fields(contract):
        bare, pattern = _without_pattern(field.type)
        if pattern is not None and field.name != "event_id":
            patterns[field.name] = pattern
        fields.append((field.name, bare) if field.required else (field.name, bare | UnsetType, UNSET))
    return msgspec.defstruct(
        f"_{contract.__name__}",
        fields,
        namespace={"kind": _Kind(name, contract, patterns)},
        tag_field="event_type",
        tag=name,
        frozen=True,
        kw_only=True,
        gc=False,
    )


_DECODING_TYPES: Final = [_decoding_type(name, contract) for name, contract in EVENT_TYPES.items()]
_decode: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(functools.reduce(operator.or_, _DECODING_TYPES)).decode
_decode_any: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
