"""What producers typically get wrong, and the reason that each reads: `refusals.md`, renewed with `UPDATE_GOLDEN=1`.

What a reason lists of the contract is left out there, so that a new type or version changes no line.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from event_contract import EVENT_VERSIONS, Rejection, inspect
from tests.samples import PUBLISH_MICROS, event, payload, without

GOLDEN = Path(__file__).with_name("refusals.md")

_ITEM = {"product_id": "p-1", "product_name": "Mug", "category": "Kitchen", "quantity": 2, "unit_price": "9.90"}

TYPICAL: dict[str, Any] = {
    "price as a number": event("product_viewed", unit_price=9.9),
    "price with a comma": event("product_viewed", unit_price="9,90"),
    "price with one decimal, quantity as text": event("product_added", unit_price="9.9", quantity="2"),
    "price of an item missing, another negative": event(
        "checkout_started", items=[without(_ITEM, "unit_price"), {**_ITEM, "unit_price": "-9.90"}]
    ),
    "cents instead of decimals": event("order_refunded", amount=1980),
    "total off by a cent": event("order_completed", total="70.11"),
    "names in camel case": {
        **without(event(), "event_id", "session_id", "anonymous_id"), "eventId": "1", "sessionId": "s", "anonymousId": "a",
    },
    "known key in other case": {**event(), "Device": "mobile"},
    "event type as other systems write it": event() | {"event_type": "Page Viewed"},
    "unknown event type": event() | {"event_type": "page_scrolled"},
    "version from the future": event(schema_version=7),
    "device the contract does not know": event(device="Mobile "),
    "country by name": event(location="Germany"),
    "country in small letters": event(location="de"),
    "id without hyphens": event(event_id="123e4567e89b42d3a456426614174000"),
    "nil UUID": event(event_id="00000000-0000-0000-0000-000000000000"),
    "epoch milliseconds": event(timestamp=1795341600000),
    "local time without offset": event(timestamp="2026-11-22T09:59:58"),
    "date as a person writes it": event(timestamp="22.11.2026 09:59"),
    "null where there must be a session": event(session_id=None),
    "name too long (personal)": event("user_registered", name="Zoë" * 200),
    "registered without user": event("user_registered", user_id=None),
    "CloudEvents": {"specversion": "1.0", "type": "com.example.order", "source": "/shop", "id": "1", "data": event()},
    "Segment": {"type": "track", "event": "Order Completed", "messageId": "m-1", "properties": {}},
    "Shopify": {"admin_graphql_api_id": "gid://shopify/Order/1", "line_items": []},
    "an event inside a list": [event()],
}  # fmt: skip
KNOWN = {
    f"known: {', '.join(EVENT_VERSIONS)}": "known: (every type)",
    f"known: {', '.join(map(str, EVENT_VERSIONS['page_viewed']))}": "known: (every version)",
}


def said(message: str) -> str:
    """The reason as `refusals.md` has it."""
    return next(
        (message.removesuffix(known) + every for known, every in KNOWN.items() if message.endswith(known)), message
    )


def test_each_typical_mistake_has_a_reason_that_a_stranger_can_act_on() -> None:
    lines = ["# Typical mistakes, and the reasons that they get", ""]
    for title, document in TYPICAL.items():
        found = inspect(payload(document), PUBLISH_MICROS)
        assert isinstance(found, Rejection), title
        where = f" at `{found.field}`" if found.field else ""
        lines.append(f"- **{title}**: `{found.code}`{where}: {said(found.message)}")
    page = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_a_reason_never_shows_a_personal_value() -> None:
    secret = "zoe-secret"
    for name in ("name", "email", "address", "city", "postal_code", "user_id"):
        for wrong in (secret * 60, {"is": secret}, [secret]):
            found = inspect(payload(event("user_registered", **{name: wrong})), PUBLISH_MICROS)
            assert isinstance(found, Rejection)
            assert secret not in found.message
            assert json.dumps(name)[1:-1] in found.message


def test_what_the_contract_says_is_looked_up_once_and_not_for_each_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One in a hundred messages is refused: if each looked into its type, all would take twice as long."""
    refused = [json.dumps(document).encode() for document in TYPICAL.values() if isinstance(document, dict)]
    before = [inspect(each, PUBLISH_MICROS) for each in refused]

    def look(_: object) -> None:
        raise AssertionError("a type was looked into again")

    monkeypatch.setattr(msgspec.inspect, "type_info", look)
    monkeypatch.setattr(msgspec.inspect, "multi_type_info", look)
    assert [
        inspect(each, PUBLISH_MICROS) for each in refused
    ] == before  # an error of the judge would be another refusal
