"""What differs between a laptop and Cloud Composer: addresses, limits and connections, all of them Airflow Variables.

Variables are read when a task runs, never when the file is parsed. What the scheduler itself needs to know of a task (time-outs,
delays, whether a DAG starts paused) cannot be a Variable; it comes from the environment of the Airflow components.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import Variable

PREFIX = "ecommerce_"

RUNBOOK = "docs/runbooks/airflow.md"

# Variable without its prefix -> its value where it is not set. docs/orchestration.md explains each.
DEFAULTS: dict[str, str] = {
    "home": str(Path(__file__).resolve().parents[2]),
    "lake_uri": "",
    "quarantine_uri": "",
    "lake_conn_id": "",
    "state_dir": "",
    "duckdb_path": "",
    "dbt_python": "",
    "dbt_target": "duckdb",
    "docs_uri": "",
    "max_quarantine_share": "0.05",
    "alert_conn_id": "",
    "gcp_conn_id": "google_cloud_default",
    "gcp_project": "local-project",
    "gcp_region": "europe-west1",
    "bq_dataset": "analytics",
    "bq_location": "EU",
    "bq_maximum_bytes_billed": "50000000000",
    "bigquery_checks": "[]",
    "biglake_tables": "[]",
    "dataflow_job": "",
    "small_object_bytes": "8388608",
    "quarantine_retention_days": "0",
    "quarantine_expiry": "report",
    "full_refresh_check": "off",
    "lake_command": "",
}


class SettingMissing(ValueError):
    """A Variable without which nothing can run is not set."""


def read(name: str) -> str:
    """The Variable `ecommerce_<name>`, or its default. Only inside a task."""
    return str(Variable.get(PREFIX + name, default=DEFAULTS[name]))


def require(name: str) -> str:
    """As `read`.

    Raises:
        SettingMissing: it is empty.
    """
    value = read(name)
    if not value:
        raise SettingMissing(f"set the Airflow Variable {PREFIX}{name}: {RUNBOOK} lists what a deployment needs")
    return value


def template(name: str) -> str:
    """The same as a Jinja template, for templated fields of operators."""
    return f"{{{{ var.value.get('{PREFIX}{name}', '{DEFAULTS[name]}') }}}}"


def seconds_from_environment(name: str, default: timedelta) -> timedelta:
    """A duration that the scheduler must know, from the environment variable `ECOMMERCE_<name>_SECONDS`."""
    return timedelta(seconds=float(os.environ.get(f"ECOMMERCE_{name}_SECONDS", default.total_seconds())))


# The gate asks every five minutes; a day that is not complete twelve hours after its end needs a person.
GATE_POKE = seconds_from_environment("GATE_POKE", timedelta(minutes=5))
GATE_TIMEOUT = seconds_from_environment("GATE_TIMEOUT", timedelta(hours=12))
RETRIES = int(os.environ.get("ECOMMERCE_RETRIES", "3"))
RETRY_DELAY = seconds_from_environment("RETRY_DELAY", timedelta(minutes=1))
MAX_RETRY_DELAY = timedelta(minutes=15)
TASK_TIMEOUT = seconds_from_environment("TASK_TIMEOUT", timedelta(hours=1))

# Of every DAG, beside its failure callback, which `alerts` brings.
DEFAULT_ARGS: dict[str, object] = {
    "owner": "data-platform",
    "retries": RETRIES,
    "retry_delay": RETRY_DELAY,
    "retry_exponential_backoff": True,
    "max_retry_delay": MAX_RETRY_DELAY,
    "execution_timeout": TASK_TIMEOUT,
}

# Reports are promised six hours after the run was due.
DEADLINE = seconds_from_environment("DEADLINE", timedelta(hours=6))
MAINTENANCE_ON = os.environ.get("ECOMMERCE_MAINTENANCE", "off") == "on"
