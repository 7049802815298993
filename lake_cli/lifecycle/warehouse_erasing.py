"""The same persons leave a DuckDB warehouse: their rows are deleted, and the file is written anew without them.

DuckDB leaves deleted rows in the file's free blocks, so the file is copied. What was counted from their events is counted again
by the next build: their days have changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from lake_cli.errors import LakeError

_TEXT_COLUMNS: Final = """
    select schema_name, table_name, list(column_name)
    from duckdb_columns() join duckdb_tables() using (database_name, schema_name, table_name)
    where database_name = current_database() and (data_type like '%VARCHAR%' or data_type like '%JSON%')
    group by all order by all
"""


def erase_from_warehouse(file: Path, values: Iterable[str]) -> dict[str, int]:
    """Rows deleted by `schema.table`; the file is replaced only if there were any.

    Raises:
        LakeError: another process has the warehouse open.
    """
    import duckdb

    chosen = sorted(set(values))
    if not chosen or not file.exists():
        return {}
    pattern = r"(^|[^A-Za-z0-9_-])(" + "|".join(map(re.escape, chosen)) + r")([^A-Za-z0-9_-]|$)"
    try:
        connection = duckdb.connect(str(file))
    except duckdb.Error as error:
        raise LakeError(
            f"{file} cannot be opened ({str(error).splitlines()[0]}): wait for the build, then erase again"
        ) from None
    with connection:
        deleted = dict(_deleted(connection, pattern))
        if not deleted:
            return {}
        fresh = file.with_name(f".{file.name}.erased")
        fresh.unlink(missing_ok=True)
        connection.execute(f"attach '{_quoted(str(fresh))}' as fresh")
        (current,) = connection.execute("select current_database()").fetchone() or ("",)
        connection.execute(f'copy from database "{current}" to fresh')
        connection.execute("detach fresh")
    os.replace(fresh, file)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    return deleted


def _deleted(connection: Any, pattern: str) -> Iterable[tuple[str, int]]:
    columns = connection.execute(_TEXT_COLUMNS).fetchall()
    for schema, table, names in columns:
        condition = " or ".join(f'regexp_matches(cast("{name}" as varchar), $pattern)' for name in names)
        statement = f'delete from "{schema}"."{table}" where {condition}'  # noqa: S608 # names from the catalogue
        (count,) = connection.execute(statement, {"pattern": pattern}).fetchone()
        if count:
            yield f"{schema}.{table}", count


def _quoted(text: str) -> str:
    return text.replace("'", "''")
