"""What happens in a visit follows from what happened before."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from producer.catalogue import PRODUCTS
from tests.producer.week import Week

Event = dict[str, Any]


def lines(event: Event) -> Counter[str]:
    return Counter({item["product_id"]: item["quantity"] for item in event["items"]})


def value(event: Event) -> Decimal:
    return sum((item["quantity"] * Decimal(item["unit_price"]) for item in event["items"]), Decimal())


def test_every_type_of_event_happens(week: Week) -> None:
    counts = Counter(event["event_type"] for event in week.events)
    funnel = ["page_viewed", "product_viewed", "product_added", "checkout_started", "order_completed", "order_refunded"]
    assert [counts[name] for name in funnel] == sorted((counts[name] for name in funnel), reverse=True)
    assert counts["order_refunded"] > 10
    assert counts["ad_clicked"] > 100
    assert counts["user_registered"] > 100
    assert counts["product_removed"] > 50


def test_a_session_is_one_visit_of_one_person(week: Week) -> None:
    for session in week.by("session_id").values():
        assert len({(event["anonymous_id"], event["device"], event["location"]) for event in session}) == 1
        assert len({event["user_id"] for event in session} - {None}) <= 1
        assert session[-1]["at"] - session[0]["at"] < timedelta(hours=4)
    assert len(week.by("session_id")) > 2000


def test_nobody_is_in_two_sessions_at_once(week: Week) -> None:
    for visits in week.by("anonymous_id").values():
        order = [event["session_id"] for event in visits]
        changes = sum(before != after for before, after in pairwise(order))
        assert changes == len(set(order)) - 1


def test_a_visit_begins_with_an_ad_or_a_page_and_an_ad_leads_to_its_page(week: Week) -> None:
    for session in week.by("session_id").values():
        first, *rest = session
        assert first["event_type"] in ("ad_clicked", "page_viewed")
        assert all(event["event_type"] != "ad_clicked" for event in rest)
        if first["event_type"] == "ad_clicked" and rest:
            assert rest[0]["page_path"] == first["landing_path"]


def test_products_are_looked_at_before_they_are_added(week: Week) -> None:
    for session in week.by("session_id").values():
        seen = set()
        for event in session:
            if event["event_type"] == "product_viewed":
                seen.add(event["product_id"])
            elif event["event_type"] == "product_added":
                assert event["product_id"] in seen


def test_products_are_those_of_the_catalogue(week: Week) -> None:
    catalogue = {product.product_id: (product.name, product.category.name, product.price) for product in PRODUCTS}
    for event in week.of_type("product_viewed", "product_added", "product_removed"):
        described = (event["product_name"], event["category"], event["unit_price"])
        assert catalogue[event["product_id"]] == described


def test_checkouts_and_orders_hold_what_is_in_the_cart(week: Week) -> None:
    checked = 0
    for history in week.by("cart_id").values():
        cart: Counter[str] = Counter()
        checked_out = None
        for event in history:
            match event["event_type"]:
                case "product_added":
                    cart[event["product_id"]] += event["quantity"]
                case "product_removed":
                    assert event["quantity"] == cart.pop(event["product_id"])
                case "checkout_started":
                    assert lines(event) == cart
                    assert Decimal(event["subtotal"]) == value(event)
                    checked_out = event
                case "order_completed":
                    assert checked_out is not None
                    assert event["items"] == checked_out["items"]
                    assert event is history[-1], "an ordered cart is gone"
                    checked += 1
    assert checked > 200


def test_orders_add_up_to_the_cent(week: Week) -> None:
    orders = week.of_type("order_completed")
    for order in orders:
        discount, shipping, tax = (Decimal(order[name]) for name in ("discount", "shipping", "tax"))
        assert Decimal(order["total"]) == value(order) - discount + shipping + tax
        assert (discount > 0) == (order["coupon"] is not None)
    assert any(order["coupon"] for order in orders)
    assert {order["shipping"] for order in orders} > {"0.00"}
    assert len({order["order_id"] for order in orders}) == len(orders)


def test_refunds_follow_their_order_and_pay_back_no_more_than_was_paid(week: Week) -> None:
    orders = {order["order_id"]: order for order in week.of_type("order_completed")}
    whole = 0
    for refund in week.of_type("order_refunded"):
        order = orders[refund["order_id"]]
        assert refund["at"] - order["at"] > timedelta(hours=12)
        assert refund["anonymous_id"] == order["anonymous_id"]
        assert refund["session_id"] != order["session_id"]
        assert lines(refund) <= lines(order)
        assert Decimal() < Decimal(refund["amount"]) <= Decimal(order["total"])
        assert (Decimal(refund["amount"]) == Decimal(order["total"])) == (lines(refund) == lines(order))
        whole += lines(refund) == lines(order)
    assert 0 < whole < len(week.of_type("order_refunded"))


def test_a_new_user_is_unknown_before_registering(week: Week) -> None:
    registered = {event["user_id"]: event for event in week.of_type("user_registered")}
    for event in week.events:
        if event["user_id"] in registered:
            registration = registered[event["user_id"]]
            assert event["at"] >= registration["at"]
            assert event["anonymous_id"] == registration["anonymous_id"]


def test_people_have_names_and_addresses_of_their_country(week: Week) -> None:
    registrations = week.of_type("user_registered")
    japanese = [event for event in registrations if event["location"] == "JP"]
    assert len({event["name"] for event in registrations}) > 100
    assert all(event["email"].rpartition("@")[2].startswith("example.") for event in registrations)
    assert all(ord(event["name"][0]) > 0x3000 for event in japanese)
    assert {event["marketing_opt_in"] for event in registrations} == {True, False}


def test_guests_order_too(week: Week) -> None:
    orders = week.of_type("order_completed")
    guests = sum(order["user_id"] is None for order in orders)
    assert 0.1 < guests / len(orders) < 0.6


def test_carts_are_abandoned_and_some_are_resumed_on_another_visit(week: Week) -> None:
    carts = week.by("cart_id")
    ordered = {order["cart_id"] for order in week.of_type("order_completed")}
    resumed = {cart for cart, history in carts.items() if len({event["session_id"] for event in history}) > 1}
    assert 0.2 < 1 - len(ordered) / len(carts) < 0.8
    assert len(resumed & ordered) > 30
