"""The page's tables as they were published: exact decimals and counts, read from schema `reporting`.

They are what a reader without JavaScript sees; with it, the page computes the same tables from the cube and filters them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import duckdb

from event_contract.errors import DESCRIPTIONS

FUNNEL: Final = ("Visited", "Viewed a product", "Added to cart", "Started checkout", "Ordered")
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TOP_PRODUCTS: Final = 15

Rows = list[tuple[Any, ...]]
Query = Callable[..., Rows]


@dataclass(frozen=True)
class Column:
    """A column of a table. `kind` is how a value is written: text, code, day, count, money, share, ratio, seconds, megabytes."""

    label: str
    kind: str = "count"
    bar: bool = False
    """Whether a bar behind the value shows its share of the column's largest."""


@dataclass(frozen=True)
class Table:
    """One figure of the page. `filters` are those that apply to it; the page says so when another one is set."""

    id: str
    title: str
    note: str
    filters: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Rows
    report: tuple[str, ...]
    chart: str = ""
    """What the chart above the table draws, for a screen reader; empty: the table is the figure."""
    heat: bool = False
    most: int = 0
    """How many rows are shown; the others are in the download. 0: all."""
    empty: str = "Nothing yet."

    def width(self, column: int, value: Any) -> float:
        """A value's share of its column's largest, or of the whole table's if it is a heat map; in percent."""
        columns = range(1, len(self.columns)) if self.heat else (column,)
        largest = max((row[each] or 0 for row in self.rows for each in columns), default=0)
        return round(100 * float(max(value or 0, 0) / largest), 1) if largest else 0.0


def read_tables(query: Query, currency: str) -> tuple[Table, ...]:
    """Every published report as a table of the page."""
    orders = ("period", "device", "country", "channel", "category")
    visits = ("period", "device", "country", "channel")
    return (
        Table(
            "revenue", "Revenue by day",
            f"In {currency}. Gross is quantity times price; net is gross less discounts and the day's refunds, without "
            "shipping and tax. "
            "Refunds have no device and no channel, and discounts no category: with such a filter they and net are not known.",
            orders,
            (Column("Day", "day"), Column("Orders"), Column("Gross", "money"), Column("Discounts", "money"),
             Column("Refunds", "money"), Column("Net", "money")),
            query(
                """select revenue_date, orders, gross_revenue, discounts, refunded, net_revenue
                from reporting.rpt_daily_revenue where currency = ? order by 1""", currency),
            ("rpt_daily_revenue",), "Gross revenue by day", empty="No orders yet.",
        ),
        Table(
            "funnel", "From visit to order", "Sessions that came at least this far.", visits,
            (Column("Step", "text"), Column("Sessions", bar=True), Column("Of all", "share")), _funnel(query),
            ("rpt_conversion_funnel",),
        ),
        Table(
            "products", "Top-selling products",
            f"The {TOP_PRODUCTS} with most gross revenue, {currency}; the download has all.", ("period", "category"),
            (Column("Product", "text"), Column("Category", "text"), Column("Pieces"), Column("Gross", "money", bar=True)),
            query(
                """select product_name, coalesce(category, 'unknown'), sum(units_sold)::bigint, sum(gross_revenue)
                from reporting.rpt_top_selling_products where currency = ?
                group by product_id, product_name, category order by 4 desc, product_id limit ?""", currency, TOP_PRODUCTS),
            ("rpt_top_selling_products",), most=TOP_PRODUCTS,
        ),
        Table(
            "regions", "Regions", f"Orders and revenue by country, {currency}.", orders,
            (Column("Country", "text"), Column("Orders"), Column("Gross", "money", bar=True), Column("Net", "money")),
            query(
                """select country_name, sum(orders)::bigint, sum(gross_revenue), sum(net_revenue)
                from reporting.rpt_regional_performance where currency = ?
                group by country_code, country_name order by 3 desc, country_code""", currency),
            ("rpt_regional_performance",),
        ),
        Table(
            "ads", "Advertising", f"Cost, clicks and the orders that followed a click within 7 days, {currency}.",
            ("period", "channel"),
            (Column("Campaign", "text"), Column("Channel", "text"), Column("Spend", "money", bar=True), Column("Clicks"),
             Column("Orders"), Column("Revenue", "money", bar=True), Column("Return", "ratio")),
            query(
                """select campaign_name, coalesce(channel, 'unpaid'), sum(spend),
                    sum(clicks)::bigint, sum(attributed_orders)::bigint,
                    sum(attributed_revenue), (100 * sum(attributed_revenue))::bigint / nullif((100 * sum(spend))::bigint, 0)
                from reporting.rpt_ad_performance as ads left join marts.dim_campaigns as campaigns using (campaign_id)
                where ads.currency = ? group by campaign_id, campaign_name, channel order by 6 desc, campaign_id""", currency),
            ("rpt_ad_performance",),
        ),
        Table(
            "carts", "Cart abandonment",
            f"Carts not bought within 7 days, and what was in them, {currency}.", ("period", "device"),
            (Column("Device", "text"), Column("Carts"), Column("Abandoned", bar=True), Column("Rate", "share"),
             Column("Left behind", "money")),
            query(
                """select coalesce(device, 'unknown'), sum(carts)::bigint, sum(abandoned_carts)::bigint,
                    sum(abandoned_carts) / sum(carts),
                    sum(abandoned_value) from reporting.rpt_cart_abandonment where currency = ?
                group by device order by 2 desc, device""", currency),
            ("rpt_cart_abandonment",),
        ),
        Table(
            "engagement", "Engagement", "Sessions by day. Visitors are counted once a day, and only without filters.", visits,
            (Column("Day", "day"), Column("Sessions"), Column("Visitors"), Column("Page views"), Column("Bounce rate", "share"),
             Column("Events per session", "ratio"), Column("Average length", "seconds")),
            query(
                """select session_date, sessions, visitors, page_views, bounces / sessions, events / sessions,
                    total_duration_seconds / sessions from reporting.rpt_user_engagement order by 1"""),
            ("rpt_user_engagement",), "Sessions by day",
        ),
        Table(
            "hours", "Peak hours", "Events by local hour and weekday, all days.", ("country",),
            (Column("Hour", "text"), *(Column(day) for day in WEEKDAYS)), _hours(query), ("rpt_peak_traffic_hours",), heat=True,
        ),
        Table(
            "cohorts", "Cohorts", "Customers by month of first order, and how many order again in the months after.", (),
            *_cohorts(query), ("rpt_cohort_retention",), heat=True, empty="No orders by signed-in customers yet.",
        ),
        Table(
            "lifetime", "Customer lifetime value", f"Customers who signed in, by segment, {currency}.", (),
            (Column("Segment", "text"), Column("Customers"), Column("Orders"), Column("Lifetime value", "money", bar=True),
             Column("Per customer", "money")),
            query(
                """select segment, count(*), sum(orders)::bigint, sum(lifetime_value), sum(lifetime_value) / count(*)
                from reporting.rpt_customer_lifetime_value where currency = ? group by 1 order by 4 desc, 1""", currency),
            ("rpt_customer_lifetime_value",),
        ),
        Table(
            "operations", "Operations by day",
            "How fast events come, how late, and how many are refused. A minute: the day's events over 1,440. Quarantined: "
            "messages published that day that break the contract, and their share of all. Late: published over an hour after the "
            "event's own time, as by a phone without a network; a late event counts on the day it happened, and none is dropped. "
            "A demo publishes past days at once, so all its events are late. Longest lag: from an event to its publishing.",
            ("period",),
            (Column("Day", "day"), Column("Events"), Column("A minute", "ratio"), Column("Quarantined"),
             Column("Of all", "share"), Column("Late", "share"), Column("Longest lag", "seconds"), Column("Objects"),
             Column("Stored MB", "megabytes")),
            query(
                """with arrived as (
                    select event_date as day, sum(events)::bigint as events, sum(events_over_1h_late)::bigint as late,
                        max(max_lateness_seconds) as lag, coalesce(sum(objects), 0)::bigint as objects,
                        coalesce(sum(stored_bytes), 0)::bigint as bytes
                    from reporting.rpt_data_quality group by 1
                ), refused as (
                    select publish_date as day, sum(messages)::bigint as messages from reporting.rpt_quarantine group by 1
                )
                select day, coalesce(events, 0), coalesce(events, 0) / 1440, coalesce(messages, 0),
                    coalesce(messages, 0) / nullif(coalesce(events, 0) + coalesce(messages, 0), 0), late / nullif(events, 0),
                    case when events > 0 then lag end, coalesce(objects, 0), coalesce(bytes, 0)
                from arrived full outer join refused using (day) order by 1"""),
            ("rpt_data_quality", "rpt_quarantine"), "Events a minute by day",
        ),
        Table(
            "quarantine", "Quarantine by reason",
            "Messages that break the contract, by day of publishing. None is dropped: "
            "`lake quarantine list --code CODE` shows them.",
            ("period",),
            (Column("Reason code", "code"), Column("Messages", bar=True), Column("What it means", "text")),
            [
                (code, messages, DESCRIPTIONS.get(code, ""))
                for code, messages in query(
                    "select error_code, sum(messages)::bigint from reporting.rpt_quarantine group by 1 order by 2 desc, 1")
            ],
            ("rpt_quarantine",), "Quarantined messages by day", empty="Nothing: every message kept to the contract.",
        ),
        Table(
            "delivery", "How the events arrived",
            "Each event counts once; copies are redeliveries of it. Late is published over an hour after it happened.",
            ("period",),
            (Column("Event type", "code"), Column("Events", bar=True), Column("Copies"), Column("Late"), Column("Objects")),
            query(
                """select event_type, sum(events)::bigint, sum(duplicate_rows)::bigint, sum(events_over_1h_late)::bigint,
                    coalesce(sum(objects), 0)::bigint from reporting.rpt_data_quality group by 1 order by 2 desc, 1"""),
            ("rpt_data_quality",),
        ),
    )  # fmt: skip


def _funnel(query: Query) -> Rows:
    [counts] = query(
        """select sum(sessions)::bigint, sum(viewed_product)::bigint, sum(added_to_cart)::bigint,
            sum(started_checkout)::bigint, sum(ordered)::bigint from reporting.rpt_conversion_funnel"""
    )
    if not counts[0]:
        return []
    return [(name, reached, Decimal(reached) / counts[0]) for name, reached in zip(FUNNEL, counts, strict=True)]


def _hours(query: Query) -> Rows:
    found = {
        (hour, day): events
        for hour, day, events in query(
            "select local_hour, iso_weekday, sum(events)::bigint from reporting.rpt_peak_traffic_hours group by 1, 2"
        )
    }
    return [(f"{hour:02}", *(found.get((hour, day), 0) for day in range(1, 8))) for hour in range(24)] if found else []


def _cohorts(query: Query) -> tuple[tuple[Column, ...], Rows]:
    found = query(
        "select cohort_month, months_since_first_order, customers from reporting.rpt_cohort_retention order by 1, 2"
    )
    last = max((month for _, month, _ in found), default=0)
    by_month: dict[date, dict[int, int]] = {}
    for cohort, month, customers in found:
        by_month.setdefault(cohort, {})[month] = customers
    columns = (
        Column("First order", "text"),
        *(Column(f"+{month}" if month else "Month 0") for month in range(last + 1)),
    )
    return columns, [
        (f"{cohort:%b %Y}", *(months.get(month) for month in range(last + 1))) for cohort, months in by_month.items()
    ]


@dataclass(frozen=True)
class Headline:
    """A figure at the top of the page. Its id is the one by which the script finds it."""

    id: str
    label: str
    value: Any
    kind: str


def headlines(rows: dict[str, Rows], currency: str) -> tuple[Headline, ...]:
    """The headline figures, from the rows of the tables by their ids."""
    days = rows["revenue"]
    orders = sum(day[1] for day in days)
    sold_cents = int(100 * sum(day[2] - day[3] for day in days))
    sessions, ordered = (rows["funnel"][0][1], rows["funnel"][-1][1]) if rows["funnel"] else (0, 0)
    return (
        Headline("gross", f"Gross revenue, {currency}", sum((day[2] for day in days), Decimal(0)), "money"),
        Headline("net", f"Net revenue, {currency}", sum((day[5] for day in days), Decimal(0)), "money"),
        Headline("orders", "Orders", orders, "count"),
        Headline("average", f"Average order, {currency}", sold_cents / orders / 100 if orders else None, "ratio"),
        Headline("sessions", "Sessions", sessions, "count"),
        Headline("conversion", "Sessions that order", ordered / sessions if sessions else None, "share"),
        Headline("events", "Events accepted", sum(row[1] for row in rows["delivery"]), "count"),
        Headline("quarantined", "Quarantined", sum(row[1] for row in rows["quarantine"]), "count"),
    )


def last_published(query: Query) -> datetime | None:
    """When the newest event in the lake was published."""
    [[moment]] = query("select max(last_published_at) from reporting.rpt_data_quality")
    return moment


def currencies(query: Query) -> list[str]:
    """Currencies with orders, the one with most first."""
    return [row[0] for row in query(
        "select currency from reporting.rpt_daily_revenue group by 1 order by sum(orders) desc, currency")]  # fmt: skip


def opened(connection: duckdb.DuckDBPyConnection) -> Query:
    """Queries of a connection, with parameters, as lists of rows."""
    return lambda text, *parameters: connection.execute(text, list(parameters)).fetchall()
