"""Topics and subscriptions are created once, checked before they are asked for, and never mixed up."""

from __future__ import annotations

import contextlib

import pytest
from google.api_core.exceptions import DeadlineExceeded
from google.cloud import pubsub_v1

from lake_cli.errors import LakeError
from lake_cli.local import pubsub
from lake_cli.local.backlog import count_waiting
from lake_cli.local.pubsub import BadResourceName, Route, SubscriptionMismatch


def test_creating_twice_changes_nothing(emulator: str, topic_and_subscription: Route) -> None:
    pubsub.create(emulator, topic_and_subscription)
    with pubsub_v1.SubscriberClient() as subscriber:
        found = subscriber.get_subscription(subscription=topic_and_subscription.subscription)
    assert found.topic == topic_and_subscription.topic
    assert found.ack_deadline_seconds == 60


def test_a_subscription_of_another_topic_is_refused(emulator: str, topic_and_subscription: Route) -> None:
    other = Route(topic_and_subscription.project, "another-topic", topic_and_subscription.subscription_id)
    with pytest.raises(SubscriptionMismatch, match=rf"reads {topic_and_subscription.topic}, not .*/another-topic"):
        pubsub.create(emulator, other)


def test_silence_is_not_an_empty_subscription(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def pull(self, **_: object) -> None:
            raise DeadlineExceeded("504")

    monkeypatch.setattr(pubsub, "subscriber", lambda _address: contextlib.nullcontext(Silent()))
    with pytest.raises(LakeError, match="does not say what waits in projects/p/subscriptions/s"):
        count_waiting("localhost:1", "projects/p/subscriptions/s")


def test_deleting_what_is_gone_is_quiet(emulator: str, topic_and_subscription: Route) -> None:
    pubsub.delete(emulator, topic_and_subscription)
    pubsub.delete(emulator, topic_and_subscription)
    with pubsub_v1.SubscriberClient() as subscriber:
        names = [found.name for found in subscriber.list_subscriptions(project=f"projects/{pubsub.LOCAL_PROJECT}")]
    assert topic_and_subscription.subscription not in names


@pytest.mark.parametrize(
    ("project", "topic", "subscription", "named"),
    [
        ("short", "events", "lake", "project id 'short'"),
        ("Upper-case", "events", "lake", "project id 'Upper-case'"),
        ("lake-local", "ab", "lake", "topic id 'ab'"),
        ("lake-local", "google-events", "lake", "topic id 'google-events'"),
        ("lake-local", "events", "1st", "subscription id '1st'"),
    ],
)
def test_a_name_pubsub_would_reject_is_refused_with_the_rule(
    project: str, topic: str, subscription: str, named: str
) -> None:
    with pytest.raises(BadResourceName, match=rf"^{named} is not valid: use "):
        Route(project, topic, subscription)


def test_an_emulator_that_is_gone_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "_CALL_SECONDS", 0.5)
    with pytest.raises(
        pubsub.CallFailed, match=r"emulator at 127\.0\.0\.1:1 failed .*: is it still running\?$"
    ) as error:
        pubsub.create("127.0.0.1:1", Route("lake-local", "events", "lake"))
    assert "\n" not in str(error.value)
