"""What the contract accepts, what it refuses, and the code it gives."""

import json

import pytest

from event_contract import EVENT_TYPES, EVENT_VERSIONS, ErrorCode, Partition, Rejection, accept, decode, inspect, judge
from tests.samples import PUBLISH_MICROS, event, payload, without

DAY = 86_400_000_000


def verdict(message: bytes) -> Partition | Rejection:
    return inspect(message, PUBLISH_MICROS)


def code_of(message: bytes) -> ErrorCode:
    found = verdict(message)
    assert isinstance(found, Rejection), f"accepted: {message[:200]!r}"
    assert found.message
    return found.code


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_valid_event_of_each_type_goes_to_its_partition(event_type: str) -> None:
    message = payload(event(event_type))
    assert verdict(message) == Partition(event_type, 2026, 11, 22, f"event_type={event_type}/year=2026/month=11/day=22")
    assert type(decode(message)) is EVENT_VERSIONS[event_type][event(event_type)["schema_version"]]


@pytest.mark.parametrize(
    "accepted",
    [
        pytest.param(payload(without(event(), "schema_version")), id="schema version absent is 1"),
        pytest.param(payload(event(utm={"source": "x", "tags": [1, 2.5, None]})), id="unknown fields"),
        pytest.param(json.dumps(event("user_registered")).encode(), id="unicode escapes"),
        pytest.param(json.dumps(event(), indent=2).encode(), id="pretty-printed"),
        pytest.param(b" " + payload(event()) + b"\r\n", id="white space around"),
        pytest.param(payload(event(referrer='say "a:b"\\')), id="escapes and colons in a text"),
        pytest.param(
            payload(event(note="\U0001f600")).replace("\U0001f600".encode(), b"\\ud83d\\ude00"), id="surrogate pair"
        ),
        pytest.param(payload(event(event_id="123E4567-E89B-42D3-A456-426614174000")), id="upper-case event id"),
        pytest.param(
            payload(event(timestamp="2026-11-22T09:59:58.123456789Z")), id="nanoseconds, as Go and Java write them"
        ),
        pytest.param(payload(event(utm={"Device": "x", "_Ingest": 1})), id="known names in other case, deeper down"),
        pytest.param(payload(event(year=1999, month=1, event_date="x")), id="fields named like Hive keys"),
        pytest.param(payload(event(big=10**299)), id="large integer in an unknown field"),
        pytest.param(payload(event(deep=json.loads("[" * 60 + "]" * 60))), id="deep but within the limit"),
        pytest.param(payload(event(pad="x" * 261_700)), id="just below the size limit"),
        pytest.param(payload(event(text="[" * 5000 + '"')), id="brackets in a text are no nesting"),
    ],
)
def test_what_is_unusual_but_right_is_accepted(accepted: bytes) -> None:
    assert isinstance(verdict(accepted), Partition), verdict(accepted)


@pytest.mark.parametrize(
    "unusual",
    [
        event("order_completed"),
        event(campaign="autumn", beta=True, ratio=0.5, count=3, gone=None),
        event(utm={"source": "x:y", "a:b": [1, {"c": 2.5}]}),
        event(referrer="https://example.org:8080/"),
    ],
    ids=["the contract's own", "unknown fields", "nested, with colons", "colons in a known field"],
)
def test_what_is_usual_needs_no_closer_look(unusual: dict) -> None:
    message = payload(unusual)
    assert accept(message, PUBLISH_MICROS) == judge(message, PUBLISH_MICROS)


@pytest.mark.parametrize(
    "odd",
    [
        payload(event(nested={"a": 1})).replace(b'{"a": 1', b'{"a": 1, "a": 1').replace(b'{"a":1', b'{"a":1,"a":1'),
        payload(event(_ingest="x")),
        payload(event(big=10**30)),
        payload(event(deep=[[[[[[[[[1]]]]]]]]])),
        payload(event(extra="@")).replace(b"@", b"\xc3\x28"),
    ],
    ids=["key twice below", "reserved", "large integer", "deep", "not UTF-8"],
)
def test_what_is_odd_is_never_waved_through(odd: bytes) -> None:
    assert accept(odd, PUBLISH_MICROS) is None


DUPLICATED = payload(event())[:-1]

REFUSED = {
    "nothing": (b"", ErrorCode.EMPTY_MESSAGE),
    "white space": (b" \r\n\t", ErrorCode.EMPTY_MESSAGE),
    "too large": (payload(event(pad="x" * 262_144)), ErrorCode.MESSAGE_TOO_LARGE),
    "10 MB": (b"[" * 10_000_000, ErrorCode.MESSAGE_TOO_LARGE),
    "not UTF-8 in a known field": (payload(event(session_id="@")).replace(b"@", b"\xff"), ErrorCode.INVALID_UTF8),
    "not UTF-8 in an unknown field": (payload(event(extra="@")).replace(b"@", b"\xc3\x28"), ErrorCode.INVALID_UTF8),
    "UTF-16": (json.dumps(event()).encode("utf-16"), ErrorCode.INVALID_UTF8),
    "surrogate encoded as UTF-8": (payload(event(extra="@")).replace(b"@", b"\xed\xa0\x80"), ErrorCode.INVALID_UTF8),
    "byte order mark": (b"\xef\xbb\xbf" + payload(event()), ErrorCode.INVALID_JSON),
    "cut off": (payload(event())[:100], ErrorCode.INVALID_JSON),
    "two objects": (payload(event()) * 2, ErrorCode.INVALID_JSON),
    "single quotes": (payload(event()).replace(b'"', b"'"), ErrorCode.INVALID_JSON),
    "trailing comma": (DUPLICATED + b",}", ErrorCode.INVALID_JSON),
    "comment": (b"/* x */" + payload(event()), ErrorCode.INVALID_JSON),
    "NUL byte": (payload(event()) + b"\x00", ErrorCode.INVALID_JSON),
    "raw line feed in a text": (payload(event(extra="@")).replace(b"@", b"\n"), ErrorCode.INVALID_JSON),
    "NaN": (DUPLICATED + b',"x":NaN}', ErrorCode.INVALID_JSON),
    "Infinity": (DUPLICATED + b',"x":-Infinity}', ErrorCode.INVALID_JSON),
    "number beyond a float": (DUPLICATED + b',"x":1e999}', ErrorCode.INVALID_JSON),
    "integer beyond a float": (DUPLICATED + b',"x":1' + b"0" * 5000 + b"}", ErrorCode.INVALID_JSON),
    "lone surrogate, unknown field": (DUPLICATED + b',"x":"\\ud800"}', ErrorCode.INVALID_JSON),
    "lone surrogate, known field": (payload(event(session_id="@")).replace(b"@", b"\\udc00"), ErrorCode.INVALID_JSON),
    "nested too deep": (payload(event(x=json.loads("[" * 65 + "]" * 65))), ErrorCode.NESTED_TOO_DEEP),
    "nested absurdly deep": (b"[" * 200_000, ErrorCode.NESTED_TOO_DEEP),
    "deep objects": (b'{"a":' * 5000 + b"1" + b"}" * 5000, ErrorCode.NESTED_TOO_DEEP),
    "array": (b"[1]", ErrorCode.NOT_AN_OBJECT),
    "string": (b'"page_viewed"', ErrorCode.NOT_AN_OBJECT),
    "null": (b"null", ErrorCode.NOT_AN_OBJECT),
    "true": (b"true", ErrorCode.NOT_AN_OBJECT),
    "number": (b"42", ErrorCode.NOT_AN_OBJECT),
    "known key twice": (DUPLICATED + b',"device":"mobile"}', ErrorCode.DUPLICATE_KEY),
    "event type twice": (DUPLICATED + b',"event_type":"page_viewed"}', ErrorCode.DUPLICATE_KEY),
    "escaped key twice": (DUPLICATED + b',"dev\\u0069ce":"mobile"}', ErrorCode.DUPLICATE_KEY),
    "unknown key twice": (DUPLICATED + b',"x":1,"x":2}', ErrorCode.DUPLICATE_KEY),
    "nested key twice": (DUPLICATED + b',"x":[{"y":1,"y":1}]}', ErrorCode.DUPLICATE_KEY),
    "key twice, version hidden in a text": (
        payload(without(event(anonymous_id="schema_version"), "schema_version"))[:-1] + b',"device":"mobile"}',
        ErrorCode.DUPLICATE_KEY,
    ),
    "known key in other case": (DUPLICATED + b',"Device":"mobile"}', ErrorCode.AMBIGUOUS_KEY),
    "event type in other case beside it": (DUPLICATED + b',"Event_Type":"page_viewed"}', ErrorCode.AMBIGUOUS_KEY),
    "_ingest in other case": (DUPLICATED + b',"_Ingest":1}', ErrorCode.AMBIGUOUS_KEY),
    "key of an item in other case": (
        payload(event("checkout_started")).replace(b'"category"', b'"Quantity":1,"category"', 1),
        ErrorCode.AMBIGUOUS_KEY,
    ),
    "own _ingest": (payload(event(_ingest={"message_id": "1"})), ErrorCode.RESERVED_FIELD),
    "own _ingest, null": (payload(event(_ingest=None)), ErrorCode.RESERVED_FIELD),
    "unknown event type": (payload(event() | {"event_type": "page_scrolled"}), ErrorCode.UNKNOWN_EVENT_TYPE),
    "event type in other case": (payload(event() | {"event_type": "Page_Viewed"}), ErrorCode.UNKNOWN_EVENT_TYPE),
    "path as event type": (payload(event() | {"event_type": "../../etc"}), ErrorCode.UNKNOWN_EVENT_TYPE),
    "event type absent": (payload(without(event(), "event_type")), ErrorCode.MISSING_FIELD),
    "event type null": (payload(event() | {"event_type": None}), ErrorCode.WRONG_TYPE),
    "empty object": (b"{}", ErrorCode.MISSING_FIELD),
    "future version": (payload(event(schema_version=2)), ErrorCode.UNKNOWN_SCHEMA_VERSION),
    "version zero": (payload(event(schema_version=0)), ErrorCode.UNKNOWN_SCHEMA_VERSION),
    "version as text": (payload(event(schema_version="1")), ErrorCode.WRONG_TYPE),
    "version true": (payload(event(schema_version=True)), ErrorCode.WRONG_TYPE),
    "version 1.0": (payload(event(schema_version=1.0)), ErrorCode.WRONG_TYPE),
    "user_id absent": (payload(without(event(), "user_id")), ErrorCode.MISSING_FIELD),
    "registered without user": (payload(event("user_registered", user_id=None)), ErrorCode.WRONG_TYPE),
    "number for text": (payload(event(session_id=5)), ErrorCode.WRONG_TYPE),
    "text for number": (payload(event("product_added", quantity="2")), ErrorCode.WRONG_TYPE),
    "float for integer": (payload(event("product_added", quantity=2.5)), ErrorCode.WRONG_TYPE),
    "object for array": (payload(event("checkout_started", items={})), ErrorCode.WRONG_TYPE),
    "money as a number": (payload(event("product_viewed", unit_price=9.9)), ErrorCode.WRONG_TYPE),
    "money with one decimal": (payload(event("product_viewed", unit_price="9.9")), ErrorCode.INVALID_VALUE),
    "money with a line feed": (payload(event("product_viewed", unit_price="9.90\n")), ErrorCode.INVALID_VALUE),
    "money in other digits": (payload(event("product_viewed", unit_price="٩.٩٩")), ErrorCode.INVALID_VALUE),
    "negative money": (payload(event("product_viewed", unit_price="-9.90")), ErrorCode.INVALID_VALUE),
    "huge money": (payload(event("product_viewed", unit_price="9" * 13 + ".00")), ErrorCode.INVALID_VALUE),
    "no quantity": (payload(event("product_added", quantity=0)), ErrorCode.INVALID_VALUE),
    "huge quantity": (payload(event("product_added", quantity=10**30)), ErrorCode.INVALID_VALUE),
    "no items": (payload(event("checkout_started", items=[])), ErrorCode.INVALID_VALUE),
    "unknown device": (payload(event(device="fridge")), ErrorCode.INVALID_VALUE),
    "unknown country": (payload(event(location="XX")), ErrorCode.INVALID_VALUE),
    "country in small letters": (payload(event(location="de")), ErrorCode.INVALID_VALUE),
    "nil UUID": (payload(event(event_id="00000000-0000-0000-0000-000000000000")), ErrorCode.INVALID_VALUE),
    "largest UUID": (payload(event(event_id="FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")), ErrorCode.INVALID_VALUE),
    "event id is no UUID": (payload(event(event_id="17")), ErrorCode.INVALID_VALUE),
    "empty id": (payload(event(session_id="")), ErrorCode.INVALID_VALUE),
    "long id": (payload(event(session_id="s" * 65)), ErrorCode.INVALID_VALUE),
    "date only": (payload(event(timestamp="2026-11-22")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "not a date": (payload(event(timestamp="yesterday")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "30 February": (payload(event(timestamp="2026-02-30T10:00:00Z")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "hour 24": (payload(event(timestamp="2026-11-22T24:00:00Z")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "leap second": (payload(event(timestamp="2016-12-31T23:59:60Z")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "ten decimals": (payload(event(timestamp="2026-11-22T09:59:58.1234567890Z")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "small z": (payload(event(timestamp="2026-11-22t09:59:58z")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "offset too large": (payload(event(timestamp="2026-11-22T09:59:58+15:00")), ErrorCode.TIMESTAMP_UNPARSABLE),
    "epoch seconds": (payload(event(timestamp=1795341600)), ErrorCode.WRONG_TYPE),
    "no offset": (payload(event(timestamp="2026-11-22T09:59:58")), ErrorCode.TIMESTAMP_NAIVE),
    "two days ahead": (payload(event(timestamp="2026-11-24T10:00:00Z")), ErrorCode.TIMESTAMP_IN_FUTURE),
    "year 9999": (payload(event(timestamp="9999-12-31T23:59:59Z")), ErrorCode.TIMESTAMP_IN_FUTURE),
    "clock never set": (payload(event(timestamp="1970-01-01T00:00:00Z")), ErrorCode.TIMESTAMP_BEFORE_2000),
    "year 1": (payload(event(timestamp="0001-01-01T00:00:00Z")), ErrorCode.TIMESTAMP_BEFORE_2000),
    "total off by a cent": (payload(event("order_completed", total="70.11")), ErrorCode.INCONSISTENT_TOTAL),
    "subtotal off": (payload(event("checkout_started", subtotal="0.00")), ErrorCode.INCONSISTENT_TOTAL),
}


@pytest.mark.parametrize(("message", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_the_contract_is_refused_with_its_code(message: bytes, code: ErrorCode) -> None:
    assert code_of(message) == code


def test_every_code_that_a_message_can_earn_is_shown_above() -> None:
    shown = {code for _, code in REFUSED.values()}
    assert shown == set(ErrorCode) - {ErrorCode.VALIDATOR_FAILURE}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (payload(event(device="fridge")), "device"),
        (payload(without(event(), "session_id")), "session_id"),
        (payload(event("order_completed", items=[{"product_id": "p"}])), "items[0].product_name"),
        (payload(event("order_completed", total="0.00")), "total"),
        (payload(event(timestamp="x")), "timestamp"),
        (DUPLICATED + b',"device":"mobile"}', "device"),
        (b"[]", None),
    ],
)
def test_a_rejection_names_the_field_at_fault(message: bytes, field: str | None) -> None:
    found = verdict(message)
    assert isinstance(found, Rejection)
    assert found.field == field


def test_invalid_json_is_located_in_bytes() -> None:
    found = verdict('{"name":"Köln" "x"}'.encode())
    assert isinstance(found, Rejection)
    assert "byte 16" in found.message


def test_a_rejection_is_bounded_however_long_the_fault() -> None:
    found = verdict(payload(event(device="x" * 100_000)))
    assert isinstance(found, Rejection)
    assert len(found.message) <= 400


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [
        ("2026-11-22T00:30:00+02:00", (2026, 11, 21)),
        ("2026-11-21T23:30:00-02:00", (2026, 11, 22)),
        ("2026-12-31T23:59:59.999999Z", (2026, 12, 31)),
        ("2024-02-29T12:00:00Z", (2024, 2, 29)),
        ("1999-12-31T23:00:00-02:00", (2000, 1, 1)),
        ("2025-11-22T00:00:00+00:00", (2025, 11, 22)),
    ],
)
def test_the_partition_is_the_utc_date(timestamp: str, date: tuple[int, int, int]) -> None:
    found = inspect(payload(event(timestamp=timestamp)), PUBLISH_MICROS + 40 * DAY)
    assert isinstance(found, Partition)
    assert (found.year, found.month, found.day) == date


@pytest.mark.parametrize(
    "offset", ["Z", "+00:00", "-00:00", "+01:00", "-11:00", "+14:00", "-14:00", "+05:30", "-03:30"]
)
def test_what_is_remembered_of_hours_and_days_changes_no_answer(offset: str) -> None:
    """Every hour twice: partitions are looked up by date, or by hour and offset, once they were found."""
    rests = ("00:00", "59:59.999999", "59:60", "29:59.1234567891")
    times = [f"{hour:02}:{rest}" for hour in range(25) for rest in rests]
    found = [event(timestamp=f"2026-11-{day}T{time}{offset}") for day in (20, 21) for time in times]
    for message in map(payload, found * 2):
        judged = judge(message, PUBLISH_MICROS)
        assert accept(message, PUBLISH_MICROS) == (judged if isinstance(judged, Partition) else None), message


def test_the_future_is_measured_from_the_publish_time_to_the_microsecond() -> None:
    message = payload(event(timestamp="2026-11-23T10:00:00.000001Z"))
    assert isinstance(inspect(message, PUBLISH_MICROS), Rejection)
    assert isinstance(inspect(message, PUBLISH_MICROS + 1), Partition)
    assert isinstance(inspect(message, PUBLISH_MICROS), Rejection), "an answer must not depend on earlier ones"


def test_100_000_distinct_keys_are_judged_like_any_other_message() -> None:
    message = payload({**event(), **{f"k{i}": 0 for i in range(20_000)}})
    assert isinstance(verdict(message), Partition)
    assert code_of(payload({f"key{i}": 0 for i in range(100_000)})) == ErrorCode.MESSAGE_TOO_LARGE
