"""The cube: what the page filters, as columns of whole numbers, deflated; the browser unpacks it once.

Every column is a run of zigzag LEB128 numbers, the days as differences. A dimension's values are positions in its list; an amount
is a whole number of hundredths (the warehouse's `numeric(18, 2)`), so that sums in the browser are exact.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from lake_cli.report.figures import FUNNEL, Query


@dataclass(frozen=True)
class Facts:
    """One fact table of the cube: its dimensions (first the day), counts and amounts, and where they come from."""

    name: str
    dimensions: tuple[str, ...]
    counts: tuple[str, ...]
    amounts: tuple[str, ...]
    query: str


FACTS: Final = (
    Facts("orders", ("day", "device", "country", "channel"), ("orders",), ("gross", "discounts"),
        """select orders.order_date, coalesce(device, 'unknown'),
        coalesce(country_code, '??'), coalesce(campaigns.channel, 'unpaid'),
        count(*),
        sum(gross_revenue), sum(discount) from marts.fct_orders as orders
    left join intermediate.int_order_attribution as attribution
        on orders.order_date = attribution.order_date and orders.order_id = attribution.order_id
    left join marts.dim_campaigns as campaigns on attribution.campaign_id = campaigns.campaign_id
        where orders.currency = ? group by 1, 2, 3, 4 order by 1, 2, 3, 4"""),
    Facts("items", ("day", "device", "country", "channel", "category"), ("orders",), ("gross",),
        """select orders.order_date, coalesce(device, 'unknown'),
        coalesce(country_code, '??'), coalesce(campaigns.channel, 'unpaid'),
        coalesce(items.category, 'unknown'),
        count(distinct orders.order_id), sum(items.line_revenue) from marts.fct_orders as orders
    left join intermediate.int_order_attribution as attribution
        on orders.order_date = attribution.order_date and orders.order_id = attribution.order_id
    left join marts.dim_campaigns as campaigns on attribution.campaign_id = campaigns.campaign_id
    inner join marts.fct_order_items as items
        on orders.order_date = items.order_date and orders.order_id = items.order_id and orders.currency = items.currency
        where orders.currency = ? group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"""),
    Facts("refunds", ("day", "country"), (), ("refunded",),
        """select refund_date, coalesce(country_code, '??'), sum(refund_amount) from marts.fct_refunds where currency = ?
        group by 1, 2 order by 1, 2"""),
    Facts("sessions", ("day", "device", "country", "channel"),
        ("sessions", "viewed", "added", "checkout", "ordered", "events", "pages", "bounces", "seconds"), (),
        """select session_date, coalesce(device, 'unknown'),
        coalesce(country_code, '??'), coalesce(campaigns.channel, 'unpaid'),
        count(*),
        count(*) filter (funnel_depth >= 2),
        count(*) filter (funnel_depth >= 3), count(*) filter (funnel_depth >= 4), count(*) filter (funnel_depth >= 5),
        sum(events)::bigint, sum(page_views)::bigint, count(*) filter (is_bounce), sum(duration_seconds)::bigint
        from marts.fct_sessions as sessions left join marts.dim_campaigns as campaigns using (campaign_id)
        group by 1, 2, 3, 4 order by 1, 2, 3, 4"""),
    Facts("visitors", ("day",), ("visitors",), (),
        "select session_date, visitors from reporting.rpt_user_engagement order by 1"),
    Facts("products", ("day", "product", "category"), ("units",), ("gross",),
        """select activity_date, product_id, coalesce(products.category, 'unknown'), daily.units_sold, daily.gross_revenue
        from marts.fct_product_daily as daily inner join marts.dim_products as products using (product_id)
        where daily.currency = ? and daily.units_sold > 0 order by 1, 2"""),
    Facts("ads", ("day", "campaign", "channel"), ("clicks", "orders"), ("spend", "revenue"),
        """select report_date, campaign_id, coalesce(campaigns.channel, 'unpaid'), clicks, attributed_orders,
        spend, attributed_revenue
        from reporting.rpt_ad_performance as ads left join marts.dim_campaigns as campaigns using (campaign_id)
        where ads.currency = ? order by 1, 2"""),
    Facts("carts", ("day", "device"), ("carts", "abandoned"), ("left",),
        """select cart_date, coalesce(device, 'unknown'), carts, abandoned_carts, abandoned_value
        from reporting.rpt_cart_abandonment where currency = ? order by 1, 2"""),
    Facts("hours", ("country",), ("weekday", "hour", "events"), (),
        """select coalesce(country_code, '??'), iso_weekday, local_hour, events
        from reporting.rpt_peak_traffic_hours order by 1, 2, 3"""),
    Facts("quarantine", ("day", "code"), ("messages",), (),
        "select publish_date, error_code, sum(messages)::bigint from reporting.rpt_quarantine group by 1, 2 order by 1, 2"),
    Facts("delivery", ("day", "type"), ("events", "copies", "late", "objects", "bytes"), (),
        """select event_date, event_type, events, duplicate_rows, events_over_1h_late, coalesce(objects, 0)::bigint,
        coalesce(stored_bytes, 0)::bigint from reporting.rpt_data_quality order by 1, 2"""),
    Facts("lag", ("day",), ("longest",), (),
        """select event_date, max(max_lateness_seconds) from reporting.rpt_data_quality
        where max_lateness_seconds is not null group by 1 order by 1"""),
)  # fmt: skip


def read_cube(query: Query, currency: str, descriptions: dict[str, str]) -> dict[str, Any]:
    """The cube as a JSON document: lists of the dimensions' values, the shape of each fact table, and the packed columns."""
    found = {facts.name: query(facts.query, *[currency] * facts.query.count("= ?")) for facts in FACTS}
    values: dict[str, dict[Any, int]] = {}
    for facts in FACTS:
        for position, dimension in enumerate(facts.dimensions):
            seen = values.setdefault(dimension, {})
            for row in found[facts.name]:
                seen.setdefault(row[position], 0)
    days = values["day"]
    if days:  # every day of the calendar, so that a day without data is a gap in a chart and counts in a period
        first, last = min(days), max(days)
        days.update({first + timedelta(days=number): 0 for number in range((last - first).days + 1)})
    for seen in values.values():
        seen.update({value: position for position, value in enumerate(sorted(seen))})
    packed = bytearray()
    tables = []
    for facts in FACTS:
        rows = found[facts.name]
        columns = list(zip(*rows, strict=True)) or [()] * _width(facts)
        for position, column in enumerate(columns):
            packed += _numbers(facts, position, column, values)
        tables.append(
            {"name": facts.name, "rows": len(rows), "columns": [*facts.dimensions, *facts.counts, *facts.amounts]}
        )
    names: dict[str, str] = dict(query("select product_id, product_name from marts.dim_products"))
    campaigns: dict[str, str] = dict(query("select campaign_id, campaign_name from marts.dim_campaigns"))
    countries: dict[str, str] = dict(
        query("select distinct country_code, country_name from reporting.rpt_regional_performance")
    )
    return {
        "values": {name: [str(value) for value in seen] for name, seen in
                   ((name, sorted(seen)) for name, seen in values.items())},
        "labels": {
            "product": [names.get(each, each) for each in sorted(values["product"])],
            "campaign": [campaigns.get(each, each) for each in sorted(values["campaign"])],
            "country": [countries.get(each, each) for each in sorted(values["country"])],
            "code": [descriptions.get(each, "") for each in sorted(values["code"])],
        },
        "steps": FUNNEL, "tables": tables,
        "packed": base64.b64encode(zlib.compress(bytes(packed), 9)).decode(),
    }  # fmt: skip


def agrees(query: Query, currency: str) -> bool:
    """Whether the marts, which the cube is made of, hold what the reports published."""
    return all(
        sorted(query(f"{text} group by 1", *parameters)) == sorted(query(f"{published} group by 1", *parameters))
        for text, published, parameters in (
            ("select order_date, count(*), sum(gross_revenue), sum(discount) from marts.fct_orders where currency = ?",
             "select revenue_date, sum(orders), sum(gross_revenue), sum(discounts) from reporting.rpt_daily_revenue "
             "where orders > 0 and currency = ?", [currency]),
            ("select refund_date, sum(refund_amount) from marts.fct_refunds where currency = ?",
             "select revenue_date, sum(refunded) from reporting.rpt_daily_revenue "
             "where refunds > 0 and currency = ?", [currency]),
            ("select session_date, count(*), sum(events), sum(duration_seconds) from marts.fct_sessions",
             "select session_date, sum(sessions), sum(events), sum(total_duration_seconds) "
             "from reporting.rpt_user_engagement", []),
            ("select product_id, sum(units_sold), sum(gross_revenue) from marts.fct_product_daily "
             "where units_sold > 0 and currency = ?",
             "select product_id, sum(units_sold), sum(gross_revenue) from reporting.rpt_top_selling_products "
             "where currency = ?",
             [currency]),
        )
    )  # fmt: skip


def _width(facts: Facts) -> int:
    return len(facts.dimensions) + len(facts.counts) + len(facts.amounts)


def _numbers(facts: Facts, position: int, column: tuple[Any, ...], values: dict[str, dict[Any, int]]) -> bytes:
    if position >= len(facts.dimensions) + len(facts.counts):
        return leb128([int(100 * value) for value in column])
    if position >= len(facts.dimensions):
        return leb128(list(column))
    name = facts.dimensions[position]
    numbers = [values[name][value] for value in column]
    if name == "day":
        numbers = [number - before for before, number in zip([0, *numbers], numbers, strict=False)]
    return leb128(numbers)


def leb128(numbers: list[int]) -> bytes:
    """Whole numbers as zigzag LEB128: small ones take one byte, negative ones are allowed."""
    out = bytearray()
    for number in numbers:
        rest = 2 * number if number >= 0 else -2 * number - 1
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)
