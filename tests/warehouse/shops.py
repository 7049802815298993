"""A simulated shop's valid messages, with duplicates and with events up to a year late."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from producer import SimulationConfig, simulate

PUBLISHED = datetime(2026, 11, 22, 10, tzinfo=UTC)

Delivery = tuple[bytes, datetime, str]


def deliveries(events: int, *, days: int = 7, seed: int = 5, late_share: float = 0.0) -> list[Delivery]:
    """Payload, publish time and message id of a shop's messages, in the order of sending.

    `late_share` of the events are moved into the past by up to a year, each by itself: sessions and orders are torn apart, as
    a reader of history must expect.
    """
    rng = random.Random(seed)
    config = SimulationConfig(
        events=events,
        days=days,
        seed=seed,
        start=datetime(2026, 11, 14, tzinfo=UTC),
        poison_rate=0.0,
        duplicate_rate=0.02,
    )
    sent: list[Delivery] = []
    for position, message in enumerate(simulate(config)):
        payload = message.data
        if rng.random() < late_share:
            event = json.loads(payload)
            moved = datetime.fromisoformat(event["timestamp"]) - timedelta(days=rng.randrange(1, 365))
            payload = json.dumps({**event, "timestamp": moved.isoformat()}).encode()
        sent.append((payload, PUBLISHED + timedelta(milliseconds=position), f"m-{position:06d}"))
    return sent
