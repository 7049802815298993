"""What dbt sends to BigQuery, written down without BigQuery.

python -m tests.warehouse.bigquery_statements OUTPUT WORK_FOLDER

dbt and its BigQuery adapter run as they are, up to the one method that would send a statement. Nothing exists at first; the
second build finds every table of the first one, so that incremental models merge. Writes JSON:

    {"statements": [{"run", "sender", "sql"}], "failed": [what dbt could not do], "demands": {table: [partition column, …]}}

Tables are named as in SQL, without quotes: project.dataset.table. `demands` are those whose readers must filter on a partition
column.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import agate
from dbt.adapters.bigquery import BigQueryAdapter, BigQueryConnectionManager
from dbt.adapters.bigquery.connections import BigQueryAdapterResponse
from dbt.adapters.contracts.connection import ConnectionState
from dbt.cli.main import dbtRunner

from warehouse_runner.dbt_run import PROJECT_DIR

_BUILD = ["build", "--exclude-resource-type", "unit_test"]  # their rows are given, no table is read
_RUNS = (
    ("first build", False, _BUILD),
    ("second build", True, ["run"]),  # tests are the same again
    ("publish_reports", True, ["run-operation", "publish_reports"]),
    ("publish_reports, for the first time", False, ["run-operation", "publish_reports"]),
    ("source freshness", True, ["source", "freshness", "--select", "source:lake"]),
)


def _answer(sql: str) -> agate.Table:
    """What dbt must be told to go on: a test that failed on no row, a source that is fresh."""
    if "should_error" in sql:
        kinds = [agate.Number(), agate.Boolean(), agate.Boolean()]
        return agate.Table([(0, False, False)], ["failures", "should_warn", "should_error"], kinds)
    now = datetime.now(UTC)
    return agate.Table([(now, now)], ["max_loaded_at", "snapshotted_at"])


class _Recorder:
    """Stands in for what talks to BigQuery; remembers what was sent."""

    def __init__(self) -> None:
        self.statements: list[dict[str, str]] = []
        self.columns: dict[str, list[str]] = {}
        self.run, self.all_exist = "", False
        self._lock = threading.Lock()

    def install(self) -> None:
        recorder = self

        def opened(connection: Any) -> Any:
            connection.handle, connection.state = MagicMock(), ConnectionState.OPEN
            return connection

        def execute(manager: Any, sql: str, *_: Any, **__: Any) -> Any:
            with recorder._lock:
                sender = str(manager.get_thread_connection().name)
                recorder.statements.append({"run": recorder.run, "sender": sender, "sql": sql})
            return BigQueryAdapterResponse("OK"), _answer(sql)

        def relation(adapter: Any, database: str, schema: str, identifier: str) -> Any:
            if not recorder.all_exist or "__dbt_tmp" in identifier:
                return None
            kind = "view" if identifier.startswith("stg_") else "table"
            return adapter.Relation.create(database=database, schema=schema, identifier=identifier, type=kind)

        def columns(adapter: Any, found: Any) -> list[Any]:
            names = recorder.columns.get(str(found.identifier).split("__dbt_tmp")[0], ["some_column"])
            return [adapter.Column(name, "STRING") for name in names]

        replacements: dict[str, Any] = {
            "get_relation": relation,
            "get_columns_in_relation": columns,
            "list_relations_without_caching": lambda *_: [],
            "list_schemas": lambda *_: [],
            "check_schema_exists": lambda *_: True,
            "create_schema": lambda *_: None,
            "drop_relation": lambda *_: None,
            "is_replaceable": lambda *_: True,
            "load_dataframe": lambda *_, **__: "",
            "upload_file": lambda *_, **__: "",
            "update_columns": lambda *_: None,
            "update_table_description": lambda *_: None,
            "grant_access_to": lambda *_: None,
        }
        for name, replacement in replacements.items():
            if hasattr(BigQueryAdapter, name):
                original = getattr(BigQueryAdapter, name)
                if getattr(original, "_is_available_", False):
                    replacement._is_available_ = True
                setattr(BigQueryAdapter, name, replacement)
        BigQueryConnectionManager.open = staticmethod(opened)  # type: ignore[assignment]
        BigQueryConnectionManager.execute = execute  # type: ignore[method-assign]


def _demands(manifest: Any) -> dict[str, list[str]]:
    found = {}
    for source in manifest.sources.values():
        if keys := source.config.meta.get("require_partition_filter"):
            found[f"{source.database}.{source.schema}.{source.identifier}"] = list(keys)
    for node in manifest.nodes.values():
        if node.resource_type == "model" and node.config.get("require_partition_filter"):
            found[f"{node.database}.{node.schema}.{node.alias}"] = [node.config["partition_by"]["field"]]
    return found


def main(output: Path, work: Path) -> int:
    """Runs dbt; 0, or an exception."""
    recorder = _Recorder()
    recorder.install()
    places = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR), "--target", "bigquery"]
    places += ["--target-path", str(work / "target"), "--log-path", str(work / "logs"), "--quiet"]
    manifest = dbtRunner().invoke(["parse", *places]).result
    models = [node for node in manifest.nodes.values() if node.resource_type == "model"]
    for node in models:
        node.config.contract.enforced = node.contract.enforced = False  # asks BigQuery for a query's columns
        recorder.columns[node.name] = list(node.columns) or ["some_column"]
    failed: list[str] = []
    for name, all_exist, arguments in _RUNS:
        recorder.run, recorder.all_exist = name, all_exist
        done = dbtRunner(manifest=manifest).invoke([*arguments, *places])
        if done.exception:
            raise done.exception
        if not done.success:
            failed += [
                f"{name}: {each.node.name}: {each.message}" for each in done.result.results if each.status != "success"
            ]
    output.write_text(json.dumps({"statements": recorder.statements, "failed": failed, "demands": _demands(manifest)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
