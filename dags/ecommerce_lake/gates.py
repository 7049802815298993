"""What must hold before anything is built: the day is complete, and most of it could be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from ecommerce_lake import lake, settings
from ecommerce_lake.business_day import business_date, end_of
from ecommerce_lake.ingestion_job import describe_stopped_job

if TYPE_CHECKING:
    from airflow.sdk import Context


class CompleteDaySensor(BaseSensorOperator):
    """Waits until the ingestion's watermark has passed the end of the business day; returns the day (YYYY-MM-DD).

    The watermark says that every message published before it is stored: a first file, or a clock, would prove nothing.
    It fails at once if the ingestion job is known to have stopped: that day will not complete by waiting.
    """

    reason = "not looked yet"

    def poke(self, context: Context) -> PokeReturnValue:
        """Looks once, and says in the log what is being waited for."""
        day = business_date(context)
        uri = settings.require("lake_uri")
        complete_until = lake.read_watermark(lake.open_root(uri, settings.read("lake_conn_id")))
        if complete_until is not None and complete_until >= end_of(day):
            self.log.info(
                "%s is complete: the lake holds everything published before %s", day, complete_until.isoformat()
            )
            return PokeReturnValue(is_done=True, xcom_value=day.isoformat())
        self.reason = _reason(day.isoformat(), end_of(day), complete_until, uri)
        self.log.info("Waiting: %s", self.reason)
        stopped = describe_stopped_job()
        if stopped is not None:
            raise AirflowFailException(f"{self.reason}; {stopped}")
        return PokeReturnValue(is_done=False)

    def execute(self, context: Context) -> Any:
        """As every sensor, but a time-out says why."""
        try:
            return super().execute(context)
        except AirflowSensorTimeout as error:
            raise AirflowSensorTimeout(
                f"{self.reason}. Gave up after {self.timeout:.0f} s: {settings.RUNBOOK}"
            ) from error


def _reason(day: str, needed: datetime, complete_until: datetime | None, uri: str) -> str:
    if complete_until is None:
        return f"{day} is not complete: {uri} has no _control/watermark.json; has the ingestion written there yet?"
    behind = needed - complete_until.astimezone(UTC)
    return (
        f"{day} is not complete: the lake holds everything published before {complete_until.isoformat()}, "
        f"needed is {needed.isoformat()}, {behind} more"
    )


def check_quarantine_share(day_text: str) -> dict[str, int]:
    """Fails, without retry, if too large a share of what was published on a day was refused; returns the reasons with counts.

    Raises:
        AirflowFailException: the share is above the Variable ecommerce_max_quarantine_share; the message names the top reasons.
    """
    day = date.fromisoformat(day_text)
    allowed = float(settings.read("max_quarantine_share"))
    root = lake.open_root(settings.require("lake_uri"), settings.read("lake_conn_id"))
    seen = lake.arrivals(lake.published_on(root, day))
    refused = seen.quarantined.total()
    top = ", ".join(f"{reason} {rows}" for reason, rows in seen.quarantined.most_common(5)) or "none"
    summary = (
        f"{refused} of {refused + seen.lake_rows} messages published on {day} were refused ({seen.share:.2%}): {top}"
    )
    if seen.share > allowed:
        raise AirflowFailException(f"{summary}. Allowed is {allowed:.2%} (Variable ecommerce_max_quarantine_share)")
    return {"lake": seen.lake_rows, **seen.quarantined}
