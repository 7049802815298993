"""What the page shows, read from the published reports: exact decimals and counts, nothing computed twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from local_platform.errors import LakeError

_FUNNEL = ("Visited", "Viewed a product", "Added to cart", "Started checkout", "Ordered")


class ReportError(LakeError):
    """The page cannot be made; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class Day:
    """One UTC day of revenue, amounts in the page's currency."""

    day: date
    orders: int
    gross: Decimal
    discounts: Decimal
    refunded: Decimal
    net: Decimal


@dataclass(frozen=True)
class Product:
    """One product over all months shown."""

    name: str
    category: str
    units: int
    revenue: Decimal


@dataclass(frozen=True)
class FunnelStep:
    """How many sessions came at least this far, by device."""

    name: str
    by_device: dict[str, int]

    @property
    def sessions(self) -> int:
        return sum(self.by_device.values())


@dataclass(frozen=True)
class Refusal:
    """Messages in quarantine with one error code."""

    code: str
    messages: int


@dataclass(frozen=True)
class Delivery:
    """How one event type arrived."""

    event_type: str
    events: int
    duplicates: int
    over_1h_late: int


@dataclass(frozen=True)
class Figures:
    """Everything on the page. `currency` is the one with most orders; `other_currencies` are left out of its amounts."""

    currency: str
    other_currencies: tuple[str, ...]
    days: tuple[Day, ...]
    products: tuple[Product, ...]
    funnel: tuple[FunnelStep, ...]
    refusals: tuple[Refusal, ...]
    deliveries: tuple[Delivery, ...]
    last_published_at: datetime | None

    @property
    def net(self) -> Decimal:
        return sum((day.net for day in self.days), Decimal("0.00"))

    @property
    def orders(self) -> int:
        return sum(day.orders for day in self.days)

    @property
    def average_order(self) -> Decimal | None:
        """Gross less discounts, per order."""
        if not self.orders:
            return None
        sold = sum((day.gross - day.discounts for day in self.days), Decimal(0))
        return (sold / self.orders).quantize(Decimal("0.01"))

    @property
    def events(self) -> int:
        return sum(delivery.events for delivery in self.deliveries)

    @property
    def quarantined(self) -> int:
        return sum(refusal.messages for refusal in self.refusals)


def read_figures(duckdb_path: Path, top: int = 10) -> Figures:
    """Reads the published reports of a warehouse.

    Raises:
        ReportError: there is no such file, or no reports were published in it.
    """
    if not duckdb_path.exists():
        raise ReportError(f"there is no warehouse at {duckdb_path}; build it first (lake warehouse build)")
    with duckdb.connect(str(duckdb_path), read_only=True) as connection:
        try:
            return _read(connection, top)
        except duckdb.CatalogException as error:
            raise ReportError(
                f"{duckdb_path} has no published reports ({str(error).splitlines()[0]}); build it first (lake warehouse build)"
            ) from error


def _read(connection: duckdb.DuckDBPyConnection, top: int) -> Figures:
    def rows(query: str, *parameters: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
        return found

    currencies = [
        row[0]
        for row in rows(
            "select currency from reporting.rpt_daily_revenue group by 1 order by sum(orders) desc, currency"
        )
    ]
    currency = currencies[0] if currencies else "EUR"
    days = rows(
        """select revenue_date, orders, gross_revenue, discounts, refunded, net_revenue
        from reporting.rpt_daily_revenue where currency = ? order by 1""",
        currency,
    )
    products = rows(
        """select product_name, category, sum(units_sold)::bigint, sum(gross_revenue)
        from reporting.rpt_top_selling_products where currency = ?
        group by product_id, product_name, category order by 4 desc, product_id limit ?""",
        currency,
        top,
    )
    funnel = rows(
        """select device, sum(sessions)::bigint, sum(viewed_product)::bigint, sum(added_to_cart)::bigint,
            sum(started_checkout)::bigint, sum(ordered)::bigint
        from reporting.rpt_conversion_funnel group by 1 order by 2 desc, 1"""
    )
    refusals = rows(
        "select error_code, sum(messages)::bigint from reporting.rpt_quarantine group by 1 order by 2 desc, 1"
    )
    deliveries = rows(
        """select event_type, sum(events)::bigint, sum(duplicate_rows)::bigint, sum(events_over_1h_late)::bigint
        from reporting.rpt_data_quality group by 1 order by 2 desc, 1"""
    )
    [[last]] = rows("select max(last_published_at) from reporting.rpt_data_quality")
    return Figures(
        currency=currency,
        other_currencies=tuple(currencies[1:]),
        days=tuple(Day(*row) for row in days),
        products=tuple(Product(*row) for row in products),
        funnel=tuple(
            FunnelStep(name, {row[0]: row[position] for row in funnel}) for position, name in enumerate(_FUNNEL, 1)
        ),
        refusals=tuple(Refusal(*row) for row in refusals),
        deliveries=tuple(Delivery(*row) for row in deliveries),
        last_published_at=last,
    )
