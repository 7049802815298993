"""An emulator for the time of a benchmark, and subscriptions of a benchmark's own on it."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud.pubsub_v1 import SubscriberClient

from local_platform import emulator, pubsub


@contextmanager
def emulated(log: Path) -> Iterator[str]:
    """Address of an emulator: the one that PUBSUB_EMULATOR_HOST names, or one of our own; Google's clients use it, too."""
    before = dict(os.environ)
    with emulator.running(log) as running:
        os.environ.update(emulator.client_environment(running.address))
        try:
            yield running.address
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def route(address: str, ack_deadline_seconds: int = pubsub.ACK_DEADLINE_SECONDS) -> Iterator[pubsub.Route]:
    """A topic with one subscription, removed afterwards."""
    suffix = uuid.uuid4().hex[:8]
    made = pubsub.Route(pubsub.LOCAL_PROJECT, f"bench-{suffix}", f"bench-lake-{suffix}")
    pubsub.create(address, made)
    try:
        if ack_deadline_seconds != pubsub.ACK_DEADLINE_SECONDS:
            with SubscriberClient() as client:
                client.delete_subscription(subscription=made.subscription)
                name, topic = made.subscription, made.topic
                client.create_subscription(
                    request={"name": name, "topic": topic, "ack_deadline_seconds": ack_deadline_seconds}
                )
        yield made
    finally:
        pubsub.delete(address, made)
