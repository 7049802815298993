"""The ingestion's own state, where it is a Dataflow job."""

from __future__ import annotations

from typing import Any

from ecommerce_lake import settings

# Terminal states of the Dataflow API's Job.currentState, in which a job reads no more.
_STOPPED = frozenset(
    {"JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_DRAINED", "JOB_STATE_UPDATED"}
)


def describe_stopped_job() -> str | None:
    """Why waiting cannot succeed: no job named in Variable ecommerce_dataflow_job runs. None if one runs, or none is named."""
    name = settings.read("dataflow_job")
    if not name:
        return None
    # Only a deployment that names a job needs Google's client, and importing it takes seconds. Not the provider's DataflowHook:
    # that needs the Apache Beam provider, too.
    from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
    from googleapiclient import discovery  # type: ignore[import-untyped]

    credentials = GoogleBaseHook(gcp_conn_id=settings.read("gcp_conn_id")).get_credentials()
    service = discovery.build("dataflow", "v1b3", credentials=credentials, cache_discovery=False)
    project, region = settings.require("gcp_project"), settings.require("gcp_region")
    listed = service.projects().locations().jobs().list(projectId=project, location=region, name=name)
    return _verdict(name, listed.execute(num_retries=3).get("jobs", []))


def _verdict(name: str, jobs: list[dict[str, Any]]) -> str | None:
    if not jobs:
        return f"no Dataflow job is named {name}: start the ingestion, or correct the Variable ecommerce_dataflow_job"
    if any(job["currentState"] not in _STOPPED for job in jobs):
        return None
    latest = max(jobs, key=lambda job: str(job["createTime"]))
    return f"Dataflow job {name} ({latest['id']}) is {latest['currentState']}: start it again, then clear this task"
