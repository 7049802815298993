"""BigQuery table schemas (https://cloud.google.com/bigquery/docs/schemas#specifying_a_json_schema_file)."""

import json
from collections.abc import Sequence
from typing import Any, Final

from event_contract.columns import Column

_TYPES: Final = {"string": "STRING", "int64": "INTEGER", "bool": "BOOLEAN", "timestamp": "TIMESTAMP", "date": "DATE"}


def bigquery_schema(columns: Sequence[Column]) -> str:
    """The schema as a JSON file. No column is REQUIRED: a table over files should show a bad line, not fail on it."""
    return json.dumps([_field(column) for column in columns], indent=2, ensure_ascii=False) + "\n"


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": "RECORD" if column.kind == "record" else _TYPES[column.kind],
        "mode": "REPEATED" if column.repeated else "NULLABLE",
        "description": column.description,
    }
    if column.fields:
        field["fields"] = [_field(nested) for nested in column.fields]
    return field
