"""Registers event types: one class per type and version, with the decorator `event_type`.

From a registered class follows everything that `make generate` writes. What would break a table or a reader is refused here, when
the contract is imported: a type or version that is there already, a name that SQL or the lake's folders need.
"""

import re
from typing import Any, Final, TypeVar

import msgspec

Kind = TypeVar("Kind", bound=type[msgspec.Struct])

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What GoogleSQL reserves (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords), with
# what DuckDB reserves besides: no column can have one of these names unquoted.
_RESERVED: Final = frozenset(
    """
    all analyse analyze and any array as asc asof assert_rows_modified at between both by case cast check
    collate collation column constraint contains create cross cube current current_date current_time
    current_timestamp default deferrable define desc describe distinct do else end enum escape except exclude
    exists extract false fetch following for foreign from full glob grant group grouping groups hash having if
    ignore in initially inner intersect interval into is join lambda lateral leading left like limit localtime
    localtimestamp lookup merge natural new no not null nulls of offset on only or order outer over partition
    pivot placing preceding primary proto qualify range recursive references respect returning right rollup
    rows select set show similar some struct symmetric table tablesample then to trailing treat true unbounded
    union unique unnest unpivot user using variadic when where window with within
    """.split()  # noqa: SIM905 - a list of a hundred literals is harder to read
)
# Keys of the lake's folders, and columns that staging makes of the envelope.
_TAKEN: Final = frozenset(
    {"year", "month", "day", "event_date", "event_at", "published_at", "message_id", "copies", "payload", "claimed_id"}
)

_registered: Final[dict[str, dict[int, Any]]] = {}


def event_type(kind: Kind) -> Kind:
    """Registers a class as the version of an event type that its tag and its `schema_version` name.

    Raises:
        ValueError: the type has this version already, or a field has a name that no column can have.
    """
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - narrows for the type checker
    name, version = str(info.tag), version_of(kind)
    if not _NAME.fullmatch(name):
        raise ValueError(f"{kind.__name__}: {name!r} is not a name like order_completed: give the class tag=…")
    for field in info.fields:
        if not _NAME.fullmatch(field.encode_name) or field.encode_name in _RESERVED | _TAKEN:
            raise ValueError(f"{kind.__name__}: no column can be named {field.encode_name!r}: choose another name")
    versions = _registered.setdefault(name, {})
    if version in versions:
        raise ValueError(
            f"{kind.__name__}: {name} has a version {version} already ({versions[version].__name__}): a new version needs"
            f" a schema_version of its own"
        )
    versions[version] = kind
    return kind


def version_of(kind: type[msgspec.Struct]) -> int:
    """The version that a class of the contract describes."""
    (found,) = (field for field in msgspec.structs.fields(kind) if field.name == "schema_version")
    literal = msgspec.inspect.type_info(found.type)
    while isinstance(literal, msgspec.inspect.Metadata):
        literal = literal.type
    if not isinstance(literal, msgspec.inspect.LiteralType) or len(literal.values) != 1:
        raise ValueError(f"{kind.__name__}: schema_version must be Literal[…] of one number")
    return int(str(literal.values[0]))


def registered_versions() -> dict[str, dict[int, Any]]:
    """The classes of every type by version, the oldest first; types in the order of their registration.

    Raises:
        ValueError: a type has versions other than one, or two that follow each other.
    """
    for name, versions in _registered.items():
        known = sorted(versions)
        if len(known) > 2 or known[-1] - known[0] != len(known) - 1:
            raise ValueError(
                f"{name} has the versions {', '.join(map(str, known))}: keep the newest and the one before it, no more"
            )
    return {name: dict(sorted(versions.items())) for name, versions in _registered.items()}
