"""Awkward values: duplicates, money that floats would spoil, clocks that jump, what is missing or unreadable."""

from __future__ import annotations

import gzip
import os
from decimal import Decimal

import pytest

from beam_pipeline.routing import MAX_QUARANTINED_BYTES
from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Arrival, Lake, arrival
from warehouse_runner import build

pytestmark = pytest.mark.slow


def order(order_id: str, at: str, *prices: str, discount: str = "0.00", **changes: object) -> Arrival:
    """An order of one piece at each price, without shipping and tax."""
    items = [
        {
            "product_id": f"p-{position}",
            "product_name": "Mug",
            "category": "Kitchen",
            "quantity": 1,
            "unit_price": price,
        }
        for position, price in enumerate(prices)
    ]
    total = sum((Decimal(price) for price in prices), Decimal(0)) - Decimal(discount)
    amounts = {"discount": discount, "shipping": "0.00", "tax": "0.00", "total": f"{total:.2f}"}
    return arrival("order_completed", at, order_id=order_id, items=items, **amounts, **changes)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One lake with everything awkward in it, built under a time zone that is not UTC."""
    lake = Lake(tmp_path_factory.mktemp("values"))
    identity = "ABCDEF00-0000-4000-8000-000000000001"
    first = arrival(
        "page_viewed", "2026-11-20T09:00:00Z", event_id=identity, page_path="/first", delay=1, message_id="m-1"
    )
    again = arrival("page_viewed", "2026-11-20T09:00:00Z", event_id=identity.lower(), page_path="/first", delay=9)
    tie = arrival(
        "page_viewed", "2026-11-20T09:00:00Z", event_id=identity, page_path="/first", delay=1, message_id="m-2"
    )
    other = arrival("page_viewed", "2026-11-20T09:00:00Z", event_id=identity, page_path="/other", delay=3)
    lake.write(
        # Duplicates: any case of the id, the earliest publish time, then the smaller message id.
        again,
        tie,
        first,
        # Another event with the id of the first.
        other,
        # Money: 0.1 + 0.2, halves of a cent, and the most that the contract allows.
        order("o-tenths", "2026-11-20T10:00:00Z", "0.10", "0.20", session_id="s-m1"),
        order("o-half-1", "2026-11-21T10:00:00Z", "0.01", session_id="s-m2"),
        order("o-half-2", "2026-11-21T10:00:00Z", "0.02", session_id="s-m3"),
        order("o-most", "2026-11-22T09:00:00Z", "999999999999.99", session_id="s-m4"),
        # The same instant in five notations is one UTC day, whatever date is written.
        *(
            order(f"o-zone-{position}", at, "1.00", session_id=f"s-z{position}")
            for position, at in enumerate(
                (
                    "2026-11-18T23:59:59.999999Z",
                    "2026-11-19T13:59:59.999999+14:00",
                    "2026-11-18T11:59:59.999999-12:00",
                    "2026-11-19T05:29:59.999999+05:30",
                    "2026-11-18T23:59:59.999999+00:00",
                )
            )
        ),
        order("o-leap", "2024-02-29T23:30:00Z", "1.00", session_id="s-leap"),
        # Berlin's clock in the two hours around the end (25 October 2026) and the start (29 March 2026) of summer time.
        arrival("page_viewed", "2026-10-25T00:30:00Z", location="DE", session_id="s-t1"),
        arrival("page_viewed", "2026-10-25T01:30:00Z", location="DE", session_id="s-t1"),
        arrival("page_viewed", "2026-03-29T00:30:00Z", location="DE", session_id="s-t2"),
        arrival("page_viewed", "2026-03-29T01:30:00Z", location="DE", session_id="s-t2"),
        # A session over midnight, and one of the same id half a day later.
        arrival("page_viewed", "2026-11-10T23:50:00Z", session_id="s-night"),
        arrival("page_viewed", "2026-11-11T00:10:00Z", session_id="s-night"),
        arrival("page_viewed", "2026-11-11T12:00:00Z", session_id="s-night"),
    )
    lake.quarantine("message_too_large", b"[" + b"1," * (MAX_QUARANTINED_BYTES // 2 - 1) + b"]")
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    try:
        build_ok(lake)
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    return lake


def test_copies_are_one_event_and_what_differs_is_another(lake: Lake) -> None:
    found = rows(
        lake.warehouse,
        "select page_path, copies, published_at::varchar from intermediate.int_events where event_id like 'abcdef%' order by 1",
    )
    assert found == [("/first", 3, "2026-11-20 09:00:01"), ("/other", 1, "2026-11-20 09:00:03")]


def test_different_events_with_one_id_are_named_by_data_quality(lake: Lake) -> None:
    found = rows(
        lake.warehouse,
        "select event_date::varchar, event_type, colliding_events from reporting.rpt_data_quality where colliding_events > 0",
    )
    assert found == [("2026-11-20", "page_viewed", 1)]


def test_the_longest_message_that_quarantine_holds_stops_no_report(lake: Lake) -> None:
    assert rows(lake.warehouse, "select error_code, messages from reporting.rpt_quarantine") == [
        ("message_too_large", 1)
    ]


def test_money_is_exact(lake: Lake) -> None:
    found = dict(rows(lake.warehouse, "select order_id, order_total from marts.fct_orders"))
    assert found["o-tenths"] == Decimal("0.30")
    assert found["o-most"] == Decimal("999999999999.99")
    averages = rows(
        lake.warehouse,
        "select average_order_value, gross_revenue, orders from reporting.rpt_daily_revenue where revenue_date = '2026-11-21'",
    )
    assert averages == [(Decimal("0.02"), Decimal("0.03"), 2)]  # 0.015 rounds away from zero; a float's 0.015 would not


def test_the_day_is_the_utc_day_of_the_instant(lake: Lake) -> None:
    found = rows(
        lake.warehouse,
        "select distinct order_date::varchar, ordered_at::varchar from marts.fct_orders where order_id like 'o-zone-%'",
    )
    assert found == [("2026-11-18", "2026-11-18 23:59:59.999999")]
    leap = rows(lake.warehouse, "select order_date::varchar from marts.fct_orders where order_id = 'o-leap'")
    assert leap == [("2024-02-29",)]


def test_local_hours_follow_the_countrys_clock_over_daylight_saving(lake: Lake) -> None:
    found = rows(
        lake.warehouse,
        """select local_date::varchar, local_hour, events from intermediate.int_traffic_hourly
        where local_date in ('2026-10-25', '2026-03-29') order by all""",
    )
    # In autumn 02:30 comes twice; in spring 02:30 does not exist.
    assert found == [("2026-03-29", 1, 1), ("2026-03-29", 3, 1), ("2026-10-25", 2, 2)]


def test_a_session_crosses_one_midnight(lake: Lake) -> None:
    found = rows(
        lake.warehouse,
        """select session_date::varchar, events, crosses_midnight from marts.fct_sessions
        where session_id = 's-night' order by 1""",
    )
    assert found == [("2026-11-10", 2, True), ("2026-11-11", 1, False)]


def test_a_type_without_files_is_empty_and_nothing_fails(lake: Lake) -> None:
    assert not list(lake.path.glob("event_type=ad_clicked"))
    assert rows(lake.warehouse, "select count(*) from marts.fct_ad_clicks") == [(0,)]


def test_an_order_claimed_on_two_days_is_warned_about(lake: Lake) -> None:
    """Last in this file: it changes the lake."""
    lake.write(order("o-tenths", "2026-11-21T11:00:00Z", "0.10"))
    result = build_ok(lake)
    assert result.lake_dates == ("2026-11-21",)
    assert any(line.startswith("unique_over_days_fct_orders") for line in result.warnings)


def test_a_corrupt_line_is_counted_and_warned_about(tmp_path: object) -> None:
    lake = Lake(tmp_path)  # type: ignore[arg-type]
    lake.write(arrival("page_viewed", "2026-11-20T09:00:00Z"), arrival("page_viewed", "2026-11-20T09:01:00Z"))
    [path] = lake.path.glob("event_type=*/**/*.gz")
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(lines[0] + lines[1][:40] + b"\n"))
    result = build_ok(lake)
    assert any(line.startswith("lake_and_manifest_agree") for line in result.warnings)
    assert rows(lake.warehouse, "select events, manifest_rows, unreadable_rows from reporting.rpt_data_quality") == [
        (1, 2, 1)
    ]

    path.write_bytes(path.read_bytes()[:30])  # cut short: cannot be read at all, and the message says which file
    failed = build(lake.path, lake.quarantine_path, lake.warehouse, full_refresh=True)
    assert not failed.succeeded
    assert any(path.name in line for line in failed.failures)
