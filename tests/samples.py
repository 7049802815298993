"""One valid event of every type, to be changed at will."""

import json
from typing import Any

from event_contract.examples import example

PUBLISH_MICROS = 1_795_341_600_000_000  # 2026-11-22T10:00:00Z
TIMESTAMP = "2026-11-22T09:59:58.250Z"

_ENVELOPE = {
    "event_id": "123e4567-e89b-42d3-a456-426614174000",
    "schema_version": 1,
    "timestamp": TIMESTAMP,
    "user_id": None,
    "anonymous_id": "a-1",
    "session_id": "s-1",
    "device": "mobile",
    "location": "DE",
}
_PRODUCT = {"product_id": "p-1", "product_name": "Mug", "category": "Kitchen", "unit_price": "9.90", "currency": "EUR"}
_ITEMS = [
    {"product_id": "p-1", "product_name": "Mug", "category": "Kitchen", "quantity": 2, "unit_price": "9.90"},
    {"product_id": "p-2", "product_name": "Lamp", "category": "Home", "quantity": 1, "unit_price": "40.01"},
]
_OWN_FIELDS: dict[str, dict[str, Any]] = {
    "user_registered": {
        "user_id": "u-1",
        "name": "Zoë Müller",
        "email": "zoe@example.com",
        "address": "1 High St",
        "city": "Köln",
        "postal_code": "50667",
        "signup_method": "email",
        "marketing_opt_in": True,
    },
    "page_viewed": {"page_path": "/", "page_type": "home", "referrer": None},
    "product_viewed": _PRODUCT,
    "ad_clicked": {"campaign_id": "c-1", "ad_id": "ad-1", "channel": "search", "landing_path": "/sale"},
    "product_added": {**_PRODUCT, "cart_id": "cart-1", "quantity": 2},
    "product_removed": {**_PRODUCT, "cart_id": "cart-1", "quantity": 1},
    "checkout_started": {"cart_id": "cart-1", "currency": "EUR", "items": _ITEMS, "subtotal": "59.81"},
    "order_completed": {
        "order_id": "o-1",
        "cart_id": "cart-1",
        "currency": "EUR",
        "items": _ITEMS,
        "discount": "5.00",
        "shipping": "4.90",
        "tax": "10.41",
        "total": "70.12",
        "coupon": None,
        "payment_method": "card",
    },
    "order_refunded": {
        "order_id": "o-1",
        "refund_id": "r-1",
        "currency": "EUR",
        "items": _ITEMS[:1],
        "amount": "19.80",
        "reason": "damaged",
    },
}


def event(event_type: str = "page_viewed", **changes: Any) -> dict[str, Any]:
    """A valid event of the type, with fields changed or added."""
    own = _OWN_FIELDS.get(event_type) or example(event_type)
    return {**_ENVELOPE, "event_type": event_type, **own, **changes}


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The event without some fields."""
    return {name: value for name, value in document.items() if name not in names}


def payload(document: Any) -> bytes:
    """The event as producers send it: compact JSON, UTF-8."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
