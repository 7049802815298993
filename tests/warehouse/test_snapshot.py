"""One snapshot a run, nothing replaced by nothing, and only audited reports published."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake, arrival
from warehouse_runner import WarehouseError, build, find_changes
from warehouse_runner.dbt_run import NodeDone, run_dbt
from warehouse_runner.objects import LocalFolder
from warehouse_runner.plan import make_plan
from warehouse_runner.snapshot import ON_THEIR_WAY_SECONDS
from warehouse_runner.state import DuckDBState, FileState

EVENTS = "select count(*) from intermediate.int_events"
REVENUE = "select revenue_date::varchar, orders from reporting.rpt_daily_revenue order by 1"


def make_old(file: Path) -> None:
    then = time.time() - 2 * ON_THEIR_WAY_SECONDS
    os.utime(file, (then, then))


def _now() -> str:
    """As manifest records of these tests say it: their messages are published when they are written."""
    time.sleep(0.01)
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def dbt(lake: Lake, *arguments: str) -> Any:
    return run_dbt(
        arguments,
        {"LAKE_PATH": str(lake.path), "QUARANTINE_PATH": str(lake.quarantine_path), "DUCKDB_PATH": str(lake.warehouse)},
        lake.root / "dbt",
    )


@pytest.mark.proof
def test_what_arrives_while_a_run_builds_is_read_by_the_next_one(lake: Lake) -> None:
    """Every model that finishes lets another batch arrive, of registrations and orders among others, on the same day."""
    types = ("user_registered", "page_viewed", "order_completed", "ad_clicked")
    lake.write(*(arrival(kind, "2026-11-20T10:00:00Z") for kind in types))

    def arrive(node: NodeDone) -> None:
        if node.kind == "model" and node.index % 4 == 0:
            lake.write(*(arrival(kind, "2026-11-20T11:00:00Z") for kind in types))

    build_ok(lake, on_node=arrive)
    assert rows(lake.warehouse, EVENTS) == [(len(types),)]
    build_ok(lake)
    arrived = len(list(lake.path.glob("event_type=page_viewed/**/*.gz")))
    assert arrived > 3
    assert rows(lake.warehouse, EVENTS) == [(arrived * len(types),)]


@pytest.mark.proof
def test_surplus_objects_are_read_and_named_and_missing_ones_stop_the_reports(lake: Lake) -> None:
    lake.write(*(arrival("page_viewed", f"2026-11-20T10:{minute:02}:00Z") for minute in range(20)))
    lake.write(*(arrival("page_viewed", f"2026-11-20T11:{minute:02}:00Z") for minute in range(20)), manifest=False)
    first, second = sorted(lake.path.glob("event_type=page_viewed/**/*.gz"), key=lambda path: path.stat().st_mtime)
    make_old(second)
    copy = first.with_name("copy-" + first.name)
    shutil.copyfile(first, copy)
    make_old(copy)

    result = build_ok(lake)
    assert rows(lake.warehouse, EVENTS) == [(40,)]
    (warning,) = (line for line in result.warnings if line.startswith("manifest: 2 objects"))
    assert second.name in warning

    first.unlink()
    copy.unlink()
    red = build(lake.path, lake.quarantine_path, lake.warehouse, full_refresh=True)
    assert red.published  # the surplus lines outnumber those missing: the counts cannot tell
    second.unlink()
    red = build(lake.path, lake.quarantine_path, lake.warehouse, full_refresh=True)
    assert not red.published
    assert any(line.startswith("hardly_any_written_line_is_missing") for line in red.failures)


def test_an_object_on_its_way_into_the_manifest_is_not_surplus(lake: Lake) -> None:
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"))
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"), manifest=False)
    store = DuckDBState(lake.warehouse)
    assert make_plan(str(lake.path), str(lake.quarantine_path), "duckdb", store).unrecorded == []


@pytest.mark.proof
@pytest.mark.parametrize("name", ["shop [prod]", "a*b's"])
def test_a_path_with_characters_of_patterns_is_a_path(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name)
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z", order_id="o-1"))
    build_ok(lake)
    assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1)]


def test_a_path_that_duckdb_cannot_read_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "what?")
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"))
    with pytest.raises(WarehouseError, match=r"what\?/lake has a question mark"):
        build(lake.path, lake.quarantine_path, tmp_path / "warehouse.duckdb")


@pytest.mark.proof
def test_reports_are_not_replaced_by_those_of_an_empty_lake_unless_told(lake: Lake, tmp_path: Path) -> None:
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z", order_id="o-1"))
    build_ok(lake)
    mistyped = tmp_path / "lak"
    mistyped.mkdir()
    for full in (False, True):
        with pytest.raises(WarehouseError, match=r"lak has no objects .* --allow-empty"):
            build(mistyped, lake.quarantine_path, lake.warehouse, full_refresh=full)
    assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1)]
    told = build(mistyped, lake.quarantine_path, lake.warehouse, full_refresh=True, allow_empty=True)
    assert told.published, told.failures
    assert rows(lake.warehouse, REVENUE) == []


@pytest.mark.proof
def test_only_audited_reports_are_published_and_publishing_again_changes_nothing(lake: Lake) -> None:
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z", order_id="o-1"))
    build_ok(lake)
    lake.write(arrival("order_completed", "2026-11-21T10:00:00Z", order_id="o-2"))
    audited = dbt(lake, "build", "--exclude-resource-type", "unit_test", "--full-refresh", "--vars", "{publish: false}")
    assert audited.exit_status == 0
    assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1)]
    for _ in range(2):
        assert dbt(lake, "run-operation", "publish_reports").exit_status == 0
        assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1), ("2026-11-21", 1)]

    # A report is built again and not tested: what is in the audit schema now has passed no audit.
    assert dbt(lake, "run", "--select", "rpt_daily_revenue").exit_status == 0
    refused = dbt(lake, "run-operation", "publish_reports")
    assert refused.exit_status != 0
    assert any("have not passed their audit" in line for line in (*refused.errors, *refused.messages))
    assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1), ("2026-11-21", 1)]


@pytest.mark.proof
def test_source_freshness_looks_and_fails_when_nothing_has_been_published_for_long(lake: Lake) -> None:
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"))
    build_ok(lake)
    stale = dbt(lake, "source", "freshness", "--select", "source:lake", "--vars", "{max_source_age_hours: 0}")
    assert stale.exit_status == 1
    fresh = dbt(lake, "source", "freshness", "--select", "source:lake", "--vars", "{max_source_age_hours: 1000000}")
    assert fresh.exit_status == 0
    assert not any("Nothing to do" in line for line in fresh.messages)


def test_a_bound_by_publish_time_leaves_later_objects_to_the_next_run(lake: Lake) -> None:
    """As on BigQuery: objects that hold messages of the bound or later are read in part, and their dates stay changed."""
    store = LocalFolder(lake.path)
    before = _now()
    lake.write(arrival("page_viewed", "2026-11-20T09:00:00Z"))
    between = _now()
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"), arrival("page_viewed", "2026-11-22T09:00:00Z"))
    after = _now()

    first = find_changes(store, None, complete_before=before)
    assert first.lake_dates == ()
    second = find_changes(store, first.state, complete_before=between)
    assert second.lake_dates == ("2026-11-20",)
    third = find_changes(store, second.state, complete_before=after)
    assert third.lake_dates == ("2026-11-20", "2026-11-22")
    assert find_changes(store, third.state, complete_before=_now()).lake_dates == ()


def test_the_bound_is_the_watermark(lake: Lake, tmp_path: Path) -> None:
    lake.write(arrival("page_viewed", "2026-11-20T09:00:00Z"))
    (lake.path / "_control/watermark.json").write_text('{"watermark": "2026-11-21T00:00:00.000000Z"}')
    plan = make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", FileState(tmp_path / "state.json"))
    assert plan.variables == {"published_before": "2026-11-21T00:00:00.000000Z"}


@pytest.mark.proof
def test_a_lake_that_was_moved_with_its_warehouse_is_read_where_it_is_now(lake: Lake, tmp_path: Path) -> None:
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z", order_id="o-1"))
    build_ok(lake)
    moved = Lake(tmp_path / "moved")
    shutil.copytree(lake.path, moved.path)
    shutil.copyfile(lake.warehouse, moved.warehouse)
    shutil.rmtree(lake.path)

    build_ok(moved, dates=("2026-11-20",))
    assert rows(moved.warehouse, REVENUE) == [("2026-11-20", 1)]
