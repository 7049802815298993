"""Where a warehouse remembers which manifest it was built from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import duckdb

from warehouse_runner.changes import Changes, ManifestState
from warehouse_runner.errors import WarehouseError
from warehouse_runner.snapshot import Unrecorded, known_folders, save_snapshot


class StateStore(Protocol):
    """The memory of one warehouse."""

    def known_folders(self) -> dict[str, str] | None:
        """Manifest folders whose records the warehouse holds, with their listing digests; None: it needs none."""

    def begin(self, changes: Changes, roots: dict[str, Path], days: Iterable[str] | None) -> list[Unrecorded]:
        """Fixes what the models of a run read (`snapshot`); returns objects read that the manifest does not name."""

    def load(self) -> ManifestState | None:
        """What the last successful build saw; None before the first."""

    def save(self, state: ManifestState, built_with: str | None = None) -> None:
        """Replaces the memory; `built_with` is a fingerprint, if the whole warehouse was built in one go."""

    def is_published(self, built_with: str) -> bool:
        """Whether the reports are those of a build with this fingerprint; False if that is not known."""


class DuckDBState:
    """Kept inside the DuckDB file: a warehouse that is deleted, moved or restored takes its memory along."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> ManifestState | None:
        if not self._path.exists():
            return None
        with self._connect(read_only=True) as connection:
            try:
                row = connection.execute("select manifest from build_state.last_success").fetchone()
            except duckdb.CatalogException:
                return None
        return None if row is None else dict(json.loads(row[0]))

    def known_folders(self) -> dict[str, str] | None:
        if not self._path.exists():
            return {}
        with self._connect(read_only=True) as connection:
            return known_folders(connection)

    def begin(self, changes: Changes, roots: dict[str, Path], days: Iterable[str] | None) -> list[Unrecorded]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._connect(read_only=False) as connection:
            return save_snapshot(connection, changes, roots, days)

    def save(self, state: ManifestState, built_with: str | None = None) -> None:
        with self._connect(read_only=False) as connection:
            connection.execute("create schema if not exists build_state")
            connection.execute(
                "create or replace table build_state.last_success as"
                " select ? as manifest, now() as built_at, ?::varchar as built_with",
                [json.dumps(state, separators=(",", ":")), built_with],
            )

    def is_published(self, built_with: str) -> bool:
        """Whether the last build had this fingerprint, and its reports, or later ones that were audited, are published.

        A run of dbt over the reports removes the mark of their audit when it begins (`dbt/macros/publish.sql`).
        """
        with self._connect(read_only=True) as connection:
            try:
                query = """select count(*) from build_state.last_success, reporting_audit.audit_mark
                    where built_with = ? and published_at is not null"""
                return connection.execute(query, [built_with]).fetchall() == [(1,)]
            except (duckdb.CatalogException, duckdb.BinderException):  # nothing built, or by an older release
                return False

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self._path), read_only=read_only)
        except duckdb.Error as error:
            raise WarehouseError(
                f"cannot open the warehouse {self._path} ({str(error).splitlines()[0]}); "
                "close whatever has it open, or delete the file to build it anew"
            ) from error


class FileState:
    """Kept in a JSON file: for a warehouse that is not a file itself (BigQuery)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> ManifestState | None:
        if not self._path.exists():
            return None
        return dict(json.loads(self._path.read_text(encoding="utf-8")))

    def known_folders(self) -> dict[str, str] | None:
        return None

    def begin(
        self,
        changes: Changes,  # noqa: ARG002 - the protocol's
        roots: dict[str, Path],  # noqa: ARG002
        days: Iterable[str] | None,  # noqa: ARG002
    ) -> list[Unrecorded]:
        return []  # BigQuery's models are bound by publish time (`published_before`)

    def is_published(self, built_with: str) -> bool:  # noqa: ARG002 - asking BigQuery costs more than it spares
        return False

    def save(self, state: ManifestState, built_with: str | None = None) -> None:  # noqa: ARG002
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(self._path.name + ".tmp")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self._path)
