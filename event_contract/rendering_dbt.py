"""dbt sources: one table per event type, quarantine and manifest, for DuckDB (read_json) and BigQuery (external tables)."""

import inspect
import json
from collections.abc import Iterator, Sequence
from typing import Final

from event_contract.columns import (
    HIVE_DATE_COLUMNS,
    MANIFEST_COLUMNS,
    QUARANTINE_COLUMNS,
    REASON_COLUMN,
    Column,
    event_columns,
)
from event_contract.events import EVENT_TYPES
from event_contract.lake_layout import FAILED, MANIFEST

_DUCKDB_TYPES: Final = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "bool": "BOOLEAN",
    "timestamp": "VARCHAR",
    "date": "VARCHAR",
}
_FILES: Final = "year=*/month=*/day=*/*.ndjson*"
_HEADER: Final = """\
# Generated from event_contract by `make generate`: change the contract, not this file.
version: 2

sources:
  - name: lake
    description: The lake's files as tables, one per event type, with the quarantine and the manifest of objects written.
    database: "{{ env_var('GCP_PROJECT', 'local-project') if target.type == 'bigquery' else target.database }}"
    schema: "{{ target.schema ~ '_lake' if target.type == 'bigquery' else 'lake' }}"
    tables:
"""


def dbt_sources() -> str:
    """The sources file. `meta.duckdb` says how DuckDB reads the files; `columns` are BigQuery's."""
    lines: list[str] = []
    for event_type, kind in EVENT_TYPES.items():
        description = f"{inspect.getdoc(kind)} One row per line of the lake; an event may have several."
        columns = event_columns(event_type)
        lines += _table(
            event_type, description, "lake", f"event_type={event_type}/{_FILES}", columns, HIVE_DATE_COLUMNS
        )
    lines += _table(
        "quarantine",
        "Messages that the contract refused. One row per message received.",
        "quarantine",
        f"{FAILED}/reason=*/{_FILES}",
        QUARANTINE_COLUMNS,
        (REASON_COLUMN, *HIVE_DATE_COLUMNS),
    )
    lines += _table(
        "manifest",
        "Objects that the pipeline has written. One row per object and write.",
        "lake",
        f"{MANIFEST}/{_FILES}",
        MANIFEST_COLUMNS,
        HIVE_DATE_COLUMNS,
    )
    return _HEADER + "\n".join(lines) + "\n"


def _table(
    name: str, description: str, root: str, files: str, columns: Sequence[Column], keys: Sequence[Column]
) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        description: {_quoted(description)}"
    yield "        config:"
    yield f"          loaded_at_query: \"{{{{ manifest_freshness('{name}') }}}}\""
    yield "          freshness:"
    yield "            warn_after: {count: 36, period: hour}"
    if name == "manifest":  # the lake as a whole; one type may be quiet
        yield "            error_after: {count: \"{{ var('max_source_age_hours') | as_number }}\", period: hour}"
    yield "          meta:"
    yield "            require_partition_filter: [year, month, day]"
    yield "            duckdb:"
    yield f"              root: {root}"
    yield f"              files: {_quoted(files)}"
    yield "              columns:"
    for column in columns:
        yield f"                {column.name}: {_quoted(_duckdb_type(column))}"
    yield "        columns:"
    for column in (*columns, *keys):
        yield f"          - name: {column.name}"
        yield f"            data_type: {_quoted(_bigquery_type(column))}"
        yield f"            description: {_quoted(column.description)}"
        if column.personal:
            yield "            config:"
            yield "              tags: [personal_data]"


def _duckdb_type(column: Column) -> str:
    if column.kind == "record":
        inner = f"STRUCT({', '.join(f'{nested.name} {_duckdb_type(nested)}' for nested in column.fields)})"
    else:
        inner = _DUCKDB_TYPES[column.kind]
    return f"{inner}[]" if column.repeated else inner


def _bigquery_type(column: Column) -> str:
    if column.kind == "record":
        inner = f"struct<{', '.join(f'{nested.name} {_bigquery_type(nested)}' for nested in column.fields)}>"
    else:
        inner = column.kind
    return f"array<{inner}>" if column.repeated else inner


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
