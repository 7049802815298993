"""Real builds: dbt over a lake on disk, into a DuckDB file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.lakes import Lake
from warehouse_runner import BuildResult, build

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def _builds_start_warm(warm_dbt: str) -> None:
    """Each build is a process of its own, whose dbt has been imported."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def build_ok(lake: Lake, **options: Any) -> BuildResult:
    """Builds the lake's warehouse and insists that it worked."""
    result = build(lake.path, lake.quarantine_path, lake.warehouse, **options)
    assert result.succeeded, result.failures
    return result


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    """Answers a query on a warehouse that nobody has open."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def content_hashes(warehouse: Path) -> dict[str, str]:
    """A digest of every table's rows, whatever their order."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            """select table_schema, table_name from information_schema.tables
            where table_type = 'BASE TABLE' and table_schema not in ('build_state') and table_name != 'audit_mark' order by all"""
        ).fetchall()
        return {
            f"{schema}.{table}": str(
                connection.execute(
                    f'select count(*), sum(hash(t)::hugeint), bit_xor(hash(t)) from "{schema}"."{table}" t'  # noqa: S608
                ).fetchone()
            )
            for schema, table in tables
        }
