"""Requests made as bytes are what Protocol Buffers makes of the same messages."""

from __future__ import annotations

import pytest
from google.pubsub_v1 import PublishRequest

from producer import SimulationConfig, simulate
from producer.messages import Message
from producer.requests import publish_request

TOPIC = "projects/some-project/topics/" + "t" * 200


def messages() -> list[Message]:
    sizes = [0, 1, 82, 83, 84, 127, 128, 16_383, 16_384, 1_200_000]
    odd = [Message(b"\xff" * size, "é" * (size % 90), "", "valid", None, None) for size in sizes]
    return [*simulate(SimulationConfig(events=500, days=1, seed=5, poison_rate=0.2)), *odd]


@pytest.mark.parametrize("ledger", ["", "shop-1/2026-11-22T10:00Z"])
def test_bytes_are_read_as_the_messages_they_were_made_of(ledger: str) -> None:
    sent = messages()
    raw, data = publish_request(TOPIC, sent, ledger)
    shared = {"ledger": ledger} if ledger else {}
    assert PublishRequest.deserialize(raw) == PublishRequest(
        topic=TOPIC, messages=[{"data": each.data, "attributes": {**each.attributes, **shared}} for each in sent]
    )
    assert data == {
        event_type: [each.data for each in sent if each.event_type == event_type]
        for event_type in dict.fromkeys(each.event_type for each in sent)
    }
