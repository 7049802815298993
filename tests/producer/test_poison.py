"""Every message is judged by the contract as the producer says it will be."""

import copy
from collections import Counter
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from event_contract import EVENT_TYPES, ErrorCode, Rejection, inspect
from producer import POISON_KINDS, Message, PoisonKind
from producer.messages import DELIVERIES
from producer.timestamps import micros

PUBLISHED = micros(datetime(2026, 10, 27, tzinfo=UTC))
LONG_AFTER = micros(datetime(2080, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def examples(spoiled_week: list[Message]) -> dict[str, list[dict[str, object]]]:
    """A few valid events of each type."""
    found: dict[str, list[dict[str, object]]] = {name: [] for name in EVENT_TYPES}
    for message in spoiled_week:
        if message.expected_code is None and len(found[message.event_type]) < 25:
            found[message.event_type].append(msgspec.json.decode(message.data))
    return found


def test_every_valid_message_is_accepted_into_its_partition(spoiled_week: list[Message]) -> None:
    valid = [message for message in spoiled_week if message.kind in DELIVERIES]
    assert len(valid) > 30_000
    for message in valid:
        place = inspect(message.data, PUBLISHED)
        assert not isinstance(place, Rejection), place
        assert (place.event_type, f"{place.year}-{place.month:02d}-{place.day:02d}") == (
            message.event_type,
            message.date,
        )


def test_every_poison_message_is_refused_with_the_code_it_expects(spoiled_week: list[Message]) -> None:
    poison = [message for message in spoiled_week if message.kind not in DELIVERIES]
    for message in poison:
        verdict = inspect(message.data, PUBLISHED)
        assert isinstance(verdict, Rejection), message
        assert verdict.code == message.expected_code, (message.kind, verdict)


def test_every_poison_kind_comes_up_about_as_often(spoiled_week: list[Message]) -> None:
    counts = Counter(message.kind for message in spoiled_week if message.kind not in DELIVERIES)
    assert set(counts) == set(POISON_KINDS)
    usual = [counts[name] for name, kind in POISON_KINDS.items() if kind.every == 1]
    assert max(usual) - min(usual) <= 3


def test_the_costly_kind_is_rare_but_not_absent(spoiled_week: list[Message]) -> None:
    counts = Counter(message.kind for message in spoiled_week)
    assert 1 <= counts["too_large"] <= counts["truncated"] / 10


def test_kinds_cover_every_code_that_a_producer_can_cause() -> None:
    assert len(POISON_KINDS) >= 14
    assert {kind.code for kind in POISON_KINDS.values()} == set(ErrorCode) - {ErrorCode.VALIDATOR_FAILURE}


@pytest.mark.parametrize("kind", POISON_KINDS.values(), ids=list(POISON_KINDS))
def test_a_kind_holds_for_every_event_it_can_be_made_from(
    kind: PoisonKind, examples: dict[str, list[dict[str, object]]]
) -> None:
    rng = Random(3)
    for event_type in kind.needs or [name for name, events in examples.items() if events]:
        assert examples[event_type], event_type
        for event in examples[event_type]:
            before = copy.deepcopy(event)
            data = kind.recipe(event, rng)
            assert event == before, "a recipe must not change the event"
            assert b"\n" not in data, "a message is one line of a file"
            for published in (PUBLISHED, LONG_AFTER):
                verdict = inspect(data, published)
                assert isinstance(verdict, Rejection), data
                assert verdict.code == kind.code, (verdict, data[:500])


def test_no_message_holds_a_newline(spoiled_week: list[Message]) -> None:
    assert not any(b"\n" in message.data for message in spoiled_week)


def test_poison_tells_what_it_was_made_from(spoiled_week: list[Message]) -> None:
    sent_as_valid = {message.event_id for message in spoiled_week if message.expected_code is None}
    for message in spoiled_week:
        if message.expected_code is not None:
            assert message.event_id not in sent_as_valid, "the event itself is not sent as well"
            assert message.event_type in EVENT_TYPES
            assert message.attributes == {"event_id": message.event_id, "event_type": message.event_type}


def test_a_refund_always_finds_its_order_among_the_valid(spoiled_week: list[Message]) -> None:
    valid = [msgspec.json.decode(message.data) for message in spoiled_week if message.expected_code is None]
    orders = {event["order_id"] for event in valid if event["event_type"] == "order_completed"}
    refunded = [event["order_id"] for event in valid if event["event_type"] == "order_refunded"]
    assert refunded
    assert set(refunded) <= orders
