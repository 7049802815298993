"""Builds a scratch warehouse from the whole lake and compares its reports with those published: they must be the same.

For a DuckDB warehouse, whose scratch copy is a file. An event ingested since the last daily run is a difference, too. Refused
messages that have expired are none: their days live on in the report alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from warehouse_runner import build

# Reports of what may expire, with the day that it was published.
_EXPIRING: Final = {"rpt_quarantine": "publish_date"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point: 0 if all reports are the same, 1 with a line for each that differs."""
    parser = argparse.ArgumentParser(prog="python -m warehouse_runner.full_refresh_check", description=__doc__)
    parser.add_argument("--lake", required=True, help="root of the lake")
    parser.add_argument("--quarantine", required=True, help="root of the quarantine")
    parser.add_argument("--duckdb-path", type=Path, required=True, help="the warehouse to check")
    parser.add_argument(
        "--quarantine-days", type=int, default=0, help="days that quarantined messages are kept; 0 (default): for ever"
    )
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ecommerce-check-") as scratch:
        fresh = Path(scratch, "warehouse.duckdb")
        result = build(given.lake, given.quarantine, fresh, full_refresh=True)
        if not result.succeeded:
            lines = [f"the full build failed: {failure}" for failure in result.failures]
        else:
            days = given.quarantine_days
            kept_since = datetime.now(UTC).date() - timedelta(days=days) if days > 0 else date.min
            lines = differences(given.duckdb_path, fresh, kept_since)
    print("\n".join(lines) or "All reports are as a full build makes them")  # noqa: T201 # the task's log
    return 1 if lines else 0


def differences(warehouse: Path, fresh: Path, kept_since: date = date.min) -> list[str]:
    """A line for each published report whose rows differ between two warehouses; of quarantined messages, those since a day."""
    lines = []
    with duckdb.connect() as connection:
        for name, path in (("kept", warehouse), ("fresh", fresh)):
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        reports = connection.execute(
            "select distinct table_name from information_schema.tables where table_schema = 'reporting' order by 1"
        ).fetchall()
        for (report,) in reports:
            since = f" where {_EXPIRING[report]} >= date '{kept_since}'" if report in _EXPIRING else ""
            kept, made = (f"select * from {side}.reporting.{report}{since}" for side in ("kept", "fresh"))  # noqa: S608 # names of our own
            counts = [_count(connection, f"{one} except all {other}") for one, other in ((kept, made), (made, kept))]
            if any(counts):
                lines.append(
                    f"{report}: {counts[0]} rows only in the published report, {counts[1]} only in a full build"
                )
    return lines


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


if __name__ == "__main__":
    sys.exit(main())
