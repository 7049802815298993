"""Publishing to the real emulator."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import PublishRequest, PublishResponse, SubscriberClient, Topic
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from lake_cli.local import pubsub
from producer import PublishFailed, SimulationConfig, TopicUnavailable, publish_to_topic, read_truth, simulate

CONFIG = SimulationConfig(events=4000, seed=3, start=datetime(2026, 10, 19, tzinfo=UTC), poison_rate=0.05)
Received = Counter[tuple[str, str, str]]


def sent(truth: Path) -> Received:
    return Counter((record.sha256, record.id, record.event_type) for record in read_truth(truth))


def receive(address: str, route: pubsub.Route, *, of_live_traffic: bool = False) -> Received:
    """Everything the subscription holds, as hash, event_id and event_type; of live traffic, which has no end, one pull."""
    received: Received = Counter()
    transport = SubscriberGrpcTransport(channel=grpc.insecure_channel(address))
    with SubscriberClient(transport=transport) as subscriber:
        silent = 0
        while silent < 2:
            try:
                answer = subscriber.pull(
                    subscription=route.subscription, max_messages=1000, timeout=1.0, retry=None
                ).received_messages
            except DeadlineExceeded:
                answer = []
            silent = 0 if answer else silent + 1
            for each in answer:
                attributes = each.message.attributes
                received[sha256(each.message.data).hexdigest(), attributes["event_id"], attributes["event_type"]] += 1
            if answer:
                subscriber.acknowledge(subscription=route.subscription, ack_ids=[each.ack_id for each in answer])
                if of_live_traffic:
                    break
    return received


def test_what_the_truth_says_is_what_arrives(
    emulator: str, topic_and_subscription: pubsub.Route, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    steps: list[int] = []
    summary = publish_to_topic(simulate(CONFIG), topic_and_subscription.topic, truth=truth, progress=steps.append)
    assert summary.messages == sum(steps) == 4000
    assert not summary.interrupted
    assert [record.sequence for record in read_truth(truth)] == list(range(4000))
    assert receive(emulator, topic_and_subscription) == sent(truth)


def test_a_missing_topic_is_named_before_anything_is_sent(emulator: str, tmp_path: Path) -> None:
    topic = f"projects/{pubsub.LOCAL_PROJECT}/topics/nobody-made-this"
    with pytest.raises(TopicUnavailable, match=r"nobody-made-this does not exist.*--create-topic"):
        publish_to_topic(simulate(CONFIG), topic, truth=tmp_path / "truth.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_topic_is_created_if_asked_for(emulator: str) -> None:
    route = pubsub.Route(pubsub.LOCAL_PROJECT, f"made-{time.time_ns()}", "unused")
    for _ in range(2):
        assert publish_to_topic(simulate(CONFIG), route.topic, create_topic=True).messages == 4000
    pubsub.delete(emulator, route)


def test_a_rate_is_kept_smoothly(topic_and_subscription: pubsub.Route) -> None:
    times: list[float] = []
    publish_to_topic(
        simulate(SimulationConfig(events=600, start=CONFIG.start)),
        topic_and_subscription.topic,
        rate=300,
        progress=lambda number: times.extend([time.monotonic()] * number),
    )
    assert 1.6 < times[-1] - times[0] < 6, "two seconds, or more on a busy machine"
    assert sum(moment < times[0] + 1.0 for moment in times) < 400


def test_a_stop_books_everything_that_was_sent(
    emulator: str, topic_and_subscription: pubsub.Route, tmp_path: Path
) -> None:
    stop = threading.Event()
    truth = tmp_path / "truth.jsonl"
    endless = simulate(SimulationConfig(rate=1000))
    summary = publish_to_topic(
        endless, topic_and_subscription.topic, truth=truth, progress=lambda _: stop.set(), stop=stop
    )
    assert summary.interrupted
    assert summary.messages == sent(truth).total() > 0
    assert receive(emulator, topic_and_subscription) == sent(truth)


def test_a_failure_on_the_way_tells_what_was_acknowledged(
    emulator: str, topic_and_subscription: pubsub.Route, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"

    def take_the_topic_away(_: int) -> None:
        pubsub.delete(emulator, topic_and_subscription)

    with pytest.raises(PublishFailed, match=r"were acknowledged, .* were tried and not acknowledged") as failure:
        publish_to_topic(
            simulate(SimulationConfig(events=200_000)),
            topic_and_subscription.topic,
            truth=truth,
            progress=take_the_topic_away,
        )
    assert failure.value.unacknowledged > 0
    assert 0 < failure.value.summary.messages == sent(truth).total() < 200_000


class Flaky(grpc.GenericRpcHandler):
    """A Pub/Sub that is unavailable now and then, as the real one is; no emulator can be made to."""

    def __init__(self, fail_every: int) -> None:
        self.calls = 0
        self.published = 0
        self._fail_every = fail_every
        self._lock = threading.Lock()

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        if call.method.endswith("/GetTopic"):
            return grpc.unary_unary_rpc_method_handler(lambda *_: Topic(), response_serializer=Topic.serialize)
        return grpc.unary_unary_rpc_method_handler(
            self._publish,
            request_deserializer=PublishRequest.deserialize,
            response_serializer=PublishResponse.serialize,
        )

    def _publish(self, request: PublishRequest, context: grpc.ServicerContext) -> PublishResponse:
        with self._lock:
            self.calls += 1
            if self.calls % self._fail_every == 0:
                context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
            self.published += len(request.messages)
        return PublishResponse(message_ids=["1"])


@pytest.fixture
def flaky(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    handler = Flaky(request.param)
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{port}")
    yield handler
    server.stop(None).wait()


@pytest.mark.parametrize("flaky", [2], indirect=True)
def test_transient_errors_are_tried_again(flaky: Flaky) -> None:
    summary = publish_to_topic(simulate(CONFIG), "projects/some-project/topics/events")
    assert summary.messages == flaky.published == 4000
    assert flaky.calls > 4


@pytest.mark.parametrize("flaky", [1], indirect=True)
def test_a_service_that_never_answers_is_given_up(flaky: Flaky) -> None:
    with pytest.raises(PublishFailed, match=r"0 messages were acknowledged.*try again"):
        publish_to_topic(simulate(CONFIG), "projects/some-project/topics/events", retry_seconds=0.5)
    assert flaky.calls > 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0)])
def test_ctrl_c_ends_live_traffic_with_a_summary_and_the_whole_truth(
    emulator: str, topic_and_subscription: pubsub.Route, tmp_path: Path, number: int, code: int
) -> None:
    truth = tmp_path / "truth.jsonl"
    options = ["--rate", "400", "--topic", topic_and_subscription.topic, "--truth", str(truth)]
    lake = subprocess.Popen(
        [sys.executable, "-c", "from lake_cli.cli import main; main()", "produce", *options],
        cwd=Path(__file__).parents[2],
        env=os.environ.copy(),
        stderr=subprocess.PIPE,
        text=True,
    )
    arrived = Counter[tuple[str, str, str]]()
    deadline = time.monotonic() + 30
    while not arrived and time.monotonic() < deadline:
        arrived = receive(emulator, topic_and_subscription, of_live_traffic=True)
    lake.send_signal(number)
    _, said = lake.communicate(timeout=20)
    assert lake.returncode == code, said
    assert "interrupted; " in said
    arrived += receive(emulator, topic_and_subscription)
    assert arrived == sent(truth)
