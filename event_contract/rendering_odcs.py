"""The contract as a document of the Open Data Contract Standard 3 (https://bitol-io.github.io/open-data-contract-standard/)."""

import inspect
import json
from typing import Any, Final

from event_contract.columns import Column, columns_of
from event_contract.events import EVENT_VERSIONS

_LOGICAL: Final = {"string": "string", "int64": "integer", "bool": "boolean", "record": "object"}
_PHYSICAL: Final = {"string": "STRING", "int64": "INT64", "bool": "BOOL", "record": "STRUCT"}


def odcs() -> str:
    """The document, as JSON: every JSON text is YAML, too."""
    document = {
        "apiVersion": "v3.0.2",
        "kind": "DataContract",
        "id": "ecommerce-lake-events",
        "name": "Events of the shop",
        "version": "1.0.0",
        "status": "active",
        "domain": "ecommerce",
        "description": {
            "purpose": "Events of the shop, as they lie in the lake: one table per event type and version."
        },
        "schema": [
            _table(name, version, kind, newest=version == max(versions))
            for name, versions in EVENT_VERSIONS.items()
            for version, kind in versions.items()
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _table(name: str, version: int, kind: Any, *, newest: bool) -> dict[str, Any]:
    return {
        "name": name if newest else f"{name}_v{version}",
        "physicalName": name,
        "logicalType": "object",
        "physicalType": "table",
        "description": inspect.getdoc(kind),
        "properties": [_property(column) for column in columns_of(kind)],
    }


def _property(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name} | _typed(column) | {"description": column.description}
    if column.repeated:
        inner = {"name": "element"} | _typed(column)
        found |= {"logicalType": "array", "physicalType": f"ARRAY<{_PHYSICAL[column.kind]}>"}
        limits = {"minItems": column.least, "maxItems": column.most}
        found["logicalTypeOptions"] = {key: value for key, value in limits.items() if value is not None}
        found.pop("properties", None)
        found["items"] = inner
    found["required"] = column.required and not column.nullable
    if column.judgement:
        found["classification"] = "personal" if column.personal else "pseudonymous"
    if column.examples:
        found["examples"] = list(column.examples)
    return found


def _typed(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"logicalType": _LOGICAL[column.kind], "physicalType": _PHYSICAL[column.kind]}
    if column.fields:
        found["properties"] = [_property(nested) for nested in column.fields]
    low, high = ("minimum", "maximum") if column.kind == "int64" else ("minLength", "maxLength")
    limits = {low: column.minimum, high: column.maximum, "pattern": column.pattern or _any_of(column)}
    options = {key: value for key, value in limits.items() if value is not None}
    return found | ({"logicalTypeOptions": options} if options else {})


def _any_of(column: Column) -> str | None:
    """The values of a text as a pattern: the standard has no list of values."""
    return f"^({'|'.join(map(str, column.values))})$" if column.values and column.kind == "string" else None
