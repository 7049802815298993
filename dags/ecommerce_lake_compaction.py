"""Every night: small objects are joined, orders to erase are applied to what was written since, unknown fields are counted."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import DAG, chain
from airflow.timetables.interval import CronDataIntervalTimetable
from ecommerce_lake import alerts, settings
from ecommerce_lake.lake_task import LakeTask

DOCS = """\
### Looks after what was written

**compact**: days that have settled become as few objects as their bytes need, the manifest included · **apply erasures**: orders
to erase a person are applied to what was written since they were given · **census**: the fields of yesterday's events that the
contract does not know are counted

All are safe beside ingestion and builds, and finish what a run before them began. They need the `lake` command on the worker
(Variable `ecommerce_lake_command`), and are skipped without it. What they do: [docs/lifecycle.md](docs/lifecycle.md)
"""

with DAG(
    dag_id="ecommerce_lake_compaction",
    description="Daily: join small objects of settled days, apply orders to erase, count unknown fields",
    doc_md=DOCS,
    # Daily, not weekly: each day is joined once either way, and readers of the days of a week pay for small objects until then.
    schedule=CronDataIntervalTimetable("0 7 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 # as Airflow's documentation has it
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["ecommerce", "maintenance"],
    default_args={
        "owner": "data-platform",
        "retries": settings.RETRIES,
        "retry_delay": settings.RETRY_DELAY,
        "retry_exponential_backoff": True,
        "max_retry_delay": settings.MAX_RETRY_DELAY,
        "execution_timeout": settings.TASK_TIMEOUT,
        "on_failure_callback": alerts.task_failed,
    },
) as dag:
    chain(
        LakeTask(task_id="compact", arguments="compact"),
        # An object that is damaged is a reason to look at it, not to keep a person's lines.
        LakeTask(task_id="apply_erasures", arguments="erase --pending --yes", trigger_rule="all_done"),
        LakeTask(task_id="census", arguments="contract census", trigger_rule="all_done"),
    )
