"""What a campaign costs is decided by the days it ran, not by the clocks of devices."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake, arrival

pytestmark = pytest.mark.slow

ALL_CAMPAIGNS_A_DAY = Decimal("1252.50")
STRAY_CLICKS = 500


@pytest.mark.proof
def test_clicks_of_devices_with_a_wrong_clock_cost_nothing(lake: Lake) -> None:
    days = [date(2000, 1, 1) + timedelta(days=18 * n) for n in range(STRAY_CLICKS)]
    instants = ["2026-11-20T10:00:00Z", *(f"{day}T10:00:00Z" for day in days)]
    lake.write(*(arrival("ad_clicked", at, campaign_id="search-brand") for at in instants))
    build_ok(lake)

    spent = "select sum(spend), sum(clicks), count(distinct report_date) from reporting.rpt_ad_performance"
    assert rows(lake.warehouse, spent) == [(ALL_CAMPAIGNS_A_DAY, STRAY_CLICKS + 1, STRAY_CLICKS + 1)]
