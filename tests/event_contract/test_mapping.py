"""Messages as other systems document them become events of the contract; what cannot is refused in words."""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from event_contract import ErrorCode, Partition, Rejection, inspect
from event_contract.mapping import load, mapped, source_names
from tests.samples import PUBLISH_MICROS, event, payload, without

TRACK: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "ajs-next-1f9c",
    "timestamp": "2026-11-22T09:30:00.000Z",
    "userId": "u-7",
    "anonymousId": "a-7",
    "context": {"sessionId": "1795341000", "device": {"type": "ios"}, "location": {"country": "de"}},
    "properties": {
        "order_id": 50314, "checkout_id": "c-9", "currency": "EUR", "total": 27.5, "shipping": 3, "tax": 2, "discount": 2.5,
        "products": [
            {"product_id": "p-1", "name": "Lamp", "price": 19, "quantity": 1, "category": "Home"},
            {"product_id": "p-2", "name": "Mug", "price": "6.00"},
        ],
    },
}  # fmt: skip
GA4 = {
    "event_name": "page_view",
    "event_timestamp": 1795341000123456,
    "user_pseudo_id": "1234.5678",
    "device": {"category": "mobile"},
    "geo": {"country": "Germany"},
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": 1795340900}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/sale?x=1"}},
    ],
}
SHOPIFY = {
    "id": 820982911946154508,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "financial_status": "paid",
    "processed_at": "2026-11-22T05:00:00-05:00",
    "currency": "USD",
    "total_price": "398.00",
    "total_discounts": "5.00",
    "total_tax": "0.00",
    "total_shipping_price_set": {"shop_money": {"amount": "10.00", "currency_code": "USD"}},
    "cart_token": "cart-68778783ad298f1c80c3bafcddeea02f",
    "checkout_token": None,
    "customer": {"id": 115310627314723954},
    "billing_address": {"country_code": "US"},
    "discount_codes": [],
    "payment_gateway_names": ["visa", "bogus"],
    "line_items": [{"product_id": 632910392, "title": "IPod Nano", "quantity": 2, "price": "196.50"}],
}
CLOUD = {
    "specversion": "1.0", "type": "page_viewed", "source": "/shop/web", "id": "A234-1234", "time": "2026-11-22T09:59:00Z",
    "datacontenttype": "application/json",
    "data": without(event(), "event_id", "event_type", "timestamp"),
}  # fmt: skip
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "segment": [TRACK],
    "ga4": [GA4],
    "shopify": [SHOPIFY],
    "cloudevents": [CLOUD],
}
# Messages of mappings that users add: docs/your-own-events.md.
EXAMPLES |= {
    file.stem: [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for file in Path(__file__).parent.glob("messages/*.ndjson")
}
SOURCES = [load(name) for name in source_names()]


def as_event(document: Any) -> dict[str, Any]:
    found = mapped(payload(document), SOURCES)
    assert isinstance(found, bytes), found
    result: dict[str, Any] = json.loads(found)
    return result


def refusal(document: Any) -> Rejection:
    found = mapped(payload(document), SOURCES)
    if isinstance(found, bytes):
        verdict = inspect(found, PUBLISH_MICROS)
        assert isinstance(verdict, Rejection)
        return verdict
    assert isinstance(found, Rejection)
    return found


def test_every_mapping_has_an_example() -> None:
    assert set(EXAMPLES) == set(source_names())


@pytest.mark.parametrize("source", EXAMPLES)
def test_the_vendors_example_is_an_event_of_the_contract(source: str) -> None:
    for message in EXAMPLES[source]:
        found = mapped(payload(message), SOURCES)
        assert isinstance(found, bytes), found
        assert isinstance(inspect(found, PUBLISH_MICROS), Partition), inspect(found, PUBLISH_MICROS)
        assert found == mapped(payload(message), SOURCES), "a message sent again must be the same event"


def test_values_are_converted_as_the_mapping_says() -> None:
    order = as_event(TRACK)
    assert (order["order_id"], order["total"], order["discount"], order["device"], order["location"]) == (
        "50314", "27.50", "2.50", "mobile", "DE",
    )  # fmt: skip
    assert order["items"][1] == {
        "product_id": "p-2", "product_name": "Mug", "category": "unknown", "quantity": 1, "unit_price": "6.00",
    }  # fmt: skip
    view = as_event(GA4)
    assert (view["timestamp"], view["page_path"], view["session_id"], view["user_id"]) == (
        "2026-11-22T09:50:00.123456Z", "/sale", "1795340900", None,
    )  # fmt: skip


def test_what_cannot_be_mapped_is_refused_in_words() -> None:
    wrong = copy.deepcopy(TRACK)
    wrong["properties"]["total"] = 27.505
    assert refusal(wrong).message == "mapping segment: total has more than two decimals"
    del wrong["properties"]["total"]
    assert refusal(wrong).message == "mapping segment: `properties.total` is absent or null, and total is made of it"
    assert refusal({**TRACK, "event": "Promotion Clicked"}).code == ErrorCode.UNKNOWN_EVENT_TYPE
    assert "no event 'Promotion Clicked'" in refusal({**TRACK, "event": "Promotion Clicked"}).message
    assert refusal({**GA4, "geo": {"country": "Atlantis"}}).code == ErrorCode.INVALID_VALUE
    assert refusal({**SHOPIFY, "total_price": "1.00"}).code == ErrorCode.INCONSISTENT_TOTAL
    assert refusal({**CLOUD, "data": "text"}).message == "mapping cloudevents: `data` is no object"


def test_what_no_source_recognises_is_left_to_the_contract() -> None:
    for other in (event(), {"type": "identify", "messageId": "m"}, [TRACK], {}):
        assert mapped(payload(other), SOURCES) is None
    assert mapped(b"{", SOURCES) is None


@pytest.mark.parametrize("damaged", [None, 5, "x", [], {}, [[]], {"key": 1}])
def test_no_message_makes_a_mapping_raise(damaged: object) -> None:
    for message in itertools.chain(*EXAMPLES.values()):
        for name in message:
            found = mapped(payload({**message, name: damaged}), SOURCES)
            if isinstance(found, bytes):
                inspect(found, PUBLISH_MICROS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("recognise = {", "is not TOML"),
        ("name = 'event'", "recognise is missing"),
        ("recognise = {a = 1}\nevent = 'x'", "unknown key 'event'"),
        ("recognise = {a = 1}\n[envelope]\nx = {form = 'a'}", "x has the unknown key 'form'"),
        ("recognise = {a = 1}\n[envelope]\nx = {from = 'a', as = 'date'}", "x is to be 'date'"),
        ("recognise = {a = 1}\n[envelope]\nx = {default = 'a'}", "x needs from, const, or each with fields"),
    ],
)
def test_a_wrong_mapping_is_named_before_the_job_starts(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ValueError, match=fault):
        load("mine", tmp_path)
    with pytest.raises(ValueError, match="'other' is no mapping"):
        load("other", tmp_path)
