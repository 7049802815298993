"""The page's charts as Vega-Lite specifications, without colours: the page lays a light or a dark theme over them.

Amounts become JSON numbers here, and only here: a bar's length is a drawing, the exact figure stands in the table below it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import altair as alt

from local_platform.report.figures import Day, FunnelStep, Product, Refusal

Spec = dict[str, Any]

_ROW = 30
"""Height of one bar of a horizontal bar chart, in pixels."""


def daily_revenue(days: tuple[Day, ...], currency: str) -> Spec:
    """Net revenue as bars, gross as a mark above each: the gap is what discounts and refunds took."""
    rows = [
        {
            "day": day.day.isoformat(),
            "net": _drawn(day.net),
            "gross": _drawn(day.gross),
            "orders": day.orders,
            "Net_series": "Net",
            "Gross_series": "Gross",
        }
        for day in days
    ]
    base = alt.Chart(_data(rows)).encode(
        # UTC dates: read and shown in UTC, whatever zone the reader's browser is in.
        x=alt.X("utcyearmonthdate(day):O", title=None, axis=alt.Axis(format="%d %b", labelAngle=0, labelOverlap=True)),
        tooltip=[
            alt.Tooltip("utcyearmonthdate(day):T", title="Day (UTC)", format="%a %d %b %Y"),
            alt.Tooltip("net:Q", title=f"Net, {currency}", format=",.2f"),
            alt.Tooltip("gross:Q", title=f"Gross, {currency}", format=",.2f"),
            alt.Tooltip("orders:Q", title="Orders", format=","),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        y=alt.Y("net:Q", title=None, axis=alt.Axis(format="~s", tickCount=5)),
        color=_series("Net"),
    )
    ticks = base.mark_tick(thickness=2.5, orient="horizontal").encode(y="gross:Q", color=_series("Gross"))
    return _spec(bars + ticks, height=260)


def top_products(products: tuple[Product, ...], currency: str) -> Spec:
    """Revenue by product, best first."""
    rows = [
        {"name": product.name, "category": product.category, "units": product.units, "revenue": _drawn(product.revenue)}
        for product in products
    ]
    return _bars(rows, "name", "revenue", [
        alt.Tooltip("name:N", title="Product"),
        alt.Tooltip("category:N", title="Category"),
        alt.Tooltip("units:Q", title="Pieces sold", format=","),
        alt.Tooltip("revenue:Q", title=f"Gross, {currency}", format=",.2f"),
    ])  # fmt: skip


def funnel(steps: tuple[FunnelStep, ...]) -> Spec:
    """Sessions that reached each step, by device, with the share of all sessions, of which there is at least one."""
    whole = steps[0].sessions
    rows = [
        {"step": step.name, "device": device, "position": position, "sessions": count, "share": count / whole}
        for step in steps
        for position, (device, count) in enumerate(step.by_device.items())
    ]
    totals = [{"step": step.name, "sessions": step.sessions, "share": step.sessions / whole} for step in steps]
    order = [step.name for step in steps]
    y = alt.Y("step:N", sort=order, title=None, axis=alt.Axis(labelLimit=160))
    bars = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X("sum(sessions):Q", title=None, axis=None, scale=_room(whole)),
            y=y,
            color=alt.Color("device:N", title=None, sort=list(steps[0].by_device)),
            order="position:Q",
            tooltip=[
                alt.Tooltip("step:N", title="Step"),
                alt.Tooltip("device:N", title="Device"),
                alt.Tooltip("sessions:Q", title="Sessions", format=","),
                alt.Tooltip("share:Q", title="Of all sessions", format=".1%"),
            ],
        )
    )
    labels = (
        alt.Chart(_data(totals))
        .mark_text(align="left", dx=6)
        .encode(x="sessions:Q", y=y, text=alt.Text("share:Q", format=".1%"))
    )
    return _spec(bars + labels, height=len(order) * (_ROW + 26))


def quarantine(refusals: tuple[Refusal, ...]) -> Spec:
    """Refused messages by error code, most frequent first."""
    rows = [{"name": refusal.code, "messages": refusal.messages} for refusal in refusals]
    return _bars(rows, "name", "messages", [
        alt.Tooltip("name:N", title="Error code"),
        alt.Tooltip("messages:Q", title="Messages", format=","),
    ])  # fmt: skip


def _bars(rows: list[dict[str, Any]], name: str, value: str, tooltip: list[alt.Tooltip]) -> Spec:
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(f"{value}:Q", title=None, axis=None, scale=_room(max((row[value] for row in rows), default=0))),
        y=alt.Y(f"{name}:N", title=None, sort=[row[name] for row in rows], axis=alt.Axis(labelLimit=170)),
        tooltip=tooltip,
    )
    labels = base.mark_text(align="left", dx=6).encode(text=alt.Text(f"{value}:Q", format=",.0f"))
    return _spec((base.mark_bar(cornerRadiusEnd=3) + labels), height=len(rows) * _ROW)


def _room(longest: float) -> alt.Scale:
    """A scale on which the longest bar leaves room for the figure behind it, in a narrow chart too."""
    return alt.Scale(domain=[0, longest * 1.25])


def _series(name: str) -> alt.Color:
    """A constant's colour, with an entry in the legend."""
    return alt.Color(f"{name}_series:N", title=None, scale=alt.Scale(domain=["Net", "Gross"]))


def _data(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _drawn(amount: Decimal) -> float:
    return float(amount)


def _spec(chart: alt.LayerChart, height: int) -> Spec:
    spec: Spec = chart.properties(width="container", height=height).to_dict()
    spec.pop("config", None)  # Altair's default size; the page's theme says what is to be said
    return spec
