"""Building the warehouse: the changed days, dbt over them, and what came of it in numbers."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from warehouse_runner.dbt_run import PROJECT_DIR, DbtRun, NodeDone, run_dbt
from warehouse_runner.errors import WarehouseError
from warehouse_runner.fingerprint import fingerprint
from warehouse_runner.plan import Plan, make_plan
from warehouse_runner.snapshot import Unrecorded
from warehouse_runner.state import DuckDBState, FileState, StateStore

_TABLES: Final = frozenset({"model", "seed"})


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
        up_to_date: nothing has changed since the last build, in the lake or in dbt's project, so dbt was not run.
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
    up_to_date: bool = False


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
    on_start: Callable[[str], None] | None = None,
    allow_empty: bool = False,
) -> BuildResult:
    """Brings the warehouse up to date with the lake, audits the reports and publishes them.

    If nothing has changed in the lake since a DuckDB warehouse was last built with this project, dbt is not run.

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
        on_start: told what goes on until the first model is finished.
        allow_empty: replace a warehouse that has reports although the lake has no objects.

    Raises:
        WarehouseError: there is no lake, or nothing in it, or the warehouse's file cannot be opened, or the manifest cannot be
            read, or dbt cannot start.
    """
    started = time.monotonic()
    warehouse = Path(duckdb_path).absolute()
    work = (work_dir or warehouse.parent / "dbt").absolute()
    store: StateStore = (
        DuckDBState(warehouse) if target == "duckdb" else FileState(state_path or work / f"last_success_{target}.json")
    )
    tell = on_start or (lambda _note: None)
    tell("finding the days that changed")
    plan = make_plan(
        _absolute(lake_path),
        _absolute(quarantine_path),
        target,
        store,
        dates=dates,
        full_refresh=full_refresh,
        allow_empty=allow_empty,
    )
    built_with = fingerprint(PROJECT_DIR, _absolute(lake_path), _absolute(quarantine_path))
    if plan.changes.nothing and not full_refresh and dates is None and store.is_published(built_with):
        return _up_to_date(plan, time.monotonic() - started)
    tell("starting dbt")
    run = run_dbt(
        # Unit tests say whether the SQL is right, not the data: they run with the project's own tests.
        ["build", "--target", target, "--exclude-resource-type", "unit_test", *_selection(plan)],
        {
            "LAKE_PATH": _absolute(lake_path),
            "QUARANTINE_PATH": _absolute(quarantine_path),
            "DUCKDB_PATH": str(warehouse),
        },
        work,
        on_node,
        tell,
    )
    result = _result(run, plan, dates, time.monotonic() - started)
    keep(result, work)
    if result.succeeded and dates is None:
        store.save(plan.changes.state, built_with)
    return result


def keep(result: BuildResult, work: Path) -> None:
    """Leaves the result for readers who come later: dbt's own file is that of whatever dbt did last."""
    content = {"ended_at": datetime.now(UTC).isoformat(), **asdict(result)}
    written = work / "last_build.json.new"
    written.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    written.replace(work / "last_build.json")


def _up_to_date(plan: Plan, seconds: float) -> BuildResult:
    return BuildResult(
        succeeded=True,
        published=True,
        full_refresh=False,
        lake_dates=(),
        quarantine_dates=(),
        models_built=0,
        models_failed=0,
        models_skipped=0,
        tests_passed=0,
        tests_warned=0,
        tests_failed=0,
        tests_skipped=0,
        failures=(),
        warnings=tuple(_surplus(plan.unrecorded)),
        seconds=seconds,
        up_to_date=True,
    )


def _absolute(location: str | Path) -> str:
    text = str(location)
    return text if text.startswith("gs://") else str(Path(text).absolute())


def _selection(plan: Plan) -> list[str]:
    return [*(["--full-refresh"] if plan.everything else []), "--vars", json.dumps(plan.variables)]


def _result(run: DbtRun, plan: Plan, dates: tuple[str, ...] | None, seconds: float) -> BuildResult:
    if run.exit_status and not run.results:
        raise WarehouseError(f"dbt could not build: {_cause(run)}")
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
        full_refresh=plan.everything,
        lake_dates=() if plan.everything else plan.changes.lake_dates if dates is None else dates,
        quarantine_dates=() if plan.everything else plan.changes.quarantine_dates,
        models_built=models["success"],
        models_failed=models["error"],
        models_skipped=models["skipped"],
        tests_passed=tests["pass"],
        tests_warned=tests["warn"],
        tests_failed=tests["fail"] + tests["error"],
        tests_skipped=tests["skipped"],
        failures=failures or (run.errors if run.exit_status else ()),
        warnings=(
            *plan.notes,
            *_surplus(plan.unrecorded),
            *(_line(result) for result in run.results if result["status"] == "warn"),
        ),
        seconds=seconds,
    )


def _line(result: dict[str, Any]) -> str:
    name = str(result["unique_id"]).split(".")[2]
    return f"{name}: {' '.join(str(result.get('message') or result['status']).split())}"


def _cause(run: DbtRun) -> str:
    """Why dbt ended without a result: the line that names the cause, not the traceback around it."""
    said = [" ".join(line.split()) for line in run.errors]
    for line in said:
        if "Could not set lock" in line:
            return "another process has the warehouse's file open: wait for it to end, or close it"
        if "No space left on device" in line:
            return "the disk is full (No space left on device): free some space and build again"
    return next(
        (line for line in reversed(said) if re.match(r"[\w.]*(Error|Exception)\b", line)),
        said[-1] if said else "it said nothing",
    )


def _surplus(unrecorded: list[Unrecorded]) -> list[str]:
    if not unrecorded:
        return []
    first = "; ".join(f"{each.root}/{each.path}" for each in unrecorded[:3])
    more = "" if len(unrecorded) <= 3 else f" and {len(unrecorded) - 3:,} more"
    return [
        f"manifest: {len(unrecorded):,} objects are read that it does not name ({first}{more}):"
        " `lake manifest check` lists them, `lake manifest repair` records them"
    ]
