"""The contract's types as table columns: the one description that every generated schema is rendered from."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from event_contract.events import EVENT_VERSIONS, Event
from event_contract.lake_records import INGEST_DESCRIPTION, Ingest, ManifestRecord, QuarantinedMessage


@dataclass(frozen=True)
class Column:
    """A column: what the contract says of a field.

    Attributes:
        kind: string, int64, bool, timestamp, date or record; a record has `fields`.
        required: it must be there; `nullable`: it may be null.
        rule: what it is held to, in words.
        judgement: what the contract says of personal data in it: True, "pseudonymous" or False; None where it says nothing.
        staged: "money" if staging makes a decimal of it.
        replaces: the field of the version before that it takes the place of; "" if there is none.
        values: the only values it may have. `pattern`: the regular expression that a text matches.
        minimum, maximum: of a number its bounds, of a text those of its length in characters.
        least, most: of a list the bounds of its length.
        examples: values to show.
    """

    name: str
    kind: str
    description: str
    repeated: bool = False
    fields: tuple["Column", ...] = ()
    required: bool = True
    nullable: bool = False
    rule: str = ""
    judgement: bool | str | None = None
    staged: str = ""
    replaces: str = ""
    values: tuple[str | int, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None
    least: int | None = None
    most: int | None = None
    examples: tuple[Any, ...] = ()

    @property
    def personal(self) -> bool:
        """Whether it holds personal data by itself."""
        return self.judgement is True

    @property
    def open(self) -> bool:
        """Whether it is known to say nothing about a person; a field that nobody has judged is not open."""
        return self.judgement is False


@functools.cache
def columns_of(struct: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of a type, in the order of its fields.

    Remembered: every judgement asks, and to look into a type takes half a millisecond.
    """
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - narrows for the type checker
    return tuple(_column(field) for field in info.fields)


def event_columns(event_type: str) -> tuple[Column, ...]:
    """The columns of an event type's files: the fields of all its versions, `event_type` second, and `_ingest` last."""
    newest, *older = (columns_of(kind) for kind in reversed(EVENT_VERSIONS[event_type].values()))
    first, *others = _together(newest, *older, of=event_type)
    tag = Column("event_type", "string", "Name of the event type.", rule=f"`{event_type}`")
    ingest = Column("_ingest", "record", INGEST_DESCRIPTION, fields=columns_of(Ingest))
    return (first, tag, *others, ingest)


def own_columns(event_type: str) -> tuple[Column, ...]:
    """What a type adds to the envelope, in all its versions."""
    envelope = {column.name for column in columns_of(Event)} | {"event_type", "_ingest"}
    return tuple(column for column in event_columns(event_type) if column.name not in envelope)


def _together(*versions: Iterable[Column], of: str) -> tuple[Column, ...]:
    """The columns of several versions in one table, described as the first has them.

    Raises:
        ValueError: two versions give one name to different things.
    """
    found: dict[str, Column] = {}
    for version in versions:
        for column in version:
            known = found.setdefault(column.name, column)
            if (known.kind, known.repeated) != (column.kind, column.repeated):
                raise ValueError(
                    f"{of}: `{column.name}` is {_shape(column)} in one version and {_shape(known)} in the next, and a table has"
                    " one column of a name: give the new field a new name"
                )
            if column.fields:
                fields = _together(known.fields, column.fields, of=f"{of}.{column.name}")
                found[column.name] = replace(known, fields=fields)
    return tuple(found.values())


def _shape(column: Column) -> str:
    return f"a list of {column.kind}" if column.repeated else column.kind


HIVE_DATE_COLUMNS: Final = (
    Column("year", "int64", "Partition key: year of the date (UTC)."),
    Column("month", "int64", "Partition key: month of the date, 1 to 12."),
    Column("day", "int64", "Partition key: day of the month."),
)
REASON_COLUMN: Final = Column("reason", "string", "Partition key: the reason code.")


def _column(field: msgspec.inspect.Field) -> Column:
    found, notes = _unwrap(field.type)
    nullable = isinstance(found, msgspec.inspect.UnionType)
    if nullable:
        (found,) = (part for part in found.types if not isinstance(part, msgspec.inspect.NoneType))
        found, inner = _unwrap(found)
        notes = inner | notes
    repeated = isinstance(found, msgspec.inspect.ListType)
    rule = notes.get("rule", "")
    limits: dict[str, Any] = {}
    if repeated:
        limits = {"least": found.min_length, "most": found.max_length}
        rule = f"{found.min_length} to {found.max_length} elements" if found.max_length else ""
        found, _ = _unwrap(found.item_type)
    if isinstance(found, msgspec.inspect.StructType):
        kind, limits["fields"] = "record", columns_of(found.cls)
    else:
        kind, own_rule, own_limits = _scalar(found)
        kind, rule, limits = notes.get("type", kind), rule or own_rule, limits | own_limits
    return Column(
        field.encode_name,
        kind,
        notes["description"],
        repeated,
        required=field.required,
        nullable=nullable,
        rule=rule,
        judgement=notes.get("personal"),
        staged=notes.get("staged", ""),
        replaces=notes.get("replaces", ""),
        examples=tuple(notes.get("examples", ())),
        **limits,
    )


def _unwrap(found: Any) -> tuple[Any, dict[str, Any]]:
    """A type without what `msgspec.Meta` says of it, and what that is."""
    notes: dict[str, Any] = {}
    while isinstance(found, msgspec.inspect.Metadata):
        notes = (found.extra_json_schema or {}) | (found.extra or {}) | notes
        found = found.type
    return found, notes


def _scalar(found: Any) -> tuple[str, str, dict[str, Any]]:
    """Kind, the rule in words, and the limits of a scalar type."""
    inspect = msgspec.inspect
    if isinstance(found, inspect.BoolType):
        return "bool", "true or false", {}
    if isinstance(found, inspect.IntType):
        bounds = {"minimum": found.ge, "maximum": found.le}
        return "int64", f"{found.ge} to {found.le}" if found.ge is not None else "integer", bounds
    if isinstance(found, inspect.LiteralType):
        values = {"values": tuple(found.values)}
        if isinstance(found.values[0], int):
            return "int64", " or ".join(map(str, found.values)), values
        if len(found.values) > 20:
            return "string", f"one of {len(found.values)} codes", values
        return "string", ", ".join(f"`{value}`" for value in found.values), values
    if isinstance(found, inspect.StrType):
        limits = {"pattern": found.pattern or "", "minimum": found.min_length, "maximum": found.max_length}
        if found.pattern:
            return "string", f"matches `{found.pattern.replace('|', chr(92) + '|')}`", limits
        if found.max_length:
            return "string", f"{found.min_length or 0} to {found.max_length} characters", limits
        return "string", "text", limits
    if isinstance(found, inspect.FloatType):
        raise TypeError("a float is no field: readers round it. Use Money, a whole number of a smaller unit, or text")
    raise TypeError(f"no column kind for {found!r}: teach event_contract.columns about it")


QUARANTINE_COLUMNS: Final = columns_of(QuarantinedMessage)
MANIFEST_COLUMNS: Final = columns_of(ManifestRecord)
