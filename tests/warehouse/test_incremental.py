"""Rebuilding only what changed gives what rebuilding everything gives."""

from __future__ import annotations

import os
import random

import duckdb
import pytest

from tests.warehouse import recomputation
from tests.warehouse.conftest import build_ok, content_hashes, rows
from tests.warehouse.lakes import Lake, arrival
from tests.warehouse.shops import deliveries, hostile
from warehouse_runner.dbt_run import PROJECT_DIR
from warehouse_runner.fingerprint import fingerprint
from warehouse_runner.state import DuckDBState

pytestmark = pytest.mark.slow

# `make` has a target for the full size: ten loads of 20,000 events take minutes.
LOADS = int(os.environ.get("WAREHOUSE_LOADS", "2"))
EVENTS = int(os.environ.get("WAREHOUSE_EVENTS", "6000"))


def test_any_history_of_loads_equals_a_full_refresh(lake: Lake) -> None:
    """Shuffled loads of a shop and of the worst sender allowed, each built: never red, right, as if built at once.

    Among them are redeliveries, events up to a year late, colliding ids, edges of days and amounts, and odd texts.
    """
    rng = random.Random(11)
    sent = deliveries(EVENTS * 2 // 3, late_share=0.02) + hostile(EVENTS // 3)
    redelivered = [(payload, at, identity) for payload, at, identity in rng.sample(sent, EVENTS // 50)]
    arrived = sent + redelivered
    rng.shuffle(arrived)
    for load in range(LOADS):
        lake.write_payloads(arrived[load::LOADS])
        result = build_ok(lake)
        assert result.full_refresh == (load == 0)
        assert len(result.lake_dates) >= 7 or load == 0
    assert recomputation.differences(lake) == []
    incremental = content_hashes(lake.warehouse)
    build_ok(lake, full_refresh=True)
    assert content_hashes(lake.warehouse) == incremental
    [[events, copies]] = rows(lake.warehouse, "select count(*), sum(copies) from intermediate.int_events")
    assert copies == len(arrived) > events


def test_only_the_days_that_the_manifest_names_are_rebuilt(lake: Lake) -> None:
    order = arrival("order_completed", "2026-11-18T10:00:00Z", order_id="o-1")
    lake.write(order, arrival("page_viewed", "2026-11-21T10:00:00Z"))
    assert build_ok(lake).full_refresh
    unchanged = content_hashes(lake.warehouse)
    assert not build_ok(lake, dates=()).up_to_date
    assert content_hashes(lake.warehouse) == unchanged
    assert build_ok(lake).up_to_date
    assert content_hashes(lake.warehouse) == unchanged

    # Another project is a reason to build, and so is a run of dbt over the reports that did not come to its end.
    built_with = fingerprint(PROJECT_DIR, str(lake.path), str(lake.quarantine_path))
    state = DuckDBState(lake.warehouse)
    assert state.is_published(built_with)
    assert not state.is_published(fingerprint(PROJECT_DIR, str(lake.path), "elsewhere"))
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute("delete from reporting_audit.audit_mark")
    assert not state.is_published(built_with)

    lake.write(arrival("order_completed", "2025-11-23T10:00:00Z", order_id="o-2"))
    assert build_ok(lake).lake_dates == ("2025-11-23",)
    days = rows(lake.warehouse, "select revenue_date::varchar, orders from reporting.rpt_daily_revenue order by 1")
    assert days == [("2025-11-23", 1), ("2026-11-18", 1)]

    # A day that has become empty is emptied.
    [gone] = lake.path.glob("event_type=order_completed/year=2026/**/*.gz")
    [record] = [each for each in lake.path.glob("_control/manifest/**/w0-*") if each.is_file()]
    gone.unlink()
    record.write_text("".join(line for line in record.read_text().splitlines(keepends=True) if gone.name not in line))
    record.rename(record.with_name("w0-rewritten.ndjson"))
    assert build_ok(lake).lake_dates == ("2026-11-18",)
    assert rows(lake.warehouse, "select order_id from marts.fct_orders") == [("o-2",)]
