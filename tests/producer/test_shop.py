"""The shop over days, countries, products and campaigns: there is something to find out."""

import math
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from producer.campaigns import CART_REMINDER, NEWSLETTER, PAID
from producer.catalogue import CATEGORIES, PRODUCTS
from producer.curves import activity
from producer.markets import MARKETS
from producer.timestamps import micros
from tests.producer.week import MONDAY, Week

ZONES = {market.country: market.zone for market in MARKETS}


def test_the_catalogue_has_a_few_hundred_products_in_ten_categories() -> None:
    assert len(PRODUCTS) == len({product.product_id for product in PRODUCTS}) == 300
    assert len({product.name for product in PRODUCTS}) == 300
    assert len(CATEGORIES) == 10
    assert all(product.cents // 100 < 500 or product.category.prices[1] >= 500 for product in PRODUCTS)


def test_popularity_follows_zipf(week: Week) -> None:
    views = Counter(event["product_id"] for event in week.of_type("product_viewed"))
    ranked = [count for _, count in views.most_common()]
    assert ranked[0] / ranked[9] == pytest.approx(10, rel=0.35)
    ranks = [math.log(rank) for rank in range(1, 101)]
    counts = [math.log(count) for count in ranked[:100]]
    middle = sum(ranks) / 100
    slope = sum((x - middle) * y for x, y in zip(ranks, counts, strict=True)) / sum((x - middle) ** 2 for x in ranks)
    assert slope == pytest.approx(-1, abs=0.15)


def test_campaigns_convert_differently(week: Week) -> None:
    visits: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    for session in week.by("session_id").values():
        if session[0]["event_type"] == "ad_clicked":
            visits[session[0]["campaign_id"]] += 1
            orders[session[0]["campaign_id"]] += any(event["event_type"] == "order_completed" for event in session)
    assert set(visits) == {campaign.campaign_id for campaign in (*PAID, CART_REMINDER, NEWSLETTER)}
    rates = {campaign: orders[campaign] / visits[campaign] for campaign in visits}
    assert rates["email-cart-reminder"] > rates["search-brand"] > rates["search-generic"] > rates["display-prospecting"]
    assert rates["affiliate-deals"] > 3 * rates["display-prospecting"]


def test_the_same_campaign_always_has_the_same_channel(week: Week) -> None:
    channels = defaultdict(set)
    for click in week.of_type("ad_clicked"):
        channels[click["campaign_id"]].add(click["channel"])
    assert all(len(names) == 1 for names in channels.values())


def test_people_shop_in_the_evening_of_their_own_country(week: Week) -> None:
    for countries in (("DE", "FR", "NL"), ("US",)):
        hours = Counter(
            event["at"].astimezone(ZONES[event["location"]]).hour
            for event in week.events
            if event["location"] in countries
        )
        evening = sum(hours[hour] for hour in (19, 20, 21))
        night = sum(hours[hour] for hour in (2, 3, 4))
        assert evening > 5 * night, countries


def test_countries_have_their_share(week: Week) -> None:
    visitors = Counter(visits[0]["location"] for visits in week.by("anonymous_id").values())
    assert set(visitors) == set(ZONES)
    total = sum(market.share for market in MARKETS)
    for market in MARKETS[:4]:
        assert visitors[market.country] / visitors.total() == pytest.approx(market.share / total, rel=0.25)


@pytest.mark.parametrize(("country", "more_on_saturday"), [("US", True), ("JP", True), ("ES", False), ("BR", False)])
def test_the_weekend_differs_by_country(country: str, more_on_saturday: bool) -> None:
    market = next(market for market in MARKETS if market.country == country)
    noon = MONDAY + timedelta(hours=12)
    wednesday = activity(market, micros(noon + timedelta(days=2)))
    saturday = activity(market, micros(noon + timedelta(days=5)))
    assert (saturday > wednesday) == more_on_saturday


def test_clocks_change_with_daylight_saving() -> None:
    berlin = next(market for market in MARKETS if market.country == "DE")
    before, after = micros(MONDAY), micros(MONDAY + timedelta(days=7))  # the clock went back on 25 October 2026
    day_before = [activity(berlin, before + hour * 3_600_000_000) for hour in range(24)]
    day_after = [activity(berlin, after + hour * 3_600_000_000) for hour in range(24)]
    assert day_after[1:] == day_before[:-1]


def test_shoppers_come_back_on_other_days(week: Week) -> None:
    days = [len({event["at"].date() for event in visits}) for visits in week.by("anonymous_id").values()]
    assert sum(number >= 2 for number in days) / len(days) > 0.1
    assert max(days) >= 4


def test_some_sessions_cross_midnight(week: Week) -> None:
    sessions = week.by("session_id").values()
    assert sum(session[0]["at"].date() != session[-1]["at"].date() for session in sessions) >= 3


def test_clients_write_events_each_in_its_way(week: Week) -> None:
    events = week.events
    share = {
        "local time": sum(event["timestamp"][-6] in "+-" for event in events) / len(events),
        "upper-case ids": sum(event["event_id"] != event["event_id"].lower() for event in events) / len(events),
        "no version": sum("schema_version" not in event for event in events) / len(events),
        "a field of tomorrow": sum("app_version" in event for event in events) / len(events),
    }
    assert 0.08 < share["local time"] < 0.25
    assert 0.08 < share["upper-case ids"] < 0.25
    assert 0.01 < share["no version"] < 0.1
    assert 0.005 < share["a field of tomorrow"] < 0.05
    offsets = {event["timestamp"][-6:] for event in events if event["timestamp"][-6] in "+-"}
    assert {"+02:00", "-04:00", "+05:30"} <= offsets


def test_an_offset_can_move_an_event_to_another_day(week: Week) -> None:
    assert any(event["timestamp"][:10] != f"{event['at']:%Y-%m-%d}" for event in week.events)
