"""Which day a run is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any


def business_date(context: Mapping[str, Any]) -> date:
    """The UTC day to publish: the `business_date` parameter, else the day of its data interval, else the day before.

    Scheduled runs and backfills have a data interval; a manual run may have none: then `run_after` says when it was asked for.
    """
    return of_run(context["params"], context.get("data_interval_start"), context.get("dag_run"))


def of_run(params: Mapping[str, Any], data_interval_start: datetime | None, dag_run: Any) -> date:
    """The same from what a template sees."""
    given = params.get("business_date")
    if given:
        return date.fromisoformat(given)
    if data_interval_start is not None:
        return data_interval_start.astimezone(UTC).date()
    asked: datetime = dag_run.run_after
    return asked.astimezone(UTC).date() - timedelta(days=1)


def end_of(day: date) -> datetime:
    """The first instant after a UTC day."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)
