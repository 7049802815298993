"""Amounts are exact."""

import pytest

from event_contract import Partition, inspect, minor_units, money
from tests.samples import PUBLISH_MICROS, event, payload


@pytest.mark.parametrize(
    ("text", "minor"), [("0.00", 0), ("0.05", 5), ("19.99", 1999), ("999999999999.99", 99999999999999)]
)
def test_money_and_minor_units_are_each_others_inverse(text: str, minor: int) -> None:
    assert minor_units(text) == minor
    assert money(minor) == text


def test_negative_amounts_are_written_with_a_minus() -> None:
    assert money(-5) == "-0.05"
    assert money(-1999) == "-19.99"


def test_ten_times_ten_cents_is_one_euro() -> None:
    item = {"product_id": "p", "product_name": "n", "category": "c", "quantity": 1, "unit_price": "0.10"}
    order = event("checkout_started", items=[item] * 3, subtotal="0.30")
    assert isinstance(inspect(payload(order), PUBLISH_MICROS), Partition)


def test_a_discount_larger_than_the_goods_leaves_shipping_and_tax_to_pay() -> None:
    item = {"product_id": "p", "product_name": "n", "category": "c", "quantity": 1, "unit_price": "1.00"}
    amounts = {"discount": "1.00", "shipping": "0.00", "tax": "0.00", "total": "0.00"}
    assert isinstance(inspect(payload(event("order_completed", items=[item], **amounts)), PUBLISH_MICROS), Partition)
