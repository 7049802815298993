"""`contract.lock`: what of the contract is released, for comparison. Descriptions and examples are no part of it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from event_contract.amounts import AMOUNT_CHECKS
from event_contract.columns import Column, columns_of
from event_contract.events import EVENT_VERSIONS

LOCK_FILE: Final = "contract.lock"
Description = dict[str, dict[str, Any]]
"""By event type and version (as text): `adds_up`, and `fields` by path, like `items[].quantity`."""

_LIMITS: Final = ("values", "pattern", "minimum", "maximum", "least", "most", "replaces", "staged")


def described(versions: Mapping[str, Mapping[int, type[msgspec.Struct]]] = EVENT_VERSIONS) -> Description:
    """The contract as the lock has it."""
    return {
        name: {
            str(version): {
                "adds_up": kind in AMOUNT_CHECKS,
                "fields": {path: _field(column) for path, column in _paths(columns_of(kind))},
            }
            for version, kind in found.items()
        }
        for name, found in versions.items()
    }


def written(description: Description) -> str:
    """The content of the file: a field a line, so that a review shows what changed."""
    lines = ["{"]
    for name, versions in description.items():
        lines.append(f"  {json.dumps(name)}: {{")
        for version, content in versions.items():
            lines.append(f'    "{version}": {{"adds_up": {json.dumps(content["adds_up"])}, "fields": {{')
            fields = [f"      {json.dumps(path)}: {json.dumps(field)}" for path, field in content["fields"].items()]
            lines.append(",\n".join(fields))
            lines.append("    }}" + ("," if version != list(versions)[-1] else ""))
        lines.append("  }" + ("," if name != list(description)[-1] else ""))
    return "\n".join([*lines, "}"]) + "\n"


def _paths(columns: Iterable[Column], before: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        path = before + column.name
        yield path, column
        yield from _paths(column.fields, f"{path}[]." if column.repeated else f"{path}.")


def _field(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": column.kind, "required": column.required}
    found |= {"repeated": True} if column.repeated else {}
    found |= {"nullable": True} if column.nullable else {}
    found |= {name: value for name in _LIMITS if (value := getattr(column, name)) not in (None, "", ())}
    if "values" in found:
        found["values"] = sorted(found["values"])
    return found | {"personal": "unknown" if column.judgement is None else column.judgement}
