"""Topics and subscriptions on an emulator: names checked first, created only if absent.

Every call goes to the emulator's address given, whatever PUBSUB_EMULATOR_HOST says: a laptop command must never create
resources in a real project by accident.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lake_cli.errors import LakeError

if TYPE_CHECKING:  # these take most of a second to import: commands that never talk to Pub/Sub do not pay for them
    from google.pubsub_v1 import PublisherClient, SubscriberClient

LOCAL_PROJECT: Final = "lake-local"
LOCAL_TOPIC: Final = "shop-events"
LOCAL_SUBSCRIPTION: Final = "shop-events-lake"
ACK_DEADLINE_SECONDS: Final = (
    60  # the ingestion extends what it holds; after a crash its messages are redelivered this much later
)

_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_RESOURCE: Final = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_CALL_SECONDS: Final = 10.0  # and no retries: by default the client would go on for ten minutes


class BadResourceName(LakeError):
    """A project, topic or subscription id that Pub/Sub would reject; the message names it and the rule."""


class SubscriptionMismatch(LakeError):
    """The subscription exists already, on another topic."""


class CallFailed(LakeError):
    """The emulator refused a call, or did not answer it in time."""

    exit_code = 1


@dataclass(frozen=True)
class Route:
    """A topic and the subscription that the ingestion reads from it."""

    project: str
    topic_id: str
    subscription_id: str

    def __post_init__(self) -> None:
        if not _PROJECT.fullmatch(self.project):
            raise BadResourceName(
                f"project id {self.project!r} is not valid: use 6 to 30 lower-case letters, digits or hyphens, "
                "beginning with a letter"
            )
        for kind, name in (("topic", self.topic_id), ("subscription", self.subscription_id)):
            if not _RESOURCE.fullmatch(name):
                raise BadResourceName(
                    f"{kind} id {name!r} is not valid: use 3 to 255 letters, digits or -._~+%, "
                    "beginning with a letter, and not with goog"
                )

    @property
    def topic(self) -> str:
        """Full path of the topic: projects/P/topics/T."""
        return f"projects/{self.project}/topics/{self.topic_id}"

    @property
    def subscription(self) -> str:
        """Full path of the subscription: projects/P/subscriptions/S."""
        return f"projects/{self.project}/subscriptions/{self.subscription_id}"


def route_of(topic: str, subscription: str) -> Route:
    """The route of a topic and a subscription of the same project, given by their full paths."""
    return Route(topic.split("/")[1], topic.rpartition("/")[2], subscription.rpartition("/")[2])


def answers(address: str, *, timeout_seconds: float) -> bool:
    """Whether a Pub/Sub service at `host:port` answers a request within the time given."""
    import grpc
    from google.pubsub_v1 import ListTopicsRequest, ListTopicsResponse

    # A channel of our own rather than a client: a client retries with back-off, and the caller wants an answer now.
    with grpc.insecure_channel(address, options=_CHANNEL_OPTIONS) as channel:
        list_topics = channel.unary_unary(
            "/google.pubsub.v1.Publisher/ListTopics",
            request_serializer=ListTopicsRequest.serialize,
            response_deserializer=ListTopicsResponse.deserialize,
        )
        try:
            list_topics(ListTopicsRequest(project=f"projects/{LOCAL_PROJECT}"), timeout=timeout_seconds)
        except grpc.RpcError:
            return False
    return True


def create(address: str, route: Route, ack_deadline_seconds: int = ACK_DEADLINE_SECONDS) -> None:
    """Create the topic and the subscription where they do not exist yet.

    `ack_deadline_seconds` is how much later messages are redelivered that a killed reader had pulled.

    Raises SubscriptionMismatch if the subscription exists on another topic, CallFailed if the emulator does not do it.
    """
    from google.api_core.exceptions import AlreadyExists

    with _calling(address), publisher(address) as client, contextlib.suppress(AlreadyExists):
        client.create_topic(name=route.topic, timeout=_CALL_SECONDS, retry=None)
    with _calling(address), subscriber(address) as client:
        try:
            client.create_subscription(
                request={
                    "name": route.subscription,
                    "topic": route.topic,
                    "ack_deadline_seconds": ack_deadline_seconds,
                },
                timeout=_CALL_SECONDS,
                retry=None,
            )
        except AlreadyExists:
            found = client.get_subscription(subscription=route.subscription, timeout=_CALL_SECONDS, retry=None)
            if found.topic != route.topic:
                raise SubscriptionMismatch(
                    f"subscription {route.subscription} exists already and reads {found.topic}, not {route.topic}: "
                    "choose another subscription id, or delete it"
                ) from None


def delete_subscription(address: str, subscription: str) -> None:
    """Delete a subscription if it exists, and all messages in it. Raises CallFailed if the emulator does not do it."""
    from google.api_core.exceptions import NotFound

    with _calling(address), subscriber(address) as client, contextlib.suppress(NotFound):
        client.delete_subscription(subscription=subscription, timeout=_CALL_SECONDS, retry=None)


def delete(address: str, route: Route) -> None:
    """Delete the subscription and the topic, whichever exist. Raises CallFailed if the emulator does not do it."""
    from google.api_core.exceptions import NotFound

    delete_subscription(address, route.subscription)
    with _calling(address), publisher(address) as client, contextlib.suppress(NotFound):
        client.delete_topic(topic=route.topic, timeout=_CALL_SECONDS, retry=None)


@contextlib.contextmanager
def _calling(address: str) -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPIError

    try:
        yield
    except GoogleAPIError as error:
        raise CallFailed(
            f"the Pub/Sub emulator at {address} failed ({' '.join(str(error).split())}): is it still running?"
        ) from None


# A proxy named by the environment is for the outside world; it would swallow calls to the loopback address.
_CHANNEL_OPTIONS: Final = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]


def publisher(address: str) -> PublisherClient:
    """A publishing client of the emulator at `host:port`; a context manager that closes its connection."""
    import grpc
    from google.pubsub_v1 import PublisherClient
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

    channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
    return PublisherClient(transport=PublisherGrpcTransport(channel=channel))


def subscriber(address: str) -> SubscriberClient:
    """A client of the emulator at `host:port`; a context manager that closes its connection."""
    import grpc
    from google.pubsub_v1 import SubscriberClient
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
