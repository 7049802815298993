"""What the far side of the driver may do, seen on the real emulator: large answers, lost answers, silence."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.pubsub_v1 import SubscriberClient

from beam_pipeline.main import main
from beam_pipeline.messages import micros_of
from beam_pipeline.microbatch import driver
from beam_pipeline.microbatch.subscription import Subscription
from beam_pipeline.watermark import advance_watermark, read_watermark
from lake_cli.local import emulator as emulators
from lake_cli.local import pubsub
from lake_cli.local.pubsub import Route
from tests.ingestion.lake_reading import messages_in
from tests.ingestion.running import arguments
from tests.samples import event, payload


def publish(route: Route, payloads: list[bytes], address: str) -> list[str]:
    """Message ids; one request a message, because a request holds 10 MB at most."""
    with pubsub.publisher(address) as client:
        return [
            client.publish(topic=route.topic, messages=[{"data": data}], timeout=60).message_ids[0] for data in payloads
        ]


def sized(number: int, size_bytes: int) -> bytes:
    """A valid event that is so large."""
    found = payload(event(event_id=f"00000000-0000-4000-8000-{number:012d}", note=""))
    return found.replace(b'"note":""', b'"note":"' + b"x" * (size_bytes - len(found)) + b'"')


def written(folder: Path) -> Counter[str]:
    return Counter(found.message_id for found in messages_in(folder / "lake", folder / "quarantine"))


@pytest.mark.parametrize(
    ("count", "size_bytes"), [(150, 45_000), (30, 250_000), (4, 9_900_000)], ids=["45 KB", "250 KB", "10 MB"]
)
def test_large_messages_among_small_ones_are_ingested(
    topic_and_subscription: Route, emulator: str, tmp_path: Path, count: int, size_bytes: int
) -> None:
    small = [payload(event(event_id=f"00000000-0000-4000-9000-{i:012d}")) for i in range(100)]
    ids = publish(topic_and_subscription, [*(sized(i, size_bytes) for i in range(count)), *small], emulator)
    assert main(arguments(topic_and_subscription.subscription, tmp_path, "--stop_after_idle_seconds=1")) == 0
    assert written(tmp_path) == Counter(ids)


@pytest.mark.proof
def test_an_answer_that_was_lost_holds_the_watermark_back_until_its_messages_are_written(
    topic_and_subscription: Route, emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pull's messages are leased by the emulator, and nobody gets to know."""
    with SubscriberClient() as client:
        client.delete_subscription(subscription=topic_and_subscription.subscription)
        client.create_subscription(
            name=topic_and_subscription.subscription, topic=topic_and_subscription.topic, ack_deadline_seconds=10
        )
    monkeypatch.setattr("beam_pipeline.microbatch.run.LEASE_SECONDS", 10)
    monkeypatch.setattr(driver, "EMPTY_AFTER_SECONDS", 0.5)
    ids = publish(topic_and_subscription, [sized(i, 500) for i in range(10)], emulator)
    published_until = micros_of(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1)))
    time.sleep(2.5)
    inner, lost = SubscriberClient.pull, list[int]()

    def pull(self: SubscriberClient, **request: object) -> object:
        answer = inner(self, **request)
        if not lost:
            lost.append(len(answer.received_messages))
            raise ServiceUnavailable("Socket closed")
        return answer

    monkeypatch.setattr(SubscriberClient, "pull", pull)
    passed_while_missing = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            reached = read_watermark(str(tmp_path / "lake")) or 0
            if reached >= published_until and len(written(tmp_path)) < len(ids):
                passed_while_missing.append(reached)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert main(arguments(topic_and_subscription.subscription, tmp_path, "--stop_after_idle_seconds=3")) == 0
    finally:
        over.set()
        watcher.join()
    assert lost == [10]
    assert written(tmp_path) == Counter(ids)
    assert passed_while_missing == []
    assert (read_watermark(str(tmp_path / "lake")) or 0) >= published_until


def test_a_server_that_does_not_answer_is_not_an_empty_subscription(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The emulator is stopped with messages waiting: the run must end as failed, not as done."""
    monkeypatch.setattr(driver, "_UNANSWERED_SECONDS", 3.0)
    monkeypatch.setattr("beam_pipeline.microbatch.subscription._PULL_SECONDS", 1.0)
    route = Route(pubsub.LOCAL_PROJECT, "events-away", "lake-away")
    with emulators.running(tmp_path / "emulator.log", environment=_without_named_emulator()) as own:
        for name, value in emulators.client_environment(own.address).items():
            monkeypatch.setenv(name, value)
        pubsub.create(own.address, route)
        publish(route, [sized(i, 500) for i in range(50)], own.address)
        assert own.process is not None
        pid, checked = own.process.pid, Subscription.check

        def check_then_lose(self: Subscription) -> int | None:
            found = checked(self)
            os.kill(pid, signal.SIGSTOP)
            return found

        monkeypatch.setattr(Subscription, "check", check_then_lose)
        try:
            code = main(arguments(route.subscription, tmp_path, "--stop_after_idle_seconds=1"))
        finally:
            os.kill(pid, signal.SIGCONT)
    assert code == 1
    assert "no pull has been answered" in capsys.readouterr().err


def _without_named_emulator() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != emulators.HOST_VARIABLE}


@pytest.mark.parametrize("damage", [b"", b"{", b'{"watermark": 5}', b'{"watermark": "yesterday"}', b"[]"])
def test_a_damaged_watermark_file_is_replaced_by_the_next_that_is_true(tmp_path: Path, damage: bytes) -> None:
    assert advance_watermark(str(tmp_path), 1_000_000)
    (tmp_path / "_control/watermark.json").write_bytes(damage)
    assert advance_watermark(str(tmp_path), 2_000_000)
    assert read_watermark(str(tmp_path)) == 2_000_000
