"""A full example event of every type and version, made from the contract: for the reference page, for tests, for a first message.

A field's value is the first of its `Meta(examples=[…])`, or else follows from its type.
"""

from collections.abc import Sequence
from typing import Any

from event_contract.columns import Column, columns_of
from event_contract.events import EVENT_VERSIONS


def example(event_type: str, version: int | None = None) -> dict[str, Any]:
    """An event with every field it can have; of the newest version, unless another is named."""
    versions = EVENT_VERSIONS[event_type]
    first, *others = _values(columns_of(versions[version or max(versions)])).items()
    return dict([first, ("event_type", event_type), *others])


def _values(columns: Sequence[Column]) -> dict[str, Any]:
    return {column.name: _value(column) for column in columns}


def _value(column: Column) -> Any:
    if column.examples:
        return column.examples[0]
    one = _values(column.fields) if column.fields else _scalar(column)
    return [one] if column.repeated else one


def _scalar(column: Column) -> Any:
    if column.values:
        return column.values[0]
    if column.kind == "bool":
        return True
    if column.kind == "int64":
        return 1 if column.minimum is None else max(column.minimum, 1)
    if column.pattern:
        raise ValueError(
            f"{column.name} has a pattern: give its Meta(…) examples=[…], so that an example event can be shown"
        )
    text = f"{column.name.removesuffix('_id')}-1" if column.name.endswith("_id") else "text"
    return text[: column.maximum]
