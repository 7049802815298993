"""Three days of a shop, and the runs that publish them."""

from __future__ import annotations

from datetime import date, timedelta

from tests.orchestration.home import AirflowHome, Run
from tests.warehouse.lakes import arrival

DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")


def scheduled(day: str) -> Run:
    """The run whose data interval is a day: it is due, and named after, the midnight that ends it."""
    return Run(f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00+00:00")


def fill(home: AirflowHome) -> None:
    """Three days of a shop, complete, each with a message that was refused; the last day's page views are in two objects."""
    for day in DAYS:
        session = f"s-{day}"
        home.lake.write(
            *(
                arrival(event_type, f"{day}T09:00:00+00:00", session_id=session)
                for event_type in ("page_viewed", "product_viewed", "product_added")
            ),
            arrival("order_completed", f"{day}T10:00:00+00:00", order_id=f"o-{day}", session_id=session),
        )
        home.lake.quarantine("invalid_json", b"{", published_at=f"{day}T11:00:00+00:00")
    home.lake.write(arrival("page_viewed", f"{DAYS[-1]}T12:00:00+00:00", session_id=f"s-{DAYS[-1]}"))
    home.complete_until("2026-11-21T00:00:00Z")
