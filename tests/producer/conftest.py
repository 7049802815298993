"""Simulated weeks that many tests look at."""

from datetime import UTC, datetime

import msgspec
import pytest

from producer import Message, SimulationConfig, simulate
from tests.producer.week import MONDAY, Week


@pytest.fixture(scope="session")
def week() -> Week:
    """Without poison: what the shop tells is complete."""
    config = SimulationConfig(events=40_000, days=7, seed=11, start=MONDAY, poison_rate=0)
    messages = list(simulate(config))
    events = [msgspec.json.decode(message.data) for message in messages if message.kind != "duplicate"]
    for event in events:
        event["at"] = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
    events.sort(key=lambda event: event["at"])
    return Week(messages, events)


@pytest.fixture(scope="session")
def spoiled_week() -> list[Message]:
    """With five times the usual poison, so that every kind comes up often."""
    return list(simulate(SimulationConfig(events=40_000, days=7, seed=12, start=MONDAY, poison_rate=0.05)))
