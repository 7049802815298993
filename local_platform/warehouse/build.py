"""Building the warehouse: the changed days, dbt over them, and what came of it in numbers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_platform.warehouse.changes import Changes, find_changes
from local_platform.warehouse.dbt_run import DbtRun, NodeDone, run_dbt
from local_platform.warehouse.errors import WarehouseError
from local_platform.warehouse.objects import open_store
from local_platform.warehouse.state import DuckDBState, FileState, StateStore

_TABLES = frozenset({"model", "seed"})


@dataclass(frozen=True)
class BuildResult:
    """What a build did.

    Attributes:
        succeeded: every model was built, no test failed, the reports were published.
        published: the reports in schema `reporting` are those of this build.
        full_refresh: all days were rebuilt, not only the changed ones.
        lake_dates: event dates that were rebuilt because the manifest says they changed (empty for a full refresh).
        quarantine_dates: publish dates of changed quarantine objects.
        models_built, models_failed, models_skipped: counts of models and seeds.
        tests_passed, tests_warned, tests_failed, tests_skipped: counts of data tests.
        failures: one line per failed model or test, or what dbt said before it could start.
        warnings: one line per test that warned.
        seconds: wall clock of the whole build.
    """

    succeeded: bool
    published: bool
    full_refresh: bool
    lake_dates: tuple[str, ...]
    quarantine_dates: tuple[str, ...]
    models_built: int
    models_failed: int
    models_skipped: int
    tests_passed: int
    tests_warned: int
    tests_failed: int
    tests_skipped: int
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float


def build(
    lake_path: str | Path,
    quarantine_path: str | Path,
    duckdb_path: str | Path,
    target: str = "duckdb",
    *,
    full_refresh: bool = False,
    dates: tuple[str, ...] | None = None,
    work_dir: Path | None = None,
    state_path: Path | None = None,
    on_node: Callable[[NodeDone], None] | None = None,
) -> BuildResult:
    """Brings the warehouse up to date with the lake, audits the reports and publishes them.

    Args:
        lake_path: root of the lake, a folder or gs:// address.
        quarantine_path: root of the quarantine.
        duckdb_path: the warehouse's file; made if missing. Not used by target bigquery.
        target: a target of dbt/profiles.yml: duckdb or bigquery.
        full_refresh: rebuild all days.
        dates: event dates (YYYY-MM-DD) to rebuild in place of those that the manifest says changed.
        work_dir: where dbt keeps what it compiles and logs; default: `dbt` beside the warehouse's file.
        state_path: where a BigQuery warehouse remembers its last build; default: in `work_dir`.
        on_node: called after every finished model and test.

    Raises:
        WarehouseError: there is no lake, or the warehouse's file cannot be opened, or the manifest cannot be read.
    """
    started = time.monotonic()
    warehouse = Path(duckdb_path).absolute()
    work = (work_dir or warehouse.parent / "dbt").absolute()
    store: StateStore = (
        DuckDBState(warehouse) if target == "duckdb" else FileState(state_path or work / f"last_success_{target}.json")
    )
    changes = find_changes(open_store(str(lake_path)), store.load())
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    everything = full_refresh or (changes.everything and dates is None)
    run = run_dbt(
        # Unit tests say whether the SQL is right, not the data: they run with the project's own tests.
        ["build", "--target", target, "--exclude-resource-type", "unit_test", *_selection(changes, everything, dates)],
        {
            "LAKE_PATH": _absolute(lake_path),
            "QUARANTINE_PATH": _absolute(quarantine_path),
            "DUCKDB_PATH": str(warehouse),
        },
        work,
        on_node,
    )
    result = _result(run, changes, everything, dates, time.monotonic() - started)
    if result.succeeded and dates is None:
        store.save(changes.state)
    return result


def _absolute(location: str | Path) -> str:
    text = str(location)
    return text if text.startswith("gs://") else str(Path(text).absolute())


def _selection(changes: Changes, everything: bool, dates: tuple[str, ...] | None) -> list[str]:
    if everything:
        return ["--full-refresh"]
    variables = {
        "changed_dates": changes.lake_dates if dates is None else dates,
        "changed_quarantine_dates": changes.quarantine_dates if dates is None else dates,
        "changed_manifest_dates": changes.manifest_dates,
    }
    return ["--vars", json.dumps(variables)]


def _result(
    run: DbtRun, changes: Changes, everything: bool, dates: tuple[str, ...] | None, seconds: float
) -> BuildResult:
    if run.exit_status == 2 and not run.results:
        raise WarehouseError("dbt could not start: " + ("; ".join(run.errors[:3]) or "it said nothing"))
    models: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for result in run.results:
        kind = str(result["unique_id"]).split(".")[0]
        if kind == "test":
            tests[str(result["status"])] += 1
        elif kind in _TABLES:
            models[str(result["status"])] += 1
    published = any(message.startswith("Published ") for message in run.messages)
    failures = tuple(_line(result) for result in run.results if result["status"] in ("error", "fail"))
    return BuildResult(
        succeeded=run.exit_status == 0 and published,
        published=published,
        full_refresh=everything,
        lake_dates=() if everything else changes.lake_dates if dates is None else dates,
        quarantine_dates=() if everything else changes.quarantine_dates,
        models_built=models["success"],
        models_failed=models["error"],
        models_skipped=models["skipped"],
        tests_passed=tests["pass"],
        tests_warned=tests["warn"],
        tests_failed=tests["fail"] + tests["error"],
        tests_skipped=tests["skipped"],
        failures=failures or (run.errors if run.exit_status else ()),
        warnings=tuple(_line(result) for result in run.results if result["status"] == "warn"),
        seconds=seconds,
    )


def _line(result: dict[str, Any]) -> str:
    name = str(result["unique_id"]).split(".")[2]
    message = " ".join(str(result.get("message") or result["status"]).split())
    return f"{name}: {message[:300]}"
