"""BigQuery jobs around the build, where Variables ask for them; elsewhere there are none, and their tasks are skipped."""

from __future__ import annotations

import json
from typing import Any

from ecommerce_lake import settings


def run_job(configuration: dict[str, Any]) -> str:
    """Runs one BigQuery job to its end; returns its id.

    A plain task and not BigQueryInsertJobOperator: importing that takes seconds of processor time each time the DAG's file is
    parsed, for tasks that most deployments skip.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the job failed; a retry runs it again.
    """
    from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook

    hook = BigQueryHook(gcp_conn_id=settings.read("gcp_conn_id"), use_legacy_sql=False)
    job = hook.insert_job(
        configuration=configuration, project_id=settings.require("gcp_project"), location=settings.read("bq_location")
    )
    job.result()
    return str(job.job_id)


def metadata_refreshes() -> list[dict[str, Any]]:
    """One BigQuery job for each table of ecommerce_biglake_tables: external tables with a metadata cache learn of new objects."""
    return [
        _job(f"call bq.refresh_external_metadata_cache('{table}')")
        for table in json.loads(settings.read("biglake_tables"))
    ]


def report_checks(day: str) -> list[dict[str, Any]]:
    """One BigQuery job for each condition of ecommerce_bigquery_checks, an SQL query of one boolean with `{day}` for the day.

    A check that is not true is an error of its job. What it may read is limited, as everything else.
    """
    return [
        _job(f"select if(({query.replace('{day}', day)}), 'holds', error({json.dumps('does not hold: ' + query)}))")
        for query in json.loads(settings.read("bigquery_checks"))
    ]


def _job(query: str) -> dict[str, Any]:
    return {
        "query": {
            "query": query,
            "useLegacySql": False,
            "maximumBytesBilled": settings.read("bq_maximum_bytes_billed"),
        },
        "labels": {"system": "ecommerce-lake"},
    }
