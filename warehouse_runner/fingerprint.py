"""What a warehouse was built with: another fingerprint, and a build is due although nothing has changed in the lake."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_WRITTEN_BY_DBT: Final = frozenset({"target", "logs"})
_ENGINES: Final = ("dbt-core", "dbt-duckdb", "duckdb")


def fingerprint(project: Path, *roots: str) -> str:
    """SHA-256 of dbt's project, of the addresses that its views read, and of the versions of what runs it."""
    digest = hashlib.sha256()
    for part in (*roots, *map(importlib.metadata.version, _ENGINES)):
        digest.update(part.encode() + b"\0")
    for path in sorted(_files(project)):
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(project: Path) -> Iterator[Path]:
    for entry in project.iterdir():
        if entry.name in _WRITTEN_BY_DBT or entry.name.startswith("."):
            continue
        yield from (path for path in entry.rglob("*") if path.is_file()) if entry.is_dir() else [entry]
