"""Every number of the page, worked out again from the messages themselves: plain Python, no SQL, nothing of the page's code.

A small shop's messages, and what each table must show under filters, as text.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from event_contract.errors import DESCRIPTIONS

_SEEDS: Final = Path(__file__).parents[2] / "dbt/seeds"
_WEEK: Final = timedelta(days=7)
Text = list[list[str]]


def _seed(name: str, key: str) -> dict[str, dict[str, str]]:
    with (_SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


COUNTRIES: Final = _seed("seed_countries", "country_code")
CAMPAIGNS: Final = _seed("seed_campaigns", "campaign_id")


@dataclass(frozen=True)
class Message:
    """An event as published, how long after it happened, and how often it was delivered."""

    event: dict[str, Any]
    delay: timedelta
    copies: int = 1

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.event["timestamp"])

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass(frozen=True)
class Filters:
    """What a reader chose; None: all."""

    first: date
    last: date
    device: str | None = None
    country: str | None = None
    category: str | None = None
    channel: str | None = None

    def days(self, day: date) -> bool:
        return self.first <= day <= self.last

    def visit(self, device: str, country: str, channel: str) -> bool:
        chosen = ((self.device, device), (self.country, country), (self.channel, channel))
        return all(wanted in (None, value) for wanted, value in chosen)


@dataclass
class Shop:
    """Messages of a shop; refused ones by code, each with the day of its publishing; objects of the lake: type, day, bytes."""

    messages: list[Message]
    refused: list[tuple[str, date]]
    objects: list[tuple[str, date, int]] = field(default_factory=list)

    def of(self, *types: str) -> list[Message]:
        return [each for each in self.messages if each.event["event_type"] in types]


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def rounded(value: Decimal | float | None, digits: int) -> str:
    return "–" if value is None else f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def share(part: float, whole: float) -> str:
    return "–" if not whole else f"{rounded(Decimal(100 * part) / Decimal(whole), 1)} %"


def money(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def ratio(part: Decimal | float, whole: Decimal | float) -> str:
    return "–" if not whole else rounded(Decimal(part) / Decimal(whole), 2)


def channel_of(campaign: str | None, shop: Shop) -> str:
    if campaign is None:
        return "unpaid"
    if campaign in CAMPAIGNS:
        return CAMPAIGNS[campaign]["channel"]
    return min(each.event["channel"] for each in shop.of("ad_clicked") if each.event["campaign_id"] == campaign)


def attributed(order: Message, shop: Shop) -> str | None:
    """Campaign of the last click of the same browser or account in the week before an order."""
    ids = ("anonymous_id", "user_id")
    clicks = [
        click for click in shop.of("ad_clicked")
        if any(click.event[name] and click.event[name] == order.event[name] for name in ids)
        and order.at - _WEEK <= click.at <= order.at
    ]  # fmt: skip
    return max(clicks, key=lambda each: each.at).event["campaign_id"] if clicks else None


def sold(order: Message, category: str | None = None) -> Decimal:
    """Quantity times price of an order's lines."""
    lines = [line for line in order.event["items"] if category in (None, line["category"])]
    return sum((line["quantity"] * Decimal(line["unit_price"]) for line in lines), Decimal(0))


def discount(order: Message) -> Decimal:
    return Decimal(order.event["discount"])


def orders(shop: Shop, chosen: Filters) -> list[Message]:
    return [
        each for each in shop.of("order_completed")
        if chosen.days(each.day)
        and chosen.visit(each.event["device"], each.event["location"], channel_of(attributed(each, shop), shop))
        and (chosen.category is None or any(line["category"] == chosen.category for line in each.event["items"]))
    ]  # fmt: skip


def amounts(some: list[Message], refunds: list[Message], chosen: Filters) -> tuple[Decimal, Any, Any, Any]:
    """Gross, discounts, refunds and net; None for what filters make unknown."""
    gross = sum((sold(each, chosen.category) for each in some), Decimal(0))
    if chosen.category is not None:
        return gross, None, None, None
    discounts = sum((discount(each) for each in some), Decimal(0))
    if chosen.device is not None or chosen.channel is not None:
        return gross, discounts, None, None
    refunded = sum((Decimal(each.event["amount"]) for each in refunds), Decimal(0))
    return gross, discounts, refunded, gross - discounts - refunded


def refunds(shop: Shop, chosen: Filters) -> list[Message]:
    if (chosen.device, chosen.category, chosen.channel) != (None, None, None):
        return []
    found = (each for each in shop.of("order_refunded") if chosen.days(each.day))
    return [each for each in found if chosen.country in (None, each.event["location"])]


def revenue(shop: Shop, chosen: Filters) -> Text:
    some, back = orders(shop, chosen), refunds(shop, chosen)
    rows = []
    for day in sorted({each.day for each in [*some, *back]}):
        of_day = [each for each in some if each.day == day]
        parts = amounts(of_day, [each for each in back if each.day == day], chosen)
        rows.append([str(day), count(len(of_day)), *map(money, parts)])
    return rows


def regions(shop: Shop, chosen: Filters) -> Text:
    some, back = orders(shop, chosen), refunds(shop, chosen)
    found = []
    for country in sorted({each.event["location"] for each in [*some, *back]}):
        here = [each for each in some if each.event["location"] == country]
        gross, _, _, net = amounts(here, [each for each in back if each.event["location"] == country], chosen)
        found.append((gross, [COUNTRIES[country]["country_name"], count(len(here)), money(gross), money(net)]))
    return [row for _, row in sorted(found, key=lambda each: -each[0])]


@dataclass
class Session:
    """The events of one session of one day, in order."""

    day: date
    events: list[Message]

    @property
    def depth(self) -> int:
        steps = ("order_completed", "checkout_started", "product_added", "product_viewed")
        types = {each.event["event_type"] for each in self.events}
        return next((5 - place for place, step in enumerate(steps) if step in types), 1)

    @property
    def seconds(self) -> int:
        return int((self.events[-1].at - self.events[0].at).total_seconds())


def sessions(shop: Shop, chosen: Filters) -> list[Session]:
    found: dict[tuple[date, str], list[Message]] = defaultdict(list)
    for each in sorted(shop.messages, key=lambda each: each.at):
        if each.event["event_type"] != "order_refunded":
            found[each.day, each.event["session_id"]].append(each)
    kept = []
    for (day, _), events in sorted(found.items()):
        first = events[0].event
        channel = channel_of(first.get("campaign_id"), shop)
        if chosen.days(day) and chosen.visit(first["device"], first["location"], channel):
            kept.append(Session(day, events))
    return kept


def funnel(shop: Shop, chosen: Filters) -> Text:
    visits = sessions(shop, chosen)
    names = ("Visited", "Viewed a product", "Added to cart", "Started checkout", "Ordered")
    reached = [sum(each.depth > step for each in visits) for step in range(5)]
    return [[name, count(each), share(each, len(visits))] for name, each in zip(names, reached, strict=True) if visits]


def engagement(shop: Shop, chosen: Filters) -> Text:
    visits, rows = sessions(shop, chosen), []
    whole = (chosen.device, chosen.country, chosen.channel) == (None, None, None)
    for day in sorted({each.day for each in visits}):
        those = [each for each in visits if each.day == day]
        events = sum(len(each.events) for each in those)
        pages = sum(part.event["event_type"] == "page_viewed" for each in those for part in each.events)
        visitors = len({each.events[0].event["anonymous_id"] for each in those}) if whole else None
        rows.append([
            str(day), count(len(those)), count(visitors), count(pages),
            share(sum(len(each.events) == 1 for each in those), len(those)),
            ratio(events, len(those)), f"{rounded(Decimal(sum(each.seconds for each in those)) / len(those), 0)} s",
        ])  # fmt: skip
    return rows


def products(shop: Shop, chosen: Filters) -> Text:
    pieces: Counter[str] = Counter()
    gross: dict[str, Decimal] = defaultdict(Decimal)
    known = {}
    for order in shop.of("order_completed"):
        for line in order.event["items"]:
            if chosen.days(order.day) and chosen.category in (None, line["category"]):
                pieces[line["product_id"]] += line["quantity"]
                gross[line["product_id"]] += line["quantity"] * Decimal(line["unit_price"])
                known[line["product_id"]] = (line["product_name"], line["category"])
    largest = sorted(gross, key=lambda each: (-gross[each], each))
    return [[*known[each], count(pieces[each]), money(gross[each])] for each in largest]


def ads(shop: Shop, chosen: Filters) -> Text:
    clicks = shop.of("ad_clicked")
    active = {each.day for each in [*clicks, *shop.of("order_completed")] if chosen.days(each.day)}
    found = []
    for campaign in sorted({*CAMPAIGNS, *(each.event["campaign_id"] for each in clicks)}):
        paid = CAMPAIGNS.get(campaign, {})
        runs = [day for day in active if paid and paid["first_day"] <= str(day) <= (paid["last_day"] or "9999")]
        spend = Decimal(paid.get("daily_cost", 0)) * len(runs)
        mine = [each for each in clicks if each.event["campaign_id"] == campaign and chosen.days(each.day)]
        bought = [
            each for each in shop.of("order_completed") if chosen.days(each.day) and attributed(each, shop) == campaign
        ]
        channel = channel_of(campaign, shop)
        if chosen.channel in (None, channel) and (runs or mine or bought):
            worth = sum((sold(each) - discount(each) for each in bought), Decimal(0))
            row = [
                paid.get("campaign_name", campaign),
                channel,
                money(spend),
                count(len(mine)),
                count(len(bought)),
                money(worth),
            ]
            found.append((worth, [*row, ratio(worth, spend)]))
    return [row for _, row in sorted(found, key=lambda each: -each[0])]


def carts(shop: Shop, chosen: Filters) -> Text:
    found: dict[tuple[date, str], list[Message]] = defaultdict(list)
    for each in shop.of("product_added", "product_removed"):
        found[each.day, each.event["cart_id"]].append(each)
    filled: Counter[str] = Counter()
    left: dict[str, list[Decimal]] = defaultdict(list)
    for (day, cart), changes in found.items():
        added = [each.at for each in changes if each.event["event_type"] == "product_added"]
        device = min(each.event["device"] for each in changes)
        if not added or not chosen.days(day) or chosen.device not in (None, device):
            continue
        filled[device] += 1
        bought = (each.at for each in shop.of("order_completed") if each.event["cart_id"] == cart)
        if not any(min(added) <= at <= min(added) + _WEEK for at in bought):
            signs = ((1 if each.event["event_type"] == "product_added" else -1, each.event) for each in changes)
            left[device].append(
                sum((sign * one["quantity"] * Decimal(one["unit_price"]) for sign, one in signs), Decimal(0))
            )
    return [
        [
            device,
            count(number),
            count(len(left[device])),
            share(len(left[device]), number),
            money(sum(left[device], Decimal(0))),
        ]
        for device, number in sorted(filled.items(), key=lambda each: (-each[1], each[0]))
    ]


def hours(shop: Shop, chosen: Filters) -> Text:
    grid: Counter[tuple[int, int]] = Counter()
    for each in shop.messages:
        if each.event["event_type"] != "order_refunded" and chosen.country in (None, each.event["location"]):
            local = each.at.astimezone(ZoneInfo(COUNTRIES[each.event["location"]]["time_zone"]))
            grid[local.hour, local.isoweekday()] += 1
    return [[f"{hour:02}", *(count(grid[hour, day]) for day in range(1, 8))] for hour in range(24)] if grid else []


def by_customer(shop: Shop) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for each in sorted(shop.of("order_completed"), key=lambda each: each.at):
        if each.event["user_id"]:
            found[each.event["user_id"]].append(each)
    return found


def cohorts(shop: Shop) -> Text:
    found: dict[date, Counter[int]] = defaultdict(Counter)
    for bought in by_customer(shop).values():
        months = sorted({each.day.replace(day=1) for each in bought})
        for month in months:
            found[months[0]][12 * (month.year - months[0].year) + month.month - months[0].month] += 1
    last = max((month for each in found.values() for month in each), default=0)
    return [
        [f"{cohort:%b %Y}", *(count(found[cohort].get(month)) for month in range(last + 1))] for cohort in sorted(found)
    ]


def lifetime(shop: Shop) -> Text:
    customers = by_customer(shop)
    back = {each.event["order_id"]: Decimal(each.event["amount"]) for each in shop.of("order_refunded")}
    worth = {
        user: sum(
            (sold(each) - discount(each) - back.get(each.event["order_id"], Decimal(0)) for each in bought), Decimal(0)
        )
        for user, bought in customers.items()
    }

    def fifths(measure: dict[str, Any]) -> dict[str, int]:
        return {
            user: 1 + 5 * sum(other < mine for other in measure.values()) // len(measure)
            for user, mine in measure.items()
        }

    recency = fifths({user: bought[-1].day for user, bought in customers.items()})
    frequency = fifths({user: len(bought) for user, bought in customers.items()})
    value = fifths(worth)
    segments: dict[str, list[str]] = defaultdict(list)
    for user, bought in customers.items():
        if min(recency[user], frequency[user], value[user]) >= 4:
            segments["champion"].append(user)
        elif len(bought) == 1 and recency[user] >= 4:
            segments["new"].append(user)
        elif frequency[user] >= 4:
            segments["loyal"].append(user)
        elif recency[user] <= 2:
            segments["at_risk" if value[user] >= 4 else "lapsed"].append(user)
        else:
            segments["regular"].append(user)
    rows = []
    for segment, users in segments.items():
        total = sum((worth[user] for user in users), Decimal(0))
        number = sum(len(customers[user]) for user in users)
        rows.append((total, [segment, count(len(users)), count(number), money(total), money(total / len(users))]))
    return [row for _, row in sorted(rows, key=lambda each: (-each[0], each[1][0]))]


def quarantine(shop: Shop, chosen: Filters) -> Text:
    found = Counter(code for code, day in shop.refused if chosen.days(day))
    meaning = {code.value: text for code, text in DESCRIPTIONS.items()}
    return [
        [code, count(number), meaning[code]]
        for code, number in sorted(found.items(), key=lambda each: (-each[1], each[0]))
    ]


def _late(messages: list[Message]) -> int:
    return sum(each.delay > timedelta(hours=1) for each in messages)


def delivery(shop: Shop, chosen: Filters) -> Text:
    found = []
    for kind in {each.event["event_type"] for each in shop.messages if chosen.days(each.day)}:
        those = [each for each in shop.of(kind) if chosen.days(each.day)]
        objects = sum(name == kind and chosen.days(day) for name, day, _ in shop.objects)
        copies = sum(each.copies - 1 for each in those)
        found.append((-len(those), kind, [kind, count(len(those)), count(copies), count(_late(those)), count(objects)]))
    return [row for _, _, row in sorted(found)]


def operations(shop: Shop, chosen: Filters) -> Text:
    rows = []
    for day in sorted({each.day for each in shop.messages} | {day for _, day in shop.refused}):
        if chosen.days(day):
            those = [each for each in shop.messages if each.day == day]
            refused = sum(published == day for _, published in shop.refused)
            lag = f"{max(int(each.delay.total_seconds()) for each in those):,} s" if those else "–"
            sizes = [size for _, written, size in shop.objects if written == day]
            rows.append([
                str(day), count(len(those)), rounded(len(those) / 1440, 2), count(refused), share(refused, len(those) + refused),
                share(_late(those), len(those)), lag, count(len(sizes)), rounded(sum(sizes) / 1e6, 1),
            ])  # fmt: skip
    return rows


def headlines(shop: Shop, chosen: Filters) -> dict[str, str]:
    some = orders(shop, chosen)
    gross, discounts, _, net = amounts(some, refunds(shop, chosen), chosen)
    visits = sessions(shop, chosen)
    return {
        "gross": money(gross), "net": money(net), "orders": count(len(some)),
        "average": "–" if discounts is None else ratio(gross - discounts, len(some)),
        "sessions": count(len(visits)), "conversion": share(sum(each.depth == 5 for each in visits), len(visits)),
        "events": count(sum(chosen.days(each.day) for each in shop.messages)),
        "quarantined": count(sum(chosen.days(day) for _, day in shop.refused)),
    }  # fmt: skip


def page(shop: Shop, chosen: Filters) -> dict[str, Text]:
    """Every table of the page by its id."""
    return {
        "revenue": revenue(shop, chosen), "funnel": funnel(shop, chosen), "products": products(shop, chosen),
        "regions": regions(shop, chosen), "ads": ads(shop, chosen), "carts": carts(shop, chosen),
        "engagement": engagement(shop, chosen), "hours": hours(shop, chosen), "cohorts": cohorts(shop),
        "lifetime": lifetime(shop), "operations": operations(shop, chosen), "quarantine": quarantine(shop, chosen),
        "delivery": delivery(shop, chosen),
    }  # fmt: skip
