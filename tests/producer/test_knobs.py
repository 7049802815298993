"""What is asked for is what comes: how much, when, and what goes wrong."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest

from producer import ConfigError, Message, SimulationConfig, make_plan, simulate
from tests.producer.week import MONDAY

NOW = datetime(2026, 10, 28, 15, 30, tzinfo=UTC)


def instant(message: Message) -> datetime:
    return datetime.fromisoformat(msgspec.json.decode(message.data)["timestamp"])


def kinds(config: SimulationConfig) -> Counter[str]:
    return Counter("poison" if message.expected_code else message.kind for message in simulate(config, NOW))


@pytest.mark.parametrize(
    "asked",
    [
        {"events": 1},
        {"events": 37, "days": 1},
        {"events": 5000, "days": 2, "duplicate_rate": 0.4, "poison_rate": 0.1},
        {"events": 3001, "days": 30},
        {"events": 3000, "days": 7, "rate": 10.0},
        {"events": 400, "poison_rate": 1.0, "duplicate_rate": 0, "late_rate": 0, "out_of_order_rate": 0},
    ],
)
def test_as_many_messages_as_asked_for(asked: dict[str, Any]) -> None:
    assert sum(1 for _ in simulate(SimulationConfig(**asked), NOW)) == asked["events"]


def test_days_alone_bring_ten_thousand_messages_each() -> None:
    assert sum(1 for _ in simulate(SimulationConfig(days=2), NOW)) == 20_000


def test_events_spread_over_the_days() -> None:
    messages = simulate(SimulationConfig(events=20_000, days=5, start=MONDAY, poison_rate=0))
    by_date = Counter(message.date for message in messages)
    assert sorted(by_date) == [f"2026-10-{day}" for day in range(19, 24)]
    assert min(by_date.values()) > 3_000


def test_no_event_lies_outside_the_simulated_time() -> None:
    config = SimulationConfig(events=20_000, days=2, start=MONDAY, poison_rate=0)
    instants = [instant(message) for message in simulate(config)]
    assert MONDAY <= min(instants) < MONDAY + timedelta(hours=1)
    assert MONDAY + timedelta(hours=47) < max(instants) < MONDAY + timedelta(hours=48)


@pytest.mark.parametrize("seed", [1, 2])
def test_shares_are_as_asked_for(seed: int) -> None:
    config = SimulationConfig(
        events=20_000,
        seed=seed,
        start=MONDAY,
        poison_rate=0.02,
        duplicate_rate=0.05,
        late_rate=0.03,
        out_of_order_rate=0.10,
    )
    counts = kinds(config)
    asked = {"poison": 0.02, "duplicate": 0.05, "late": 0.03, "out_of_order": 0.10, "valid": 0.80}
    for kind, share in asked.items():
        assert counts[kind] / 20_000 == pytest.approx(share, rel=0.15), kind


def test_one_in_a_hundred_is_poison_by_default() -> None:
    assert kinds(SimulationConfig(events=40_000, start=MONDAY))["poison"] / 40_000 == pytest.approx(0.01, rel=0.15)


def test_nothing_goes_wrong_if_nothing_is_asked_to() -> None:
    calm = SimulationConfig(
        events=5000, start=MONDAY, poison_rate=0, duplicate_rate=0, late_rate=0, out_of_order_rate=0
    )
    messages = list(simulate(calm))
    instants = [instant(message) for message in messages]
    assert {message.kind for message in messages} == {"valid"}
    assert len({message.event_id for message in messages}) == 5000
    # Clients that write milliseconds or seconds cut the rest off, so neighbours may swap within a second.
    assert all(after - before > timedelta(seconds=-1) for before, after in pairwise(instants))


def test_shares_of_one_mean_all() -> None:
    nothing = SimulationConfig(events=500, poison_rate=0, duplicate_rate=0, late_rate=0, out_of_order_rate=0)
    assert kinds(replace(nothing, late_rate=1)) == {"late": 500}
    assert kinds(replace(nothing, out_of_order_rate=1)) == {"out_of_order": 500}
    assert kinds(replace(nothing, duplicate_rate=0.5)) == {"valid": 250, "duplicate": 250}
    assert kinds(replace(nothing, poison_rate=1))["poison"] >= 490  # an order that is refunded is never spoiled


def test_a_duplicate_repeats_an_earlier_message_byte_for_byte() -> None:
    sent = {}
    duplicates = 0
    for message in simulate(SimulationConfig(events=10_000, start=MONDAY, duplicate_rate=0.1)):
        if message.kind == "duplicate":
            assert sent[message.event_id] == message.data
            duplicates += 1
        sent[message.event_id] = message.data
    assert duplicates > 800


def test_late_messages_arrive_after_messages_of_hours_to_days_later() -> None:
    config = SimulationConfig(
        events=20_000, days=7, start=MONDAY, poison_rate=0, late_rate=0.05, out_of_order_rate=0, late_days=2
    )
    newest = MONDAY
    delays = []
    for message in simulate(config):
        happened = instant(message)
        if message.kind == "late" and happened < MONDAY + timedelta(days=5):  # later ones come when the days end
            delays.append(newest - happened)
        newest = max(newest, happened)
    assert len(delays) > 600
    assert min(delays) > timedelta(minutes=10)  # an hour, less what passes between two visits at night
    assert sorted(delays)[len(delays) // 2] > timedelta(hours=3)
    assert timedelta(days=1) < max(delays) <= timedelta(days=2)


def test_out_of_order_messages_are_overtaken_by_a_few() -> None:
    config = SimulationConfig(
        events=20_000, start=MONDAY, poison_rate=0, duplicate_rate=0, late_rate=0, out_of_order_rate=0.05
    )
    instants = []
    overtaken = 0
    for message in simulate(config):
        happened = instant(message)
        if message.kind == "out_of_order":
            newer = sum(other > happened for other in instants[-60:])
            assert newer <= 40
            overtaken += newer > 0
        instants.append(happened)
    assert overtaken > 900


def test_by_default_the_simulated_time_ends_with_yesterday() -> None:
    plan = make_plan(SimulationConfig(events=100, days=7), NOW)
    assert plan.start == datetime(2026, 10, 21, tzinfo=UTC)
    assert plan.end == datetime(2026, 10, 28, tzinfo=UTC)


def test_a_rate_alone_is_live_traffic_that_keeps_step_with_the_clock() -> None:
    rate = 2.0
    config = SimulationConfig(rate=rate, poison_rate=0, late_rate=0)
    for number, message in enumerate(islice(simulate(config, NOW), 15_000)):
        lag = NOW + timedelta(seconds=number / rate) - instant(message)
        assert timedelta(minutes=1) < lag < timedelta(minutes=40), number


@pytest.mark.parametrize(
    ("asked", "setting"),
    [
        ({"events": 0}, "events"),
        ({"events": -5}, "events"),
        ({"days": 0}, "days"),
        ({"days": 400}, "days"),
        ({"rate": 0.0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"events": 9, "poison_rate": 1.1}, "poison_rate"),
        ({"events": 9, "late_rate": -0.1}, "late_rate"),
        ({"events": 9, "out_of_order_rate": float("nan")}, "out_of_order_rate"),
        ({"events": 9, "duplicate_rate": 0.6}, "duplicate_rate"),
        ({"events": 9, "late_days": 0}, "late_days"),
        ({"events": 9, "poison_rate": 0.5, "late_rate": 0.6}, "poison_rate"),
        ({"events": 9, "start": datetime(2026, 1, 1)}, "start"),  # noqa: DTZ001 - naive is what is refused
        ({"events": 9, "start": datetime(1999, 1, 1, tzinfo=UTC)}, "start"),
        ({"events": 9, "days": 7, "start": NOW - timedelta(days=2)}, "start"),
        ({"rate": 1.0, "start": NOW + timedelta(days=2)}, "start"),
        ({}, "events"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigError) as refused:
        simulate(SimulationConfig(**asked), NOW)
    assert refused.value.setting == setting
