"""Publishes yesterday's reports every day, only when yesterday is complete and its tests passed.

The same file runs on Cloud Composer 3 and on a laptop: what differs comes from Variables and connections, which
`ecommerce_lake.settings` lists.
"""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import DAG, Asset, Param, chain, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]
from airflow.timetables.interval import CronDataIntervalTimetable
from ecommerce_lake import alerts, business_day, gates, google_cloud, settings
from ecommerce_lake.dbt_task import DbtTask, InDbtEnvironment, read_plan

REPORTS = Asset(name="ecommerce_reports", uri="x-ecommerce://reports", group="ecommerce")

DOCS = """\
### Yesterday's reports, only from a whole and tested day

**gate** (the lake's watermark has passed the end of the day) → **quarantine share** → **changed days** (from the manifest,
however old) → **source freshness** → **staging** → **marts** → **audit** of the reports → **publish** → **docs**

A red test stops everything after it; readers keep the reports of the last good run. A test's failing rows are in the task's
log and in the alert. Running a day again is safe.
`business_date` (YYYY-MM-DD) makes a manual run publish a given day.

Runbook: [docs/runbooks/airflow.md](docs/runbooks/airflow.md) · How it works: [docs/orchestration.md](docs/orchestration.md)
"""

# The same variables for every dbt task of a run; publishing is a task of its own.
PLAN = "ti.xcom_pull(task_ids='find_changed_days')"
VARS = f"--vars '{{{{ {PLAN}['vars'] | tojson }}}}'"
# Unit tests say whether the SQL is right, not the data: they ran before it was released.
BUILD = (
    f"build {VARS} {{{{ '--full-refresh' if {PLAN}['everything'] else '' }}}} --exclude-resource-type unit_test "
    # A test that reads models of two steps runs in the later one.
    "--indirect-selection"
)
ROOTS = '--lake "$LAKE_PATH" --quarantine "$QUARANTINE_PATH"'
PENDING = '--pending "$STATE_DIR/pending-{{ run_id }}.json"'
WAREHOUSE = '--target "$DBT_TARGET" --state-dir "$STATE_DIR" --duckdb-path "$DUCKDB_PATH"'

with DAG(
    dag_id="ecommerce_analytics_pipeline",
    description="Reports of the e-commerce lake, published once a day from whole, tested days",
    doc_md=DOCS,
    # Not a cron string, whose interval would be a point: the data interval is the business day, midnight to midnight UTC.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 # as Airflow's documentation has it
    catchup=False,
    max_active_runs=1,
    tags=["ecommerce", "dbt", "reports"],
    params={
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="UTC day to publish; empty: the day before the run",
        )
    },
    user_defined_macros={"business_date": business_day.of_run},
    default_args=settings.DEFAULT_ARGS | {"on_failure_callback": alerts.task_failed},
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=settings.DEADLINE,
        callback=AsyncCallback("ecommerce_lake.alerts.deadline_missed"),
    ),
) as dag:
    complete = gates.CompleteDaySensor(
        task_id="wait_for_complete_day",
        mode="reschedule",
        poke_interval=settings.GATE_POKE.total_seconds(),
        timeout=settings.GATE_TIMEOUT.total_seconds(),
        doc_md="The lake holds everything published before the end of the day.",
    )
    # A gate that a person marked as succeeded has returned nothing: then the run's own day.
    OWN_DAY = "business_date(params, data_interval_start | default(none), dag_run)"
    DAY = f"{{{{ ti.xcom_pull(task_ids='wait_for_complete_day') or {OWN_DAY} }}}}"
    quarantine = task(gates.check_quarantine_share)(DAY)
    refreshes = task(google_cloud.metadata_refreshes)()
    refresh = task(google_cloud.run_job, task_id="refresh_biglake_metadata").expand(configuration=refreshes)
    changed = InDbtEnvironment(
        task_id="find_changed_days",
        command=f"python -m warehouse_runner.changed_days find {ROOTS} {WAREHOUSE} {PENDING} --also {DAY}",
        output_processor=read_plan,
        trigger_rule="none_failed",
    )
    freshness = DbtTask(task_id="source_freshness", arguments=f"source freshness {VARS} --select source:lake")
    staging = DbtTask(task_id="staging", arguments=f"{BUILD} buildable --select tag:staging")
    marts = DbtTask(task_id="marts", arguments=f"{BUILD} buildable --select tag:seeds tag:intermediate tag:marts")
    audit = DbtTask(task_id="audit_reports", arguments=f"{BUILD} eager --select tag:reporting")
    checks = task(google_cloud.report_checks)(DAY)
    check = task(google_cloud.run_job, task_id="check_reports_in_bigquery").expand(configuration=checks)
    publish = DbtTask(
        task_id="publish_reports",
        arguments=f"run-operation publish_reports {VARS}",
        trigger_rule="none_failed",
        outlets=[REPORTS],
    )
    remember = InDbtEnvironment(
        task_id="remember_published_days",
        command=f"python -m warehouse_runner.changed_days remember {WAREHOUSE} {PENDING}",
        do_xcom_push=False,
    )
    docs = DbtTask(
        task_id="docs",
        arguments=f"docs generate --static {VARS}",
        keep="static_index.html",
        keep_uri=settings.template("docs_uri"),
    )

    chain(
        complete,
        quarantine,
        refreshes,
        refresh,
        changed,
        freshness,
        staging,
        marts,
        audit,
        checks,
        check,
        publish,
        remember,
        docs,
    )
