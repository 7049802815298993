"""One snapshot a run: exactly which objects the models of a run read, whatever arrives in the lake meanwhile.

Models of one run read the lake at different moments, and an ingestion goes on writing. So the objects that the manifest named
when the changes were found are kept in the warehouse, in `build_state.snapshot_objects`, and the views over the lake read
only those (`dbt/macros/lake.sql`). The table follows the manifest folder by folder: a run reads only the folders that differ.

Objects whose lines another one holds in their place, by compaction or erasure, are not read: a record says so, and they are
deleted an hour later, so that a run under way still finds what it began with.

Objects without a record, left by an ingestion that was killed between an object and its record or copied there by hand, are read,
too, once they are too old to be on their way into the manifest: their lines are right, and the warehouse counts each event once.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from warehouse_runner.changes import Changes

ON_THEIR_WAY_SECONDS: Final = 900.0
"""An object younger than this may still get its manifest record: the ingestion writes that after the object."""

_REWRITTEN: Final = "-rewritten.ndjson"
"""Repeats event_contract.lake_layout.REWRITTEN: without a record, it is what an interrupted compaction or erasure left."""

_DATA: Final = {"lake": "event_type=*", "quarantine": "failed/reason=*"}


class Unrecorded(NamedTuple):
    """An object that the manifest does not name: its root and path below it."""

    root: str
    path: str


def known_folders(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Manifest folders whose records the table holds, each with the digest of its listing."""
    try:
        query = "select folder, any_value(listing) from build_state.snapshot_objects where folder != '' group by 1"
        return dict(connection.execute(query).fetchall())
    except duckdb.CatalogException:
        return {}


def save_snapshot(
    connection: duckdb.DuckDBPyConnection,
    changes: Changes,
    roots: dict[str, Path],
    days: Iterable[str] | None,
    now: float | None = None,
) -> list[Unrecorded]:
    """Brings the table up to date with a manifest that was just read.

    Args:
        connection: of the warehouse, writable.
        changes: what `find_changes` found.
        roots: folder of the lake and of the quarantine.
        days: dates (ISO) that the run reads; None: all.
        now: seconds since the epoch; default: the clock.

    Returns:
        Objects of those days that the manifest does not name and that are read all the same.
    """
    connection.execute("create schema if not exists build_state")
    connection.execute(
        """create table if not exists build_state.snapshot_objects (
            folder varchar, listing varchar, root varchar, path varchar)"""
    )
    stale = [*changes.read, *(folder for folder in known_folders(connection) if folder not in changes.state)]
    connection.execute("begin")
    try:
        connection.execute(
            "delete from build_state.snapshot_objects where folder = '' or folder in (select unnest(?::varchar[]))",
            [stale],
        )
        _insert(connection, _rows(changes))
        moment = time.time() if now is None else now
        _insert(
            connection,
            (("", "", *each) for each in _old_objects(roots, days, moment)),
        )
        connection.execute(
            """delete from build_state.snapshot_objects as old where old.folder = '' and exists (
                select * from build_state.snapshot_objects as named
                where named.folder != '' and named.root = old.root and named.path = old.path)"""
        )
        surplus = connection.execute(
            "select root, path from build_state.snapshot_objects where folder = '' order by 1, 2"
        ).fetchall()
        connection.execute(
            """create or replace table build_state.snapshot_files as
            select distinct root, if(root = 'quarantine', ?, ?) || '/' || path as file
            from build_state.snapshot_objects as named
            where root not like 'replaced in %' and not exists (
                select * from build_state.snapshot_objects as gone
                where gone.root = 'replaced in ' || named.root and gone.path = named.path)""",
            [roots["quarantine"].as_posix(), roots["lake"].as_posix()],
        )
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return [Unrecorded(*row) for row in surplus]


def _rows(changes: Changes) -> Iterator[tuple[str, str, str, str]]:
    for folder, read in changes.read.items():
        for name in read.files:
            yield folder, read.listing, "manifest", name
        for root, path in {(record.root, record.path) for record in read.records}:
            yield folder, read.listing, root, path
        for record in read.records:
            for path in record.replaced_paths:
                yield folder, read.listing, f"replaced in {record.root}", path


def _insert(connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[str, ...]]) -> None:
    """By way of a file: thousands of rows one by one would take DuckDB seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        count = 0
        for count, row in enumerate(rows, start=1):  # noqa: B007 # counted
            file.write(json.dumps(row) + "\n")
        file.flush()
        if count:
            connection.execute(
                "insert into build_state.snapshot_objects select j[1], j[2], j[3], j[4] from"
                " (select from_json(json, '[\"VARCHAR\"]') as j from read_json_objects(?, format = 'newline_delimited'))",
                [file.name],
            )


def _old_objects(roots: dict[str, Path], days: Iterable[str] | None, now: float) -> Iterator[Unrecorded]:
    keys = ["year=*/month=*/day=*"] if days is None else [_hive(day) for day in days]
    for root, folders in _DATA.items():
        for key in keys:
            for path in sorted(roots[root].glob(f"{folders}/{key}/*.ndjson*")):
                if _REWRITTEN not in path.name and now - path.stat().st_mtime > ON_THEIR_WAY_SECONDS:
                    yield Unrecorded(root, path.relative_to(roots[root]).as_posix())


def _hive(day: str) -> str:
    year, month, number = day.split("-")
    return f"year={year}/month={month}/day={number}"
