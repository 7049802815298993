"""The contract's types as table columns: the one description that every generated schema is rendered from."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from event_contract.events import EVENT_TYPES
from event_contract.lake_records import INGEST_DESCRIPTION, Ingest, ManifestRecord, QuarantinedMessage


@dataclass(frozen=True)
class Column:
    """A column. ``kind``: string, int64, bool, timestamp, date or record; a record has ``fields``.

    ``personal``: holds personal data, by its description.
    """

    name: str
    kind: str
    description: str
    repeated: bool = False
    fields: tuple["Column", ...] = ()
    required: bool = True
    nullable: bool = False
    rule: str = ""

    @property
    def personal(self) -> bool:
        return "Personal data" in self.description


def columns_of(struct: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of a type, in the order of its fields."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - narrows for the type checker
    return tuple(_column(field) for field in info.fields)


def event_columns(event_type: str) -> tuple[Column, ...]:
    """The columns of an event type's files: its fields, ``event_type`` second, and ``_ingest`` last."""
    first, *others = columns_of(EVENT_TYPES[event_type])
    tag = Column("event_type", "string", "Name of the event type.", rule=f"`{event_type}`")
    ingest = Column("_ingest", "record", INGEST_DESCRIPTION, fields=columns_of(Ingest))
    return (first, tag, *others, ingest)


HIVE_DATE_COLUMNS: Final = (
    Column("year", "int64", "Partition key: year of the date (UTC)."),
    Column("month", "int64", "Partition key: month of the date, 1 to 12."),
    Column("day", "int64", "Partition key: day of the month."),
)
REASON_COLUMN: Final = Column("reason", "string", "Partition key: the error code.")


def _column(field: msgspec.inspect.Field) -> Column:
    found, notes = _unwrap(field.type)
    nullable = isinstance(found, msgspec.inspect.UnionType)
    if nullable:
        (found,) = (part for part in found.types if not isinstance(part, msgspec.inspect.NoneType))
        found, _ = _unwrap(found)
    repeated = isinstance(found, msgspec.inspect.ListType)
    rule = notes.get("rule", "")
    if repeated:
        rule = f"{found.min_length} to {found.max_length} elements" if found.max_length else ""
        found = found.item_type
    fields: tuple[Column, ...] = ()
    if isinstance(found, msgspec.inspect.StructType):
        kind, fields = "record", columns_of(found.cls)
    else:
        kind, own_rule = _scalar(found)
        kind, rule = notes.get("type", kind), rule or own_rule
    return Column(field.encode_name, kind, notes["description"], repeated, fields, field.required, nullable, rule)


def _unwrap(found: Any) -> tuple[Any, dict[str, Any]]:
    """A type without what `msgspec.Meta` says of it, and what that is."""
    notes: dict[str, Any] = {}
    while isinstance(found, msgspec.inspect.Metadata):
        notes = (found.extra_json_schema or {}) | (found.extra or {}) | notes
        found = found.type
    return found, notes


def _scalar(found: Any) -> tuple[str, str]:
    """Kind and, in words, the rule of a scalar type."""
    inspect = msgspec.inspect
    if isinstance(found, inspect.BoolType):
        return "bool", "true or false"
    if isinstance(found, inspect.IntType):
        return "int64", f"{found.ge} to {found.le}" if found.ge is not None else "integer"
    if isinstance(found, inspect.LiteralType):
        if isinstance(found.values[0], int):
            return "int64", " or ".join(map(str, found.values))
        if len(found.values) > 20:
            return "string", f"one of {len(found.values)} codes"
        return "string", ", ".join(f"`{value}`" for value in found.values)
    if isinstance(found, inspect.StrType):
        if found.pattern:
            return "string", f"matches `{found.pattern.replace('|', chr(92) + '|')}`"
        if found.max_length:
            return "string", f"{found.min_length or 0} to {found.max_length} characters"
        return "string", "text"
    raise TypeError(f"no column kind for {found!r}: teach event_contract.columns about it")


QUARANTINE_COLUMNS: Final = columns_of(QuarantinedMessage)
MANIFEST_COLUMNS: Final = columns_of(ManifestRecord)
