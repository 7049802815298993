"""The reports in plain Python over the raw files of a lake, by the rules of docs/warehouse.md: no SQL, equal to the cent."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.warehouse.conftest import rows
from tests.warehouse.lakes import Lake

Event = dict[str, Any]
Rows = list[tuple[Any, ...]]

SEEDS = Path(__file__).parents[2] / "dbt" / "seeds"
WEEK = timedelta(hours=168)
NOTHING = Decimal(0)


def files_of(lake: Lake) -> list[Path]:
    """All files of a lake and its quarantine."""
    return [*lake.path.glob("event_type=*/**/*.ndjson.gz"), *lake.quarantine_path.glob("failed/**/*.ndjson.gz")]


def read_events(files: Iterable[Path]) -> list[Event]:
    """Every event once, the copy published first, with its instant (`at`), UTC date (`day`) and number of lines (`lines`)."""
    found: dict[str, Event] = {}
    for path in files:
        if "event_type=" not in str(path):
            continue
        for line in gzip.decompress(path.read_bytes()).split(b"\n")[:-1]:
            event = json.loads(line)
            ingest = event.pop("_ingest")
            same = json.dumps(event | {"event_id": event["event_id"].lower()}, sort_keys=True)
            event["at"] = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
            event["day"] = event["at"].date()
            event["published"] = datetime.fromisoformat(ingest["publish_time"])
            event["lines"] = 1
            if same in found:
                event["lines"] += found[same]["lines"]
                event["published"] = min(event["published"], found[same]["published"])
            found[same] = event
    return sorted(found.values(), key=lambda event: (event["at"], event["published"]))


def of_type(events: list[Event], *types: str) -> list[Event]:
    """Events of these types, by instant."""
    return [event for event in events if event["event_type"] in types]


def goods(event: Event) -> Decimal:
    """Quantity times price over an event's items."""
    return sum((Decimal(item["unit_price"]) * item["quantity"] for item in event["items"]), NOTHING)


def pieces(event: Event) -> int:
    """Quantities of an event's items."""
    return sum(item["quantity"] for item in event["items"])


def first_claims(events: list[Event], event_type: str, identity: str) -> list[Event]:
    """Events of a type: of those that claim one id on one day, the earliest."""
    taken: dict[tuple[date, str], Event] = {}
    for event in of_type(events, event_type):
        taken.setdefault((event["day"], event[identity]), event)
    return list(taken.values())


def orders_of(events: list[Event]) -> list[Event]:
    """Orders."""
    return first_claims(events, "order_completed", "order_id")


def refunds_of(events: list[Event]) -> list[Event]:
    """Refunds."""
    return first_claims(events, "order_refunded", "refund_id")


def revenue(events: list[Event]) -> Rows:
    """Per day and currency: orders, units, gross, discounts, refunds, refunded, net, shipping, tax."""
    days: dict[tuple[date, str], list[Any]] = defaultdict(
        lambda: [0, 0, NOTHING, NOTHING, 0, NOTHING, NOTHING, NOTHING]
    )
    for order in orders_of(events):
        day = days[order["day"], order["currency"]]
        own = (
            1,
            pieces(order),
            goods(order),
            Decimal(order["discount"]),
            0,
            0,
            Decimal(order["shipping"]),
            Decimal(order["tax"]),
        )
        day[:] = [before + more for before, more in zip(day, own, strict=True)]
    for refund in refunds_of(events):
        day = days[refund["day"], refund["currency"]]
        day[4] += 1
        day[5] += Decimal(refund["amount"])
    return [
        (*key, orders, units, gross, discounts, refunds, refunded, gross - discounts - refunded, shipping, tax)
        for key, (orders, units, gross, discounts, refunds, refunded, shipping, tax) in days.items()
    ]


def top_products(events: list[Event]) -> Rows:
    """Per month, currency and product: units, gross, and the rank by gross, units and id."""
    months: dict[tuple[date, str], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(lambda: [NOTHING, 0]))
    for order in orders_of(events):
        for item in order["items"]:
            sold = months[order["day"].replace(day=1), order["currency"]][item["product_id"]]
            sold[0] += Decimal(item["unit_price"]) * item["quantity"]
            sold[1] += item["quantity"]
    return [
        (*key, product, products[product][1], products[product][0], rank)
        for key, products in months.items()
        for rank, product in enumerate(
            sorted(products, key=lambda each: (-products[each][0], -products[each][1], each.encode())), start=1
        )
    ]


def regions(events: list[Event]) -> Rows:
    """Per day, country and currency: orders, buyers, gross, discounts, refunded."""
    found: dict[tuple[date, str, str], list[Any]] = defaultdict(lambda: [0, set(), NOTHING, NOTHING, NOTHING])
    for order in orders_of(events):
        cell = found[order["day"], order["location"], order["currency"]]
        cell[0] += 1
        cell[1].add(order["anonymous_id"])
        cell[2] += goods(order)
        cell[3] += Decimal(order["discount"])
    for refund in refunds_of(events):
        found[refund["day"], refund["location"], refund["currency"]][4] += Decimal(refund["amount"])
    return [(*key, cell[0], len(cell[1]), *cell[2:]) for key, cell in found.items()]


def sessions_of(events: list[Event]) -> dict[tuple[str, date], list[Event]]:
    """Events by session and the day it began: before noon, an event belongs to the evening before if there is one."""
    visits = [event for event in events if event["event_type"] != "order_refunded"]
    evenings = {(event["session_id"], event["day"]) for event in visits if event["at"].hour >= 12}
    sessions: dict[tuple[str, date], list[Event]] = defaultdict(list)
    for event in visits:
        before = event["day"] - timedelta(days=1)
        belongs = event["at"].hour < 12 and (event["session_id"], before) in evenings
        sessions[event["session_id"], before if belongs else event["day"]].append(event)
    return sessions


def _bought(events: list[Event]) -> set[int]:
    return {id(order) for order in orders_of(events)}


def sessions(events: list[Event]) -> Rows:
    """Per session and day: events, page views, orders, duration in whole seconds, whether it crosses midnight."""
    orders = _bought(events)
    return [
        (
            session,
            day,
            len(visit),
            len(of_type(visit, "page_viewed")),
            sum(id(event) in orders for event in visit),
            (visit[-1]["at"] - visit[0]["at"]) // timedelta(seconds=1),
            visit[0]["day"] != visit[-1]["day"],
        )
        for (session, day), visit in sessions_of(events).items()
    ]


def funnel(events: list[Event]) -> Rows:
    """Per day, device and country: sessions, and how many reached each step or a later one."""
    orders = _bought(events)
    steps = ("product_viewed", "product_added", "checkout_started")
    cells: dict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for (_, day), visit in sessions_of(events).items():
        types = {event["event_type"] for event in visit}
        reached = [step in types for step in steps] + [any(id(event) in orders for event in visit)]
        cell = cells[day, visit[0]["device"], visit[0]["location"]]
        cell[0] += 1
        for position in range(4):
            cell[position + 1] += any(reached[position:])
    return [(*key, *cell) for key, cell in cells.items()]


def engagement(events: list[Event]) -> Rows:
    """Per day: sessions, visitors, accounts, events, page views, bounces, seconds."""
    days: dict[date, list[Any]] = defaultdict(lambda: [0, set(), set(), 0, 0, 0, 0])
    for (_, day), visit in sessions_of(events).items():
        cell = days[day]
        cell[0] += 1
        cell[1].add(visit[0]["anonymous_id"])
        cell[2].update(sorted(event["user_id"] for event in visit if event["user_id"] is not None)[-1:])
        cell[3] += len(visit)
        cell[4] += len(of_type(visit, "page_viewed"))
        cell[5] += len(visit) == 1
        cell[6] += (visit[-1]["at"] - visit[0]["at"]) // timedelta(seconds=1)
    return [
        (day, count, len(visitors), len(accounts), *rest) for day, (count, visitors, accounts, *rest) in days.items()
    ]


def carts(events: list[Event]) -> Rows:
    """Per day, device and currency: carts, bought, abandoned, value of the abandoned."""
    changes: dict[tuple[date, str, str], list[Event]] = defaultdict(list)
    for event in of_type(events, "product_added", "product_removed"):
        changes[event["day"], event["cart_id"], event["currency"]].append(event)
    orders: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for order in orders_of(events):
        orders[order["cart_id"], order["currency"]].append(order["at"])
    cells: dict[tuple[date, str, str], list[Any]] = defaultdict(lambda: [0, 0, 0, NOTHING])
    for (day, cart, currency), lines in changes.items():
        added = of_type(lines, "product_added")
        if not added:
            continue
        begun = added[0]["at"]
        bought = any(begun <= at <= begun + WEEK for at in orders[cart, currency])
        cell = cells[day, min(line["device"] for line in lines), currency]
        cell[0] += 1
        cell[1] += bought
        cell[2] += not bought
        if not bought:
            signs = {"product_added": 1, "product_removed": -1}
            cell[3] += sum(
                (signs[line["event_type"]] * line["quantity"] * Decimal(line["unit_price"]) for line in lines), NOTHING
            )
    return [(*key, *cell) for key, cell in cells.items()]


def lifetime(events: list[Event]) -> Rows:
    """Per account and currency: orders, revenue, refunded. An order's refunds belong to the first order with its id."""
    refunded: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for refund in refunds_of(events):
        refunded[refund["order_id"], refund["currency"]] += Decimal(refund["amount"])
    customers: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, NOTHING, NOTHING])
    for order in orders_of(events):  # by instant
        back = refunded.pop((order["order_id"], order["currency"]), NOTHING)
        if order["user_id"] is not None:
            customer = customers[order["user_id"], order["currency"]]
            customer[0] += 1
            customer[1] += goods(order) - Decimal(order["discount"])
            customer[2] += back
    return [(*key, *customer) for key, customer in customers.items()]


def cohorts(events: list[Event]) -> Rows:
    """Per month of the first order and months since: customers who ordered."""
    months: dict[str, set[int]] = defaultdict(set)
    for order in orders_of(events):
        if order["user_id"] is not None:
            months[order["user_id"]].add(order["day"].year * 12 + order["day"].month - 1)
    active = Counter((min(found), month - min(found)) for found in months.values() for month in found)
    return [(date(first // 12, first % 12 + 1, 1), since, count) for (first, since), count in active.items()]


def clicks(events: list[Event]) -> Rows:
    """Per day and campaign: clicks, visitors."""
    found: dict[tuple[date, str], list[str]] = defaultdict(list)
    for click in of_type(events, "ad_clicked"):
        found[click["day"], click["campaign_id"]].append(click["anonymous_id"])
    return [(*key, len(visitors), len(set(visitors))) for key, visitors in found.items()]


def attribution(events: list[Event]) -> Rows:
    """Per day and currency: orders with a click of the same browser or account in the 168 hours before, and their revenue."""
    by_visitor: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for click in of_type(events, "ad_clicked"):
        for kind in ("anonymous_id", "user_id"):
            if click[kind] is not None:
                by_visitor[kind, click[kind]].append(click["at"])
    found: dict[tuple[date, str], list[Any]] = defaultdict(lambda: [0, NOTHING])
    for order in orders_of(events):
        clicked = (at for kind in ("anonymous_id", "user_id") for at in by_visitor.get((kind, order[kind]), ()))
        if any(order["at"] - WEEK <= at <= order["at"] for at in clicked):
            cell = found[order["day"], order["currency"]]
            cell[0] += 1
            cell[1] += goods(order) - Decimal(order["discount"])
    return [(*key, *cell) for key, cell in found.items()]


def quality(events: list[Event]) -> Rows:
    """Per day and type: events, lines, repeated lines, over an hour late, over a day late."""
    found: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0] * 5)
    for event in events:
        late = event["published"] - event["at"]
        own = (1, event["lines"], event["lines"] - 1, late > timedelta(hours=1), late > timedelta(hours=24))
        cell = found[event["day"], event["event_type"]]
        cell[:] = [before + more for before, more in zip(cell, own, strict=True)]
    return [(*key, *cell) for key, cell in found.items()]


def busy_hours(events: list[Event]) -> Rows:
    """Per country, ISO weekday and local hour: events."""
    with (SEEDS / "seed_countries.csv").open(encoding="utf-8") as file:
        zones = {row["country_code"]: ZoneInfo(row["time_zone"]) for row in csv.DictReader(file)}
    found: Counter[tuple[str, int, int]] = Counter()
    for event in events:
        if event["event_type"] != "order_refunded":
            local = event["at"].astimezone(zones.get(event["location"], ZoneInfo("Etc/UTC")))
            found[event["location"], local.isoweekday(), local.hour] += 1
    return [(*key, count) for key, count in found.items()]


REPORTS: dict[str, tuple[Callable[[list[Event]], Rows], str]] = {
    "revenue": (
        revenue,
        """select revenue_date, currency, orders, units, gross_revenue, discounts, refunds, refunded, net_revenue, shipping, tax
        from reporting.rpt_daily_revenue""",
    ),
    "top products": (
        top_products,
        """select month_start_date, currency, product_id, units_sold, gross_revenue, revenue_rank
        from reporting.rpt_top_selling_products""",
    ),
    "regions": (
        regions,
        """select report_date, country_code, currency, orders, buyers, gross_revenue, discounts, refunded
        from reporting.rpt_regional_performance""",
    ),
    "sessions": (
        sessions,
        """select session_id, session_date, events, page_views, orders, duration_seconds, crosses_midnight
        from marts.fct_sessions""",
    ),
    "funnel": (
        funnel,
        """select session_date, device, country_code, sessions, viewed_product, added_to_cart, started_checkout, ordered
        from reporting.rpt_conversion_funnel""",
    ),
    "engagement": (
        engagement,
        """select session_date, sessions, visitors, signed_in_users, events, page_views, bounces, total_duration_seconds
        from reporting.rpt_user_engagement""",
    ),
    "carts": (
        carts,
        """select cart_date, device, currency, carts, bought_carts, abandoned_carts, abandoned_value
        from reporting.rpt_cart_abandonment""",
    ),
    "lifetime": (
        lifetime,
        "select user_id, currency, orders, revenue, refunded from reporting.rpt_customer_lifetime_value",
    ),
    "cohorts": (
        cohorts,
        "select cohort_month, months_since_first_order, customers from reporting.rpt_cohort_retention",
    ),
    "clicks": (
        clicks,
        "select report_date, campaign_id, clicks, visitors from reporting.rpt_ad_performance where clicks > 0",
    ),
    "attribution": (
        attribution,
        """select report_date, currency, sum(attributed_orders), sum(attributed_revenue)
        from reporting.rpt_ad_performance group by all having sum(attributed_orders) > 0""",
    ),
    "quality": (
        quality,
        """select event_date, event_type, events, lake_rows, duplicate_rows, events_over_1h_late, events_over_24h_late
        from reporting.rpt_data_quality""",
    ),
    "busy hours": (
        busy_hours,
        "select country_code, iso_weekday, local_hour, events from reporting.rpt_peak_traffic_hours",
    ),
}
"""What can be recomputed: the function, and the query whose rows must be what it returns, in any order."""


def quarantined(files: Iterable[Path]) -> Rows:
    """Per publish date, claimed type and code: messages and lines."""
    lines: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for path in files:
        if "/failed/" not in str(path):
            continue
        for line in gzip.decompress(path.read_bytes()).split(b"\n")[:-1]:
            found = json.loads(line)
            claimed = [each["value"] for each in found["attributes"] if each["key"] == "event_type"]
            key = (found["publish_time"][:10], max(claimed, default="unknown"), found["code"])
            lines[key].append((found["message_id"], found["fingerprint"]))
    return [(*key, len(set(found)), len(found)) for key, found in lines.items()]


def differences(lake: Lake, files: Iterable[Path] | None = None) -> list[str]:
    """Names of the reports that are not what their recomputation is, with the first rows that differ.

    Args:
        lake: with its warehouse.
        files: what the warehouse was built from; None: all files of the lake and its quarantine.
    """
    read = sorted(files_of(lake) if files is None else files)
    events = read_events(read)
    found = []
    for name, (recompute, query) in REPORTS.items():
        different = _difference(recompute(events), rows(lake.warehouse, query))
        if different:
            found.append(f"{name}: {different}")
    query = """select publish_date::varchar, claimed_event_type, error_code, messages, quarantine_rows
        from reporting.rpt_quarantine"""
    different = _difference(quarantined(read), rows(lake.warehouse, query))
    return [*found, f"quarantine: {different}"] if different else found


def _difference(expected: Iterable[tuple[Any, ...]], found: Iterable[tuple[Any, ...]]) -> str:
    missing, surplus = Counter(expected), Counter(found)
    if missing == surplus:
        return ""
    return f"expected {sorted(map(str, missing - surplus))[:3]}, found {sorted(map(str, surplus - missing))[:3]}"
