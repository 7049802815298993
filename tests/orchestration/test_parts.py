"""The parts of the DAGs that need no run: days, shares, small files, alerts, the state of a Dataflow job, BigQuery jobs."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb

from tests.orchestration.home import REPOSITORY, AirflowHome
from warehouse_runner.full_refresh_check import differences

_START = f"import sys, json; sys.path.insert(0, {str(REPOSITORY / 'dags')!r})\n"


def evaluate(home: AirflowHome, code: str, **variables: str) -> object:
    """The JSON that a piece of code prints last, run where Airflow's environment is that of a home."""
    done = home.python("-c", _START + code, **variables)
    assert done.returncode == 0, done.stdout[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


class Posted(BaseHTTPRequestHandler):
    """Answers with the JSON in `answer`, and keeps what was posted."""

    bodies: list[object]
    answer: object

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.do_GET()

    def do_GET(self) -> None:
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def answering(answer: object) -> Iterator[tuple[str, list[object]]]:
    """A server that gives one answer; yields its address and the bodies that it was sent."""
    handler = type("Handler", (Posted,), {"bodies": [], "answer": answer})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", handler.bodies  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_business_day_is_the_parameter_else_the_interval_else_yesterday(empty_home: AirflowHome) -> None:
    days = evaluate(
        empty_home,
        """
from datetime import datetime, UTC
from types import SimpleNamespace
from ecommerce_lake.business_day import business_date
run = SimpleNamespace(run_after=datetime(2026, 11, 22, 0, 30, tzinfo=UTC))
start = datetime(2026, 11, 20, tzinfo=UTC)
print(json.dumps([str(business_date(context)) for context in (
    {'params': {'business_date': '2026-11-01'}, 'data_interval_start': start, 'dag_run': run},
    {'params': {'business_date': None}, 'data_interval_start': start, 'dag_run': run},
    {'params': {}, 'dag_run': run},
)]))""",
    )
    assert days == ["2026-11-01", "2026-11-20", "2026-11-21"]


def test_days_of_many_small_objects_are_reported_the_worst_first(empty_home: AirflowHome) -> None:
    found = evaluate(
        empty_home,
        """
from datetime import date, datetime, UTC
from ecommerce_lake.lake import WrittenObject
from ecommerce_lake.maintenance import small_files
def objects(event_type, day, *sizes):
    return [WrittenObject('lake', f'{event_type}{day}{n}', event_type, None, date(2026, 11, day), 1, size, datetime.now(UTC))
            for n, size in enumerate(sizes)]
written = [*objects('a', 1, 10, 20), *objects('b', 1, 10, 10, 10), *objects('c', 1, 99999, 99999), *objects('d', 1, 5)]
print(json.dumps([[each.event_type, each.objects, each.mean_bytes] for each in small_files(written, 1000)]))""",
    )
    assert found == [["b", 3, 10], ["a", 2, 15]], "c is large, d is one object"


def test_what_expired_is_reported_and_stays_unless_deleting_was_asked_for(
    empty_home: AirflowHome, tmp_path: Path
) -> None:
    old, young = (tmp_path / f"failed/reason=too_large/year={year}/month=01/day=01" for year in (2025, 2999))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "a.ndjson.gz").write_bytes(b"")
    code = "from ecommerce_lake.maintenance import expire_quarantine; print(json.dumps(expire_quarantine()))"

    found = evaluate(empty_home, code, quarantine_uri=tmp_path.as_uri(), quarantine_retention_days="365")

    assert [str(each).removeprefix("file://") for each in found] == [str(old)]  # type: ignore[attr-defined]
    assert (old / "a.ndjson.gz").exists()
    assert (young / "a.ndjson.gz").exists()


def test_a_bucket_s_expiry_is_the_bucket_s_own_work(empty_home: AirflowHome) -> None:
    code = """
from airflow.providers.common.compat.sdk import AirflowFailException
from ecommerce_lake.maintenance import expire_quarantine
try:
    expire_quarantine()
except AirflowFailException as refused:
    print(json.dumps(str(refused)))
"""
    refused = evaluate(
        empty_home,
        code,
        quarantine_uri="gs://shop-quarantine",
        quarantine_retention_days="365",
        quarantine_expiry="delete",
    )

    assert "quarantine_retention_days" in str(refused)
    assert "set the Variable ecommerce_quarantine_expiry to report" in str(refused)


def test_a_report_that_is_not_what_a_full_build_makes_is_named_with_its_rows(tmp_path: Path) -> None:
    kept, fresh = tmp_path / "kept.duckdb", tmp_path / "fresh.duckdb"
    for path, revenue, refused in ((kept, "10.00", "2026-01-01"), (fresh, "12.50", "2026-11-20")):
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema reporting")
            connection.execute(f"create table reporting.rpt_a as select 1 as day, {revenue}::decimal(18, 2) as revenue")
            connection.execute("create table reporting.rpt_b as select 1 as day")
            connection.execute(f"create table reporting.rpt_quarantine as select date '{refused}' as publish_date")

    assert differences(kept, kept) == []
    assert differences(kept, fresh) == [
        "rpt_a: 1 rows only in the published report, 1 only in a full build",
        "rpt_quarantine: 1 rows only in the published report, 1 only in a full build",
    ]
    assert differences(kept, fresh, date(2026, 6, 1))[1:] == [
        "rpt_quarantine: 0 rows only in the published report, 1 only in a full build"
    ]


def test_an_alert_goes_to_the_webhook_of_its_connection(empty_home: AirflowHome) -> None:
    with answering("ok") as (address, bodies):
        evaluate(
            empty_home,
            f"""
import os
os.environ['AIRFLOW_CONN_PEOPLE'] = json.dumps({{'conn_type': 'http', 'host': '{address}', 'password': 'T/B/x'}})
from ecommerce_lake.alerts import send
send('staging failed', 'test a failed: Got 2 results')
print('null')""",
            alert_conn_id="people",
        )
    assert bodies == [{"text": "test a failed: Got 2 results"}]


def test_an_alert_that_cannot_be_sent_does_not_hide_the_failure(empty_home: AirflowHome) -> None:
    said = empty_home.python(
        "-c", _START + "from ecommerce_lake.alerts import send; send('s', 'the text')", alert_conn_id="nobody"
    )
    assert said.returncode == 0, said.stdout
    assert "the text" in said.stdout
    assert "could not be sent by connection nobody" in said.stdout


def test_a_late_run_is_told_by_the_deadline(empty_home: AirflowHome) -> None:
    said = empty_home.python(
        "-c",
        _START + "import asyncio; from ecommerce_lake.alerts import deadline_missed\n"
        "asyncio.run(deadline_missed(context={'dag_run': {'dag_id': 'reports', 'dag_run_id': 'r-1'}}))",
    )
    assert said.returncode == 0, said.stdout
    assert "reports: run r-1 has not published in time" in said.stdout


def test_waiting_for_a_stopped_dataflow_job_is_in_vain(empty_home: AirflowHome) -> None:
    cases: list[list[str]] = [
        ["JOB_STATE_RUNNING"],
        ["JOB_STATE_FAILED", "JOB_STATE_RUNNING"],
        ["JOB_STATE_CANCELLED", "JOB_STATE_FAILED"],
        [],
    ]
    code = """
import functools
from googleapiclient import discovery
from ecommerce_lake.ingestion_job import describe_stopped_job
build = discovery.build
def ask(address):
    discovery.build = functools.partial(build, client_options={'api_endpoint': address})
    return describe_stopped_job()
"""
    # The far side cannot exist here: Google's own client asks servers that know one answer each.
    with contextlib.ExitStack() as servers:
        addresses = []
        for states in cases:
            jobs = [
                {"id": f"id-{number}", "currentState": state, "createTime": f"2026-11-20T0{number}:00:00Z"}
                for number, state in enumerate(states)
            ]
            addresses.append(servers.enter_context(answering({"jobs": jobs} if jobs else {}))[0])
        said = evaluate(
            empty_home,
            "import os; os.environ['AIRFLOW_CONN_NOBODY'] = 'google-cloud-platform://?is_anonymous=true'\n"
            f"{code}print(json.dumps([ask(address) for address in {addresses!r}]))",
            dataflow_job="lake",
            gcp_project="shop-project",
            gcp_conn_id="nobody",
        )
    assert said == [
        None,
        None,
        "Dataflow job lake (id-1) is JOB_STATE_FAILED: start it again, then clear this task",
        "no Dataflow job is named lake: start the ingestion, or correct the Variable ecommerce_dataflow_job",
    ]


def test_bigquery_jobs_carry_their_limit_and_fail_on_a_condition_that_does_not_hold(empty_home: AirflowHome) -> None:
    refresh, check = evaluate(  # type: ignore[misc]
        empty_home,
        """
from ecommerce_lake.google_cloud import metadata_refreshes, report_checks
print(json.dumps([metadata_refreshes()[0]['query'], report_checks('2026-11-20')[0]['query']]))""",
        biglake_tables='["p.analytics_lake.order_completed"]',
        bigquery_checks="""["select count(*) > 0 from reporting.rpt_daily_revenue where revenue_date = '{day}'"]""",
        bq_maximum_bytes_billed="1000",
    )
    assert refresh["query"] == "call bq.refresh_external_metadata_cache('p.analytics_lake.order_completed')"
    assert check["maximumBytesBilled"] == "1000"
    assert check["query"].startswith("select if((select count(*) > 0 from reporting.rpt_daily_revenue")
    assert "revenue_date = '2026-11-20'), 'holds', error(" in check["query"]
