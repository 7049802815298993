"""BigQuery refuses to scan a partitioned table without a filter: every statement that dbt sends has one that reaches."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlglot import exp

from event_contract import EVENT_TYPES
from tests.warehouse.partition_filters import Warehouse, faults, name_of, parse
from warehouse_runner.dbt_run import PROJECT_DIR

DEMANDING = Warehouse(
    {"p.lake.orders": frozenset({"year", "month", "day"}), "p.marts.facts": frozenset({"event_date"})},
    {
        "p.staging.deduped_by_day": parse(
            "select * from p.lake.orders qualify row_number() over (partition by year, month, day, id order by at) = 1"
        )[0],
        "p.staging.deduped": parse(
            "select * from p.lake.orders qualify row_number() over (partition by id order by at) = 1"
        )[0],
    },
)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from p.lake.orders where year >= 1970",
        "select * from p.lake.orders where (year = 2026 and month = 11) or (year = 2025 and day in (1, 2))",
        "select id from p.staging.deduped_by_day where year = 2026",
        "with a as (select * from p.lake.orders), b as (select year as y, id from a) select * from b where y = 2026",
        "select * from (select * from p.marts.facts union all select * from p.marts.facts) where event_date = date '2026-11-22'",
        "select event_date, count(*) from p.marts.facts where event_date > date '2026-11-22' group by 1",
        "select * from (select event_date, count(*) as n from p.marts.facts group by 1) where event_date > date '2026-11-22'",
        "select f.id from p.marts.facts as f left join p.other as o on f.id = o.id where f.event_date = date '2026-11-22'",
        "select o.id from p.other as o left join p.marts.facts as f on f.id = o.id and f.event_date = date '2026-11-22'",
        "select o.id from p.other as o where o.id in (select id from p.marts.facts where event_date is not null)",
        "delete from p.marts.facts where event_date in (date '2026-11-22')",
        "merge into p.marts.facts as d using (select 1) on false when not matched by source"
        " and date(d.event_date) in (date '2026-11-22') then delete when not matched then insert (id) values (id)",
        "create or replace table p.new as select * from p.marts.facts where event_date >= date '1970-01-01'",
        "create or replace view p.v as select * from p.marts.facts",
        "select * from p.other",
    ],
)
def test_a_filter_that_reaches_the_scan_is_enough(sql: str) -> None:
    assert [fault for statement in parse(sql) for fault in faults(statement, DEMANDING)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "select * from p.lake.orders",
        "select * from p.lake.orders where id = 'x'",
        "select * from p.lake.orders where year = 2026 or id = 'x'",
        "select * from p.lake.orders where date(year, month, day) >= date '2026-11-22'",
        "select * from p.lake.orders where year = (select max(year) from p.other)",
        "select id from p.staging.deduped where year = 2026",
        "select * from (select * from p.lake.orders limit 10) where year = 2026",
        "select * from (select event_date, count(*) over (partition by id) from p.marts.facts) where event_date is null",
        "select * from (select max(event_date) as event_date from p.marts.facts) where event_date = date '2026-11-22'",
        "select * from (select * from p.marts.facts where event_date = date '2026-11-22' union all select * from p.marts.facts)",
        "select o.id from p.other as o left join p.marts.facts as f on f.id = o.id where f.event_date = date '2026-11-22'",
        "select o.id from p.other as o join p.marts.facts as f on f.id = o.id where o.event_date = date '2026-11-22'",
        "select o.id from p.other as o where o.id in (select id from p.marts.facts)",
        "select (select max(event_date) from p.marts.facts) as newest",
        "delete from p.marts.facts where true",
        "merge into p.marts.facts as d using (select 1) on false when not matched by source then delete",
        "insert into p.new select * from p.marts.facts",
    ],
)
def test_one_that_does_not_reach_is_none(sql: str) -> None:
    found = [fault for statement in parse(sql) for fault in faults(statement, DEMANDING)]
    assert len(found) == 1, found


class Sent(NamedTuple):
    """Statements that dbt sends: (run, sender, statement); and what they are judged by."""

    statements: list[tuple[str, str, exp.Expression]]
    warehouse: Warehouse


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    work = tmp_path_factory.mktemp("sent")
    subprocess.run(
        [sys.executable, "-m", "tests.warehouse.bigquery_statements", str(work / "sent.json"), str(work)],
        cwd=PROJECT_DIR.parent,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"},
        check=True,
        capture_output=True,
    )
    written = json.loads(Path(work / "sent.json").read_text())
    assert written["failed"] == []
    statements = [
        (each["run"], each["sender"], parsed) for each in written["statements"] for parsed in parse(each["sql"])
    ]
    views = {
        name_of(each.this): each.expression
        for _, _, each in statements
        if isinstance(each, exp.Create) and each.kind == "VIEW"
    }
    return Sent(statements, Warehouse({name: frozenset(keys) for name, keys in written["demands"].items()}, views))


def judged(sent: Sent, warehouse: Warehouse) -> dict[tuple[str, str], list[str]]:
    """Faults by run and sender."""
    found: dict[tuple[str, str], list[str]] = {}
    for run, sender, statement in sent.statements:
        for fault in faults(statement, warehouse):
            found.setdefault((run, sender), []).append(fault)
    return found


@pytest.mark.slow
@pytest.mark.proof
def test_every_scan_of_every_statement_has_a_filter(sent: Sent) -> None:
    assert judged(sent, sent.warehouse) == {}


@pytest.mark.slow
@pytest.mark.proof
def test_models_tests_hooks_and_operations_are_looked_at_and_every_demanding_table_is_scanned(sent: Sent) -> None:
    unmeetable = Warehouse(dict.fromkeys(sent.warehouse.demands, frozenset({"no such column"})), sent.warehouse.views)
    scans = judged(sent, unmeetable)

    assert {run for run, _ in scans} == {run for run, _, _ in sent.statements}
    assert {name for found in scans.values() for name in found} == set(sent.warehouse.demands)
    assert {sender.split(".")[0] for _, sender in scans} >= {"model", "test", "source", "macro_publish_reports"}
    assert "master" in {sender for _, sender, _ in sent.statements}, "hooks"


@pytest.mark.slow
@pytest.mark.proof
def test_the_page_says_how_often_each_model_reads_the_lake(sent: Sent) -> None:
    lake = {name: frozenset({"no such column"}) for name in sent.warehouse.demands if ".analytics_lake." in name}
    scans = judged(sent, Warehouse(lake, sent.warehouse.views))
    counted = {
        sender.rpartition(".")[2]: Counter(table.rpartition(".")[2] for table in tables)
        for (run, sender), tables in scans.items()
        if run == "first build"
    }
    events = set(EVENT_TYPES)
    page = (PROJECT_DIR.parent / "docs/warehouse.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (?:(\d) × )?D × 430 × E of (?:`(\w+)`|every type) \|$", page, re.M)
    said = {
        model: Counter({each: int(times or 1) for each in ([event_type] if event_type else events)})
        for model, times, event_type in rows
    }

    assert {model: tables for model, tables in counted.items() if set(tables) <= events} == said
    assert {model for model, tables in counted.items() if not set(tables) <= events} == {
        "int_quarantine_daily",
        "int_lake_objects",
    }


@pytest.mark.slow
@pytest.mark.proof
def test_publishing_without_a_filter_would_be_found(sent: Sent) -> None:
    """As it was: seven reports require a filter of every reader, and the copy had none."""
    unfiltered = [
        (
            run,
            sender,
            parse(re.sub(r" WHERE \w+ >= CAST\('1970-01-01' AS DATE\)", "", statement.sql(dialect="bigquery")))[0],
        )
        for run, sender, statement in sent.statements
        if run == "publish_reports" and isinstance(statement, exp.Insert)
    ]

    (found,) = judged(Sent(unfiltered, sent.warehouse), sent.warehouse).values()
    assert len(found) == 7, found


@pytest.mark.slow
@pytest.mark.proof
def test_a_manifest_deduplicated_across_its_partitions_would_be_found(sent: Sent) -> None:
    """As it was: the window's key was (root, path), so a filter on year, month and day did not reach the table."""
    (name,) = (name for name in sent.warehouse.views if name.endswith(".stg_manifest"))
    across = sent.warehouse.views[name].copy()
    for window in across.find_all(exp.Window):
        kept = [key for key in window.args["partition_by"] if key.name not in ("year", "month", "day")]
        window.set("partition_by", kept)

    found = judged(sent, Warehouse(sent.warehouse.demands, {**sent.warehouse.views, name: across}))

    senders = {(run, sender) for run, sender in found if sender == "model.ecommerce.int_lake_objects"}
    assert {run for run, _ in senders} == {"first build", "second build"}
    assert {table.split(".")[-1] for tables in found.values() for table in tables} == {"manifest"}
