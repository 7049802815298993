"""Where a warehouse remembers which manifest it was built from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import duckdb

from local_platform.warehouse.changes import ManifestState
from local_platform.warehouse.errors import WarehouseError


class StateStore(Protocol):
    """The memory of one warehouse."""

    def load(self) -> ManifestState | None:
        """What the last successful build saw; None before the first."""

    def save(self, state: ManifestState) -> None:
        """Replaces the memory."""


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

    def save(self, state: ManifestState) -> None:
        with self._connect(read_only=False) as connection:
            connection.execute("create schema if not exists build_state")
            connection.execute(
                "create or replace table build_state.last_success as select ? as manifest, now() as built_at",
                [json.dumps(state, separators=(",", ":"))],
            )

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

    def save(self, state: ManifestState) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(self._path.name + ".tmp")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self._path)
