"""What runs on Google Cloud, and up to when the lake is complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from event_contract.lake_layout import WATERMARK
from lake_cli.cloud import commands
from lake_cli.cloud.stage import Stage


def lines(stage: Stage, now: datetime | None = None) -> Iterator[str]:
    """The state of each job and the age of the watermark, one line each.

    Raises:
        commands.CommandFailed: gcloud cannot say.
    """
    yield f"Stage      {stage.stage} in {stage.project_id}, {stage.region}"
    if not stage.jobs:
        yield "Job        none: dataflow_enabled is off, or no colour is running"
    for job in stage.jobs:
        yield f"Job        {job.name}: {_job_state(stage, job.name)}"
    yield f"Lake       {stage.lake}"
    yield f"Complete   {_watermark(stage, now or datetime.now(UTC))}"


def _job_state(stage: Stage, name: str) -> str:
    listed = json.loads(
        commands.read(
            [
                "gcloud",
                "dataflow",
                "jobs",
                "list",
                f"--project={stage.project_id}",
                f"--region={stage.region}",
                f"--filter=name={name}",
                "--sort-by=~creationTime",
                "--limit=1",
                "--format=json",
            ]
        )
    )
    if not listed:
        return "not found: did the launch fail? docs/runbooks/job-failed.md"
    return f"{listed[0].get('state', 'unknown')} ({listed[0].get('id', 'no id')})"


def _watermark(stage: Stage, now: datetime) -> str:
    try:
        text = commands.read(["gcloud", "storage", "cat", f"{stage.lake}/{WATERMARK}"])
    except commands.CommandFailed:
        return "unknown: the lake has no _control/watermark.json yet"
    watermark = datetime.fromisoformat(json.loads(text)["watermark"])
    return f"up to {watermark.isoformat()}, {int((now - watermark).total_seconds())} s ago"
