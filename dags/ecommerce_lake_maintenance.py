"""Looks after the lake once a week: small files, expired quarantine, and whether increments still add up to a full build."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import DAG, chain, task
from airflow.timetables.interval import CronDataIntervalTimetable
from ecommerce_lake import alerts, maintenance, settings
from ecommerce_lake.dbt_task import InDbtEnvironment

DOCS = """\
### Weekly look at the lake

**small files**: days whose objects are small enough to be worth rewriting · **expired quarantine**: days of quarantined messages
beyond `ecommerce_quarantine_retention_days`, reported or deleted (`ecommerce_quarantine_expiry`) · **full refresh check**: a
scratch warehouse built from nothing has the same reports (`ecommerce_full_refresh_check`)

It starts paused unless `ECOMMERCE_MAINTENANCE=on`. Runbook: [docs/runbooks/airflow.md](docs/runbooks/airflow.md)
"""

with DAG(
    dag_id="ecommerce_lake_maintenance",
    description="Weekly: small files, expired quarantine, full refresh against increments",
    doc_md=DOCS,
    schedule=CronDataIntervalTimetable("0 4 * * 0", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 # as Airflow's documentation has it
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=not settings.MAINTENANCE_ON,
    tags=["ecommerce", "maintenance"],
    default_args=settings.DEFAULT_ARGS | {"on_failure_callback": alerts.task_failed},
) as dag:
    task(maintenance.report_small_files)()
    # In a row: a full build must not read days that are being deleted. Nothing to expire is no reason to leave the check out.
    chain(
        task(maintenance.expire_quarantine)(),
        task(maintenance.skip_unless_wanted, trigger_rule="none_failed")("full_refresh_check"),
        InDbtEnvironment(
            task_id="full_refresh_check",
            command='python -m warehouse_runner.full_refresh_check --lake "$LAKE_PATH" --quarantine "$QUARANTINE_PATH" '
            f'--duckdb-path "$DUCKDB_PATH" --quarantine-days {settings.template("quarantine_retention_days")}',
            do_xcom_push=False,
        ),
    )
