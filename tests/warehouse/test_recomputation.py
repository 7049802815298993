"""The reports against plain Python over the raw lake files: no SQL, no shared code, equal to the cent."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake
from tests.warehouse.shops import deliveries

pytestmark = pytest.mark.slow

Event = dict[str, Any]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("shop"))
    lake.write_payloads(deliveries(15_000))
    build_ok(lake)
    return lake


@pytest.fixture(scope="module")
def events(lake: Lake) -> list[Event]:
    """Every event once, the copy published first, from the files as they lie there."""
    first: dict[tuple[str, str], Event] = {}
    for path in sorted(lake.path.glob("event_type=*/**/*.ndjson.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            event = json.loads(line)
            event["at"] = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
            key = (event["event_id"].lower(), event["at"].date().isoformat())
            if key not in first or event["_ingest"]["publish_time"] < first[key]["_ingest"]["publish_time"]:
                first[key] = event
    return list(first.values())


def of_type(events: list[Event], *types: str) -> list[Event]:
    return [event for event in events if event["event_type"] in types]


def goods(event: Event) -> Decimal:
    return sum((Decimal(item["unit_price"]) * item["quantity"] for item in event["items"]), Decimal(0))


def test_revenue_per_day(lake: Lake, events: list[Event]) -> None:
    expected: dict[str, list[Decimal | int]] = defaultdict(lambda: [0, Decimal(0), Decimal(0), Decimal(0)])
    for order in of_type(events, "order_completed"):
        day = expected[order["at"].date().isoformat()]
        day[0] += 1
        day[1] += goods(order)
        day[2] += Decimal(order["discount"])
    for refund in of_type(events, "order_refunded"):
        expected[refund["at"].date().isoformat()][3] += Decimal(refund["amount"])
    assert sum(int(day[0]) for day in expected.values()) > 100
    found = rows(
        lake.warehouse,
        """select revenue_date::varchar, orders, gross_revenue, discounts, refunded, net_revenue
        from reporting.rpt_daily_revenue""",
    )
    assert {day: (orders, gross, discounts, refunded) for day, orders, gross, discounts, refunded, _ in found} == {
        day: tuple(figures) for day, figures in expected.items()
    }
    assert all(net == gross - discounts - refunded for _, _, gross, discounts, refunded, net in found)


def test_top_products(lake: Lake, events: list[Event]) -> None:
    units: Counter[str] = Counter()
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    for order in of_type(events, "order_completed"):
        for item in order["items"]:
            units[item["product_id"]] += item["quantity"]
            revenue[item["product_id"]] += Decimal(item["unit_price"]) * item["quantity"]
    expected = sorted(revenue, key=lambda product: (-revenue[product], -units[product], product))
    found = rows(
        lake.warehouse,
        "select product_id, units_sold, gross_revenue from reporting.rpt_top_selling_products order by revenue_rank",
    )
    assert found == [(product, units[product], revenue[product]) for product in expected]


def sessions_of(events: list[Event]) -> dict[tuple[str, str], list[Event]]:
    """Events by session and the day it began: before noon, an event belongs to the evening before if there is one."""
    visits = [event for event in events if event["event_type"] != "order_refunded"]
    evenings = {(event["session_id"], event["at"].date()) for event in visits if event["at"].hour >= 12}
    sessions: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in visits:
        day = event["at"].date()
        before = day - timedelta(days=1)
        if event["at"].hour < 12 and (event["session_id"], before) in evenings:
            day = before
        sessions[event["session_id"], day.isoformat()].append(event)
    for found in sessions.values():
        found.sort(key=lambda event: (event["at"], event["event_id"].lower()))
    return sessions


def test_sessions(lake: Lake, events: list[Event]) -> None:
    expected = {}
    for (session, day), visit in sessions_of(events).items():
        types = Counter(event["event_type"] for event in visit)
        seconds = int((visit[-1]["at"] - visit[0]["at"]) / timedelta(seconds=1))
        crosses = visit[0]["at"].date() != visit[-1]["at"].date()
        expected[session, day] = (len(visit), types["page_viewed"], types["order_completed"], seconds, crosses)
    assert any(figures[4] for figures in expected.values()), "no session crosses midnight"
    found = rows(
        lake.warehouse,
        """select session_id, session_date::varchar, events, page_views, orders, duration_seconds, crosses_midnight
        from marts.fct_sessions""",
    )
    assert {(row[0], row[1]): row[2:] for row in found} == expected


def test_funnel(lake: Lake, events: list[Event]) -> None:
    steps = (
        set(),
        {"product_viewed", "product_added", "checkout_started", "order_completed"},
        {"product_added", "checkout_started", "order_completed"},
        {"checkout_started", "order_completed"},
        {"order_completed"},
    )
    expected: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * len(steps))
    for (_, day), visit in sessions_of(events).items():
        types = {event["event_type"] for event in visit}
        cell = expected[day, visit[0]["device"], visit[0]["location"]]
        for position, step in enumerate(steps):
            cell[position] += not step or bool(step & types)
    found = rows(
        lake.warehouse,
        """select session_date::varchar, device, country_code, sessions, viewed_product, added_to_cart, started_checkout, ordered
        from reporting.rpt_conversion_funnel""",
    )
    assert {row[:3]: list(row[3:]) for row in found} == expected


def test_no_column_of_the_warehouse_is_a_float(lake: Lake) -> None:
    floats = rows(
        lake.warehouse,
        """select table_schema, table_name, column_name, data_type from information_schema.columns
        where data_type in ('FLOAT', 'DOUBLE', 'REAL')""",
    )
    assert floats == []


def test_the_lake_folder_is_only_read(lake: Lake) -> None:
    written = [path for path in lake.root.rglob("*") if path.is_file()]
    ours = {lake.warehouse, *(lake.root / "dbt").rglob("*"), *lake.path.rglob("*.gz"), *lake.path.rglob("*.ndjson")}
    assert {path for path in written if path not in ours and path.suffix != ".wal"} == set()
    assert not (Path(__file__).parents[2] / "dbt" / "target" / "run_results.json").is_relative_to(lake.root)
