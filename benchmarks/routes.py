"""An emulator for the time of a benchmark, and subscriptions of a benchmark's own on it."""

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud.pubsub_v1 import SubscriberClient

from benchmarks.jobs import shop
from lake_cli.errors import LakeError
from lake_cli.local import emulator, pubsub


@contextmanager
def emulated(log: Path) -> Iterator[str]:
    """Address of an emulator: the one that PUBSUB_EMULATOR_HOST names, or one of our own; Google's clients use it, too.

    Ends the program with one line and exit code 2 where there is none.
    """
    before = dict(os.environ)
    try:
        running = emulator.obtain(log)
    except LakeError as problem:
        print(f"error: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
    os.environ.update(emulator.client_environment(running.address))
    try:
        yield running.address
    finally:
        os.environ.clear()
        os.environ.update(before)
        emulator.stop(running)


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


def publish(to: pubsub.Route, messages: int, rate: int | None = None) -> None:
    """That many messages of the shop, at the rate a second if one is given.

    Raises:
        RuntimeError: the shop failed.
    """
    shop(f"--events={messages}", f"--topic={to.topic}", *([f"--rate={rate}"] if rate else []))
