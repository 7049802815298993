"""The fast way to say yes: proves in about two microseconds that a message keeps the contract.

Nearly every message does, so this is what a million events cost. A message that is not proven here is judged step by
step (`inspection`), and may still be accepted.

The types that decode here are derived from `events`, the one contract. Two things differ. msgspec calls a pattern back
from C for every field, which costs as much as all other decoding; so patterns are taken out and checked here, where
values seen before need no second look. And an absent field that may be absent stays visible. The newest versions are tried
first, all in one decoder; a type that has another version is then tried as that.

No key may come twice: msgspec skips what it does not know and takes the last of what it knows, but a lake line keeps all,
and DuckDB would refuse the whole file. The proof counts quotes. Without backslashes, only keys and texts have any, two
each; a decoded event has each of its keys, and each of its texts, at least once. A message with just that many quotes can
hide neither a second copy of a key, nor an unknown one. Fields that may be absent are counted only where there are more. One
with still more is read in full, and its quotes must be those of the keys and texts that are found in it: unknown fields are
usual, for producers deploy first.
"""

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from event_contract.amounts import AMOUNT_CHECKS
from event_contract.events import EVENT_VERSIONS, RESERVED_FIELD, Event
from event_contract.limits import MAX_MESSAGE_BYTES
from event_contract.partitions import PARTITIONS, Partition, is_after_the_hour, is_time_of_day

_BACKSLASH: Final = ord("\\")  # looked for as a number: an eighth of the time that looking for a bytes object takes

# The contract's pattern of an event_id, in a third of the time.
_HEXADECIMAL_TO_ZERO: Final = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_SHAPE_OF_UUID: Final = b"00000000-0000-0000-0000-000000000000"
_OF_ONE_DIGIT: Final = frozenset(
    "-".join(digit * part for part in (8, 4, 4, 4, 12)).encode() for digit in "0123456789abcdefABCDEF"
)

_REMEMBERED: Final = 10_000
"""Combinations of values remembered, per event type, as fitting their patterns; and of keys, as harmless."""
_MOST_KEYS_REMEMBERED: Final = 64


def accept(payload: bytes, publish_micros: int) -> Partition | None:
    """The partition of a message that provably keeps the contract; None where that takes a closer look. Never raises.

    Args:
        payload: the message's data, as published.
        publish_micros: its publish time, in microseconds since the epoch (UTC).
    """
    if len(payload) > MAX_MESSAGE_BYTES or _BACKSLASH in payload:
        return None
    try:
        try:
            event = _decode_newest(payload)
        except msgspec.ValidationError:
            event = _decode_other(payload)
        kind = event._kind
        timestamp = event.timestamp
        known = kind.dates.get(timestamp[:10])
        if known is not None and known[1] <= publish_micros and is_time_of_day(timestamp, 10):
            partition = known[0]
        else:
            known = kind.hours.get(timestamp[:13] + timestamp[-6:])
            if known is not None and known[1] <= publish_micros and is_after_the_hour(timestamp, 13):
                partition = known[0]
            else:
                located = kind.locate(timestamp, publish_micros)
                if not isinstance(located, Partition):
                    return None
                partition = located
        patterned = kind.patterned(event)
        if not (patterned in kind.fitting or kind.fit(patterned)):
            return None
        event_id = event.event_id.encode()
        if event_id.translate(_HEXADECIMAL_TO_ZERO) != _SHAPE_OF_UUID or event_id in _OF_ONE_DIGIT:
            return None
        if kind.has_amounts and kind.faults(event) is not None:
            return None
        found = payload.count(b'"')
        quotes = event._quotes()
        if found == quotes or (kind.has_optional and found == quotes + event._optional_quotes()):
            return partition
        return partition if _hides_nothing(payload, found, kind) else None
    except Exception:  # noqa: BLE001 - what is wrong, with the message or with this proof, is for the judge to say
        return None


def _hides_nothing(payload: bytes, quotes: int, kind: "_Kind") -> bool:
    """Whether a message with so many quotes has none but those of its keys and texts, and nothing that readers choke on."""
    document = _decode_any(payload)  # what msgspec skipped is read in full only now, and may turn out not to be JSON
    return kind.harmless(document) and _quotes_in(document, _EASY_DEPTH) == quotes


def _quotes_in(found: dict[str, Any] | list[Any], depth: int) -> float:
    """Quotes of keys and texts; NaN, which equals nothing, if something is deeper or a number is larger than usual."""
    if not depth:
        return math.nan
    keys, values = (len(found), found.values()) if isinstance(found, dict) else (0, found)
    quotes: float = 2 * keys
    for value in values:
        kind = type(value)
        if kind is str:
            quotes += 2
        elif kind is dict or kind is list:
            quotes += _quotes_in(value, depth - 1)
        elif kind is int and not -_LARGE < value < _LARGE:
            return math.nan
    return quotes


_EASY_DEPTH: Final = 8
_LARGE: Final = 1 << 63


class _Texts(Enum):
    """How often a field that is there has a text as its value."""

    NEVER = 0
    ALWAYS = 1
    OR_NULL = 2
    INSIDE = 3
    """It holds an object or a list, which may have any number of them."""


_TEXTS: Final = (_Texts.ALWAYS, _Texts.OR_NULL)


class _Field(NamedTuple):
    """A field of a type that decodes here."""

    name: str
    type: Any
    required: bool

    @property
    def is_text(self) -> bool:
        """Whether it is there, and a text, in whatever is decoded."""
        return self.required and self.texts is _Texts.ALWAYS

    @property
    def texts(self) -> _Texts:
        """How many texts its value may have."""
        parts = _parts(self.type)
        scalars = [part for part in parts if part not in (NoneType, UnsetType)]
        kinds = set(map(type, get_args(scalars[0]))) if get_origin(scalars[0]) is Literal else set(scalars)
        if kinds == {str}:
            return _Texts.OR_NULL if NoneType in parts else _Texts.ALWAYS
        return _Texts.NEVER if kinds <= {int, bool} else _Texts.INSIDE


class _Quotes:
    """How many quotes the keys and the texts of an object have, of which nothing is known but its values.

    Args:
        fields: the fields of its type, in order; none of them holds an object or a list.
    """

    def __init__(self, fields: Sequence[_Field]) -> None:
        required = [field for field in fields if field.required]
        self._least = 2 * len(required) + 2 * sum(field.is_text for field in required)
        self._optional = _values_of([field.name for field in fields if not field.required])
        loose = (field for field in fields if field.texts in _TEXTS and not field.is_text)
        self._varying = _values_of([field.name for field in loose])
        is_fixed = all(field.required and field.texts is not _Texts.OR_NULL for field in fields)
        self.each: Final = self._least if is_fixed else 0

    def of(self, found: Sequence[Any]) -> int:
        """Those of several objects together."""
        quotes = self._least * len(found)
        if not self.each:
            for each in found:
                keys, texts = self._optional(each), self._varying(each)
                quotes += 2 * (len(keys) + len(texts) - keys.count(UNSET) - texts.count(UNSET) - texts.count(None))
        return quotes


class _Inside:
    """A field that holds an object, or a list of objects or of texts."""

    def __init__(self, field: _Field) -> None:
        part = next(part for part in _parts(field.type) if part not in (NoneType, UnsetType))
        (inner,) = _parts(get_args(part)[0]) if get_origin(part) is list else (part,)
        self.name: Final = field.name
        self._of: Callable[[Sequence[Any]], float] = lambda _: math.nan  # equals nothing: a closer look is taken
        struct = _struct_in(field.type)
        self._known: frozenset[str] | None = None
        each = 0
        if struct is not None:
            fields = _fields(struct, {})
            self._known = frozenset(field.encode_name for field in msgspec.structs.fields(struct))
            if all(field.texts is not _Texts.INSIDE for field in fields):
                quotes = _Quotes(fields)
                each, self._of = quotes.each, quotes.of
        elif get_origin(part) is list and _Field("", inner, required=True).texts is _Texts.ALWAYS:
            each, self._of = 2, lambda found: 2 * len(found)
        is_list = field.required and get_origin(part) is list and NoneType not in _parts(field.type)
        self.each: Final = each if is_list else 0
        """Quotes of one, if the field is always a list and all that it may hold have as many; 0 otherwise."""

    def quotes(self, event: Any) -> float:
        """Quotes of the keys and texts in it; its own key is not counted."""
        found = getattr(event, self.name)
        if type(found) is not list:
            found = () if found is None or found is UNSET else (found,)
        return self._of(found)

    def harmless(self, document: Mapping[str, Any]) -> bool:
        """Whether it has no key that the contract does not know."""
        if self._known is None:
            return True
        found = document.get(self.name) or ()
        return all(self._known.issuperset(each) for each in (found if type(found) is list else (found,)))


class _Kind:
    """What is to be proven of one version of an event type after decoding.

    Args:
        name: the event type.
        contract: its class.
        fields: the fields of the type that decodes it, in order.
        patterns: what some of its texts must match.
    """

    def __init__(self, name: str, contract: type[Event], fields: Sequence[_Field], patterns: Mapping[str, str]) -> None:
        self._patterns = [re.compile(pattern).match for pattern in patterns.values()]
        self.patterned: Final = operator.attrgetter(*patterns) if patterns else _nothing
        self.fitting: Final[set[object]] = set() if patterns else {None}
        self.dates: Final = PARTITIONS[name].dates
        self.hours: Final = PARTITIONS[name].hours
        self.locate: Final = PARTITIONS[name].locate
        self.faults: Final = AMOUNT_CHECKS.get(contract, _nothing)
        self._known = frozenset({"event_type"}.union(field.encode_name for field in msgspec.structs.fields(contract)))
        self._folded = self._known | {RESERVED_FIELD}
        self._harmless: set[tuple[str, ...]] = set()
        self._inside = [_Inside(field) for field in fields if field.texts is _Texts.INSIDE]
        self.quotes: Final = _quotes_of([field for field in fields if field.required], self._inside)
        optional = [field for field in fields if not field.required and field.name != "schema_version"]
        self.has_optional: Final = bool(optional)
        self.optional_quotes: Final = _optional_quotes_of(optional) if optional else _no_quotes
        self.has_amounts: Final = contract in AMOUNT_CHECKS

    def fit(self, values: Any) -> bool:
        """Whether the values that `patterned` gave fit their patterns; remembered if so."""
        texts = values if isinstance(values, tuple) else (values,)
        # What is no text is null, or not there, and the decoder has taken it.
        if not all(type(text) is not str or fits(text) for fits, text in zip(self._patterns, texts, strict=True)):
            return False
        if len(self.fitting) >= _REMEMBERED:
            self.fitting.clear()
        self.fitting.add(values)
        return True

    def harmless(self, document: Mapping[str, Any]) -> bool:
        """Whether no unknown key equals a known one but for case: BigQuery and JSON readers take both for one column."""
        keys = tuple(document)
        if keys not in self._harmless:
            if any(key.lower() in self._folded for key in keys if key not in self._known):
                return False
            if len(keys) <= _MOST_KEYS_REMEMBERED:
                if len(self._harmless) >= _REMEMBERED:
                    self._harmless.clear()
                self._harmless.add(keys)
        return not self._inside or all(inside.harmless(document) for inside in self._inside)


def _nothing(_: object) -> None:
    return None


def _no_quotes(_: object) -> int:
    return 0


def _quotes_of(required: Sequence[_Field], inside: Sequence[_Inside]) -> Callable[[Any], float]:
    """Makes a method that counts the quotes of what must be there: two for each key and for each text; the tag has four.

    The version's key is counted where it is there, for most producers send it, and what is in objects and lists is. One
    expression of the fields' own names: a call for each of these parts would cost more than all the rest of them.
    """
    least = 4 + sum(4 if field.texts in _TEXTS else 2 for field in required)
    nullable = [field.name for field in required if field.texts is _Texts.OR_NULL]
    counted = [
        f"({least} if self.schema_version is UNSET else {least + 2})",
        *(f"(0 if self.{name} is not None else -2)" for name in nullable),
        *(
            f"{each.each} * len(self.{each.name})" if each.each else f"inside[{i}].quotes(self)"
            for i, each in enumerate(inside)
        ),
    ]
    return _method(" + ".join(counted), inside)


def _optional_quotes_of(optional: Sequence[_Field]) -> Callable[[Any], float]:
    """Makes a method that counts the quotes of fields that may be absent: two for the key of each that is there, two for a text.

    The usual case first: `8 if self.a and self.b else …`.
    """
    conditions, terms = [], []
    for name, is_text in ((field.name, field.texts in _TEXTS) for field in optional):
        conditions.append(f"self.{name}" if is_text else f"self.{name} is not UNSET")
        each = f"4 if self.{name} else 0 if self.{name} is UNSET else 2 if self.{name} is None else 4"
        terms.append(f"({each})" if is_text else f"(0 if self.{name} is UNSET else 2)")
    most = sum(4 if field.texts in _TEXTS else 2 for field in optional)
    return _method(f"{most} if {' and '.join(conditions)} else {' + '.join(terms)}")


def _method(expression: str, inside: Sequence[_Inside] = ()) -> Callable[[Any], float]:
    made: Callable[[Any], float] = eval(f"lambda self: {expression}", {"UNSET": UNSET, "inside": inside})  # noqa: S307 - of the contract's names
    return made


def _values_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Gives the values of some attributes, always as a tuple."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda event: tuple([getattr(event, name) for name in names])


def _parts(annotated: Any) -> tuple[Any, ...]:
    """The types that a field may have, each without what is said about it."""
    if get_origin(annotated) is Annotated:
        return _parts(get_args(annotated)[0])
    if get_origin(annotated) in (Union, UnionType):
        return tuple(part for each in get_args(annotated) for part in _parts(each))
    return (annotated,)


def _struct_in(annotated: Any) -> type[msgspec.Struct] | None:
    """The type of the objects that a field holds, alone or in a list."""
    for part in _parts(annotated):
        inner = _parts(get_args(part)[0])[0] if get_origin(part) is list else part
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return inner
    return None


def _without_pattern(annotated: Any) -> tuple[Any, str | None]:
    """A field's type without its pattern, and the pattern."""
    bare, *notes = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
    if get_origin(bare) in (Union, UnionType):
        stripped = [_without_pattern(part) for part in get_args(bare) if part is not NoneType]
        if len(stripped) == 1:
            return stripped[0][0] | None, stripped[0][1]
    for note in notes:
        if isinstance(note, Meta) and note.pattern:
            return Annotated[bare, Meta(min_length=note.min_length, max_length=note.max_length)], note.pattern
    return annotated, None


def _with_optional_visible(annotated: Any) -> Any:
    """A field's type, objects in which an absent field stays visible in place of those that hide it by a default."""
    struct = _struct_in(annotated)
    if struct is None or all(field.required for field in msgspec.structs.fields(struct)):
        return annotated
    visible = _type_of(f"_{struct.__name__}", _fields(struct, {}))
    notes = get_args(annotated)[1:] if get_origin(annotated) is Annotated else ()
    nullable = NoneType in _parts(annotated)
    shape: Any = list[visible] if list in [get_origin(part) for part in _parts(annotated)] else visible  # type: ignore[valid-type]
    bounds = [note for note in notes if isinstance(note, Meta) and (note.min_length or note.max_length)]
    shape = Annotated[shape, bounds[0]] if bounds else shape
    return shape | None if nullable else shape


def _fields(struct: type[msgspec.Struct], patterns: dict[str, str]) -> list[_Field]:
    """The fields of a type for decoding here; what patterns its texts must match is added to `patterns`."""
    fields: list[_Field] = []
    for field in msgspec.structs.fields(struct):
        bare = field.type
        if issubclass(struct, Event):
            bare, pattern = _without_pattern(_with_optional_visible(field.type))
            if pattern is not None and field.name != "event_id":
                patterns[field.name] = pattern
        fields.append(_Field(field.name, bare, field.required))
    return fields


def _type_of(name: str, fields: Iterable[_Field], **how: Any) -> type[msgspec.Struct]:
    """A type with some fields, of which one that is absent stays visible."""
    shape = [(each.name, each.type) if each.required else (each.name, each.type | UnsetType, UNSET) for each in fields]
    return msgspec.defstruct(name, shape, frozen=True, kw_only=True, gc=False, **how)


def _decoding_type(name: str, contract: type[Event]) -> type[msgspec.Struct]:
    """The type that decodes events of one type and version here; its class attribute `_kind` says what is left to prove.

    Its methods `_quotes` and `_optional_quotes` count those that must and those that may be there: methods cost least to call.
    The names are such that no field has them.
    """
    patterns: dict[str, str] = {}
    fields = _fields(contract, patterns)
    kind = _Kind(name, contract, fields, patterns)
    own = {"_kind": kind, "_quotes": kind.quotes, "_optional_quotes": kind.optional_quotes}
    return _type_of(f"_{contract.__name__}", fields, namespace=own, tag_field="event_type", tag=name)


class _NoEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event_type", tag=""):
    """What an event without a name would be: nothing can be proven of it."""


def decoder_of(versions: Mapping[str, Mapping[int, type[Event]]], back: int) -> Callable[[bytes], Any]:
    """Decodes events of the newest versions (`back` 0) or of those before them (1)."""
    kinds = [
        _decoding_type(name, found[sorted(found, reverse=True)[back]])
        for name, found in versions.items()
        if len(found) > back
    ]
    if not kinds:
        return _no_such_version
    # Of a single type msgspec takes a message without a tag; of two it asks for one.
    return msgspec.json.Decoder(functools.reduce(operator.or_, [*kinds, _NoEvent])).decode


def _no_such_version(_: bytes) -> Any:
    raise msgspec.ValidationError("no type has another version")


_decode_newest: Final = decoder_of(EVENT_VERSIONS, 0)
_decode_other: Final = decoder_of(EVENT_VERSIONS, 1)
_decode_any: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
