"""The daily DAG, run for real: Airflow executes every task, dbt builds the project on a small lake."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.orchestration.days import DAYS, fill, scheduled
from tests.orchestration.home import REPOSITORY, AirflowHome, Outcome, Run
from tests.warehouse.lakes import arrival

BUILD_TASKS = (
    "find_changed_days",
    "source_freshness",
    "staging",
    "marts",
    "audit_reports",
    "publish_reports",
    "remember_published_days",
)


def daily_reports() -> dict[str, str]:
    """The reports that dbt keeps by day, with the column of that day."""
    found = {
        path.stem: re.search(r"incremental_by_date\('(\w+)'", path.read_text())
        for path in (REPOSITORY / "dbt/models/reporting").glob("*.sql")
    }
    return {name: match[1] for name, match in found.items() if match}


@pytest.fixture(scope="module")
def first_runs(
    empty_home: AirflowHome, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AirflowHome, Outcome, Outcome]:
    """A home that was asked for a day that is not complete, then for the last one that is. Not to be changed: copy it."""
    home = empty_home.copy_to(tmp_path_factory.mktemp("published") / "home")
    fill(home)
    incomplete, complete = home.run(scheduled("2026-11-21"), scheduled(DAYS[-1]), docs_uri=home.docs.as_uri())
    return home, incomplete, complete


@pytest.fixture(scope="module")
def published(first_runs: tuple[AirflowHome, Outcome, Outcome]) -> AirflowHome:
    """The same, once it is sure that the complete day has been published."""
    home, _, outcome = first_runs
    assert outcome.state == "success", outcome.log[-6000:]
    assert all(outcome.tasks[name] == "success" for name in (*BUILD_TASKS, "docs")), outcome.tasks
    return home


@pytest.fixture
def yesterday(published: AirflowHome, tmp_path: Path) -> AirflowHome:
    """The same, to be changed."""
    return published.copy_to(tmp_path / "home")


def dates(rows: list[str], column: str) -> set[str]:
    return {json.loads(row)[column] for row in rows}


def test_a_complete_day_with_green_tests_is_published_with_its_documentation(published: AirflowHome) -> None:
    reports = published.reports()

    assert dates(reports["rpt_daily_revenue"], "revenue_date") == set(DAYS)
    assert reports == published.reports("reporting_audit")
    assert "<html" in (published.docs / "index.html").read_text()
    assert not list((published.root / "tmp").glob("ecommerce-dbt-*/")), "a target folder was left behind"
    assert not list((published.root / "state").iterdir()), "the run's plan was left behind"


def test_an_incomplete_day_waits_and_times_out_with_its_reason(
    first_runs: tuple[AirflowHome, Outcome, Outcome],
) -> None:
    home, outcome, _ = first_runs
    reason = (
        "2026-11-21 is not complete: the lake holds everything published before 2026-11-21T00:00:00+00:00, "
        "needed is 2026-11-22T00:00:00+00:00, 1 day, 0:00:00 more"
    )
    assert outcome.tasks["wait_for_complete_day"] == "failed"
    assert outcome.tasks["find_changed_days"] == "upstream_failed"
    assert outcome.log.count(f"Waiting: {reason}") >= 2, "it is to look again before it gives up"
    assert f"{reason}. Gave up after 2 s" in outcome.log
    assert home.reports(after_run=0) == {}, "nothing was built"


def test_too_many_refused_messages_are_a_failure_that_names_the_reasons(home: AirflowHome) -> None:
    record = json.dumps(
        {
            "path": "failed/reason=invalid_json/a.ndjson.gz",
            "root": "quarantine",
            "event_type": None,
            "reason": "invalid_json",
            "date": "2026-11-20",
            "rows": 40,
            "bytes": 900,
            "min_publish_time": "2026-11-20T08:00:00Z",
            "max_publish_time": "2026-11-20T08:09:00Z",
            "written_at": "2026-11-20T08:10:00Z",
        }
    )
    folder = home.lake.path / "_control/manifest/year=2026/month=11/day=20"
    folder.mkdir(parents=True)
    (folder / "a.ndjson").write_text(record + "\n")

    # The task's function alone: that nothing runs after a red gate is the structure's to prove.
    said = home.python(
        "-c",
        f"import sys; sys.path.insert(0, {str(REPOSITORY / 'dags')!r})\n"
        "from ecommerce_lake.gates import check_quarantine_share; check_quarantine_share('2026-11-20')",
    )

    assert "AirflowFailException: 40 of 40 messages published on 2026-11-20 were refused (100.00%)" in said.stdout
    assert "invalid_json 40. Allowed is 5.00%" in said.stdout


def test_a_red_staging_test_stops_before_the_marts_and_shows_the_rows(yesterday: AirflowHome) -> None:
    project = yesterday.with_project()
    (project / "tests" / "no_page_views.sql").write_text("select event_id, page_path from {{ ref('stg_page_viewed') }}")
    before = yesterday.reports()

    (outcome,) = yesterday.run(scheduled(DAYS[-1]))

    assert outcome.tasks["staging"] == "failed", (outcome.tasks, outcome.log[-3000:])
    assert {outcome.tasks[name] for name in ("marts", "audit_reports", "publish_reports")} == {"upstream_failed"}
    assert "staging failed for 2026-11-20\ntest no_page_views failed: Got 4 results" in outcome.log, (
        "the alert names the test"
    )
    assert '"page_path": "/"}' in outcome.log, "and shows its rows"
    assert yesterday.reports() == before


def test_a_red_report_test_leaves_the_old_reports_standing_byte_for_byte(yesterday: AirflowHome) -> None:
    before = yesterday.reports()
    page = (yesterday.docs / "index.html").read_bytes()
    # The object keeps its manifest record and loses its lines: the audit of what was written against what can be read turns red.
    for path in (yesterday.lake.path / "event_type=page_viewed/year=2026/month=11/day=20").glob("*.gz"):
        path.write_bytes(gzip.compress(b'{"torn\n' * 5, 1))
    yesterday.lake.write(*[arrival("page_viewed", "2026-11-20T11:00:00+00:00") for _ in range(3)])
    for path in (yesterday.lake.path / "event_type=page_viewed/year=2026/month=11/day=20").glob("*.gz"):
        path.write_bytes(gzip.compress(b'{"torn\n', 1))

    (outcome,) = yesterday.run(scheduled(DAYS[-1]), docs_uri=yesterday.docs.as_uri())

    assert outcome.tasks["marts"] == "success"
    assert outcome.tasks["audit_reports"] == "failed"
    assert outcome.tasks["publish_reports"] == "upstream_failed"
    assert "test hardly_any_written_line_is_missing failed" in outcome.log
    assert "START test" in outcome.log
    assert "START unit_test" not in outcome.log, "these are for whoever changes the project"
    assert yesterday.reports() == before
    assert (yesterday.docs / "index.html").read_bytes() == page
    assert yesterday.reports("reporting_audit") != before, "the new ones were built, and are not shown"


@pytest.mark.slow
def test_days_run_again_change_only_the_old_day_of_an_event_that_came_late(yesterday: AirflowHome) -> None:
    published = yesterday.reports()
    first, second, third = DAYS
    # An event of the first day arrives two days late; whichever day runs next picks it up.
    yesterday.lake.write(
        arrival("order_completed", f"{first}T15:00:00+00:00", order_id="o-late", session_id=f"s-{first}", delay=180_000)
    )

    # That run is manual and has no logical date, as the page's button and the API start it. Then a backfill.
    runs = yesterday.run(Run("none", {"business_date": second}), scheduled(third))

    for outcome, day in zip(runs, (second, third), strict=True):
        assert_green(outcome, day)
    with_late = yesterday.reports(after_run=0)
    assert with_late.keys() == published.keys() >= daily_reports().keys()
    for name, column in daily_reports().items():
        changed = set(with_late[name]) ^ set(published[name])
        assert dates(list(changed), column) <= {first}, name
        assert dates(with_late[name], column) == dates(published[name], column), name
        assert len(with_late[name]) == len(set(with_late[name])), f"{name} has a row twice"
    assert with_late["rpt_daily_revenue"] != published["rpt_daily_revenue"]
    assert yesterday.reports() == with_late, "a day that is run again changes nothing"


@pytest.mark.slow
def test_the_weekly_run_deletes_what_expired_and_nothing_else_and_finds_reports_that_add_up(
    yesterday: AirflowHome,
) -> None:
    refused = yesterday.lake.quarantine_path / "failed/reason=invalid_json/year=2026/month=11"
    assert sorted(path.name for path in refused.iterdir()) == ["day=18", "day=19", "day=20"]
    kept = {path: path.read_bytes() for path in refused.glob("*/*") if path.parent.name != "day=18"}
    in_lake = sorted(yesterday.lake.path.rglob("*"))

    (outcome,) = yesterday.run(
        Run(),
        dag="ecommerce_lake_maintenance",
        quarantine_retention_days=str((datetime.now(UTC).date() - date.fromisoformat(DAYS[1])).days),
        quarantine_expiry="delete",
        full_refresh_check="on",
    )

    assert outcome.state == "success", outcome.log[-6000:]
    assert set(outcome.tasks.values()) == {"success"}
    assert "2026-11-20 page_viewed: 2 objects of " in outcome.log
    assert "1 days of a type are in small files; rewriting each as one object would save 1 objects" in outcome.log
    assert outcome.log.count("Deleting ") == 1
    assert {path: path.read_bytes() for path in yesterday.lake.quarantine_path.rglob("*") if path.is_file()} == kept
    assert sorted(yesterday.lake.path.rglob("*")) == in_lake
    assert "All reports are as a full build makes them" in outcome.log, "the report still counts the day that expired"
    assert len(yesterday.reports()["rpt_quarantine"]) == len(DAYS)


def assert_green(outcome: Outcome, day: str) -> None:
    assert outcome.state == "success", outcome.log[-5000:]
    assert f"{day} is complete" in outcome.log
