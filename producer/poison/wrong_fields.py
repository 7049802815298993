"""Messages that are JSON objects, but not events of the contract: one field each is wrong."""

from random import Random
from typing import Any, Final

from event_contract import ErrorCode, minor_units, money
from producer.poison.kinds import CART_LINE, CHECKOUT, ORDER, PRICED, WITH_ITEMS, Fields, PoisonKind, encode


def _with(event: Fields, field: str, value: Any) -> bytes:
    return encode(event | {field: value})


def _without(event: Fields, field: str) -> bytes:
    return encode({name: value for name, value in event.items() if name != field})


def _unknown_type(event: Fields, rng: Random) -> bytes:
    return _with(event, "event_type", rng.choice(("product_wishlisted", "Order Completed", "page_view", "")))


def _no_type(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _without(event, "event_type")


def _unknown_version(event: Fields, rng: Random) -> bytes:
    return _with(event, "schema_version", rng.choice((0, 2, 99)))


def _field_missing(event: Fields, rng: Random) -> bytes:
    optional = {"event_type", "schema_version", "app_version"}
    return _without(event, rng.choice([name for name in event if name not in optional]))


def _item_field_missing(event: Fields, rng: Random) -> bytes:
    first, *others = event["items"]
    field = rng.choice(list(first))
    return _with(event, "items", [{name: value for name, value in first.items() if name != field}, *others])


def _price_as_number(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event).replace(b'"unit_price":"' + event["unit_price"].encode() + b'"', b'"unit_price":19.9')


def _quantity_as_text(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "quantity", str(event["quantity"]))


def _null_session(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "session_id", None)


def _time_as_number(event: Fields, rng: Random) -> bytes:
    return _with(event, "timestamp", 1_700_000_000_000 + rng.randrange(100_000_000))


def _no_uuid(event: Fields, rng: Random) -> bytes:
    return _with(event, "event_id", rng.choice((event["event_id"].replace("-", ""), "undefined", "")))


def _key_in_other_case(event: Fields, rng: Random) -> bytes:
    name = rng.choice(("device", "user_id", "session_id"))
    return encode(event | {name.replace("_", " ").title().replace(" ", "_"): event[name]})


def _unknown_device(event: Fields, rng: Random) -> bytes:
    return _with(event, "device", rng.choice(("smart_tv", "Mobile", "unknown")))


def _unknown_country(event: Fields, rng: Random) -> bytes:
    return _with(event, "location", rng.choice(("UK", "Germany", event["location"].lower(), "XX")))


def _negative_price(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "unit_price", "-" + event["unit_price"])


def _price_with_comma(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "unit_price", event["unit_price"].replace(".", ","))


def _impossible_quantity(event: Fields, rng: Random) -> bytes:
    return _with(event, "quantity", rng.choice((0, -1, 1_000_000)))


def _no_items(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "items", [])


def _time_in_local_style(event: Fields, rng: Random) -> bytes:
    timestamp: str = event["timestamp"]
    year, month, day, clock = timestamp[:4], timestamp[5:7], timestamp[8:10], timestamp[11:19]
    styles = (f"{day}.{month}.{year} {clock}", f"{month}/{day}/{year} {clock}", f"{year}-{month}-{day} {clock}Z", "")
    return _with(event, "timestamp", rng.choice(styles))


def _no_such_day(event: Fields, rng: Random) -> bytes:
    return _with(event, "timestamp", event["timestamp"][:5] + rng.choice(("02-30", "06-31")) + event["timestamp"][10:])


def _time_without_offset(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return _with(event, "timestamp", event["timestamp"][:19])


def _clock_ahead(event: Fields, rng: Random) -> bytes:
    # Far ahead, so that it is the future whenever the message is published, and the bytes do not depend on today.
    return _with(event, "timestamp", f"{rng.randrange(2090, 2100)}-07-01{event['timestamp'][10:]}")


def _clock_unset(event: Fields, rng: Random) -> bytes:
    day = rng.choice(("1970-01-01", "1980-01-06", "1999-12-30"))
    return _with(event, "timestamp", day + event["timestamp"][10:])


def _total_off(event: Fields, rng: Random) -> bytes:
    off = rng.choice((1, 10, 100, 5_00)) + minor_units(event["total"])
    return _with(event, "total", money(off))


def _subtotal_off(event: Fields, rng: Random) -> bytes:
    return _with(event, "subtotal", money(minor_units(event["subtotal"]) + rng.choice((1, 10, 100))))


WRONG_FIELDS: Final = (
    PoisonKind("unknown_type", ErrorCode.UNKNOWN_EVENT_TYPE, _unknown_type),
    PoisonKind("no_type", ErrorCode.MISSING_FIELD, _no_type),
    PoisonKind("unknown_version", ErrorCode.UNKNOWN_SCHEMA_VERSION, _unknown_version),
    PoisonKind("field_missing", ErrorCode.MISSING_FIELD, _field_missing),
    PoisonKind("item_field_missing", ErrorCode.MISSING_FIELD, _item_field_missing, WITH_ITEMS),
    PoisonKind("price_as_number", ErrorCode.WRONG_TYPE, _price_as_number, PRICED),
    PoisonKind("quantity_as_text", ErrorCode.WRONG_TYPE, _quantity_as_text, CART_LINE),
    PoisonKind("null_session", ErrorCode.WRONG_TYPE, _null_session),
    PoisonKind("time_as_number", ErrorCode.WRONG_TYPE, _time_as_number),
    PoisonKind("no_uuid", ErrorCode.INVALID_VALUE, _no_uuid),
    PoisonKind("key_in_other_case", ErrorCode.AMBIGUOUS_KEY, _key_in_other_case),
    PoisonKind("unknown_device", ErrorCode.INVALID_VALUE, _unknown_device),
    PoisonKind("unknown_country", ErrorCode.INVALID_VALUE, _unknown_country),
    PoisonKind("negative_price", ErrorCode.INVALID_VALUE, _negative_price, PRICED),
    PoisonKind("price_with_comma", ErrorCode.INVALID_VALUE, _price_with_comma, PRICED),
    PoisonKind("impossible_quantity", ErrorCode.INVALID_VALUE, _impossible_quantity, CART_LINE),
    PoisonKind("no_items", ErrorCode.INVALID_VALUE, _no_items, WITH_ITEMS),
    PoisonKind("time_in_local_style", ErrorCode.TIMESTAMP_UNPARSABLE, _time_in_local_style),
    PoisonKind("no_such_day", ErrorCode.TIMESTAMP_UNPARSABLE, _no_such_day),
    PoisonKind("time_without_offset", ErrorCode.TIMESTAMP_NAIVE, _time_without_offset),
    PoisonKind("clock_ahead", ErrorCode.TIMESTAMP_IN_FUTURE, _clock_ahead),
    PoisonKind("clock_unset", ErrorCode.TIMESTAMP_BEFORE_2000, _clock_unset),
    PoisonKind("total_off", ErrorCode.INCONSISTENT_TOTAL, _total_off, ORDER),
    PoisonKind("subtotal_off", ErrorCode.INCONSISTENT_TOTAL, _subtotal_off, CHECKOUT),
)
