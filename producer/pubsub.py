"""The connection to Pub/Sub: Google's, or an emulator's."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import grpc
from google.api_core import exceptions
from google.api_core.gapic_v1 import method, routing_header
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

EMULATOR_VARIABLE: Final = "PUBSUB_EMULATOR_HOST"
TRANSIENT: Final = (
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.TooManyRequests,
    exceptions.Unknown,
)
"""What may pass when tried again: the errors that Google's own publisher retries."""

_FIRST_CONTACT_SECONDS: Final = 10.0
_TOPIC: Final = re.compile(r"projects/[a-z][a-z0-9.:-]{4,}[a-z0-9]/topics/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


class TopicUnavailable(Exception):
    """The topic cannot be published to; the text says why and what to do."""


def is_topic(name: str) -> bool:
    """True for the full name of a topic, like `projects/my-project/topics/events`.

    https://docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names
    """
    return _TOPIC.fullmatch(name) is not None


@contextmanager
def connected() -> Iterator[PublisherClient]:
    """A publisher client: of the emulator that `PUBSUB_EMULATOR_HOST` names, else of Google Cloud.

    The plain client, not the one that batches by itself: that one takes messages one by one, at 19k a second where
    prepared requests reach more than 100k (emulator, two cores).

    Raises:
        TopicUnavailable: there are no credentials.
    """
    emulator = os.environ.get(EMULATOR_VARIABLE)
    if emulator:
        # A proxy named by the environment is for the outside world; it would swallow calls to a local address.
        channel = grpc.insecure_channel(emulator, options=[("grpc.enable_http_proxy", 0)])
        transport = PublisherGrpcTransport(channel=channel)
        client = PublisherClient(transport=transport)
    else:
        try:
            client = PublisherClient()
        except GoogleAuthError as error:
            raise TopicUnavailable(
                "no Google Cloud credentials were found: run `gcloud auth application-default login`, or set"
                f" {EMULATOR_VARIABLE} to the host:port of an emulator"
            ) from error
    try:
        yield client
    finally:
        client.transport.close()


def ensure_topic(client: PublisherClient, topic: str, *, create: bool) -> None:
    """Makes sure that the topic is there before anything is simulated.

    Args:
        client: from `connected`.
        topic: full name.
        create: create it if it is missing.

    Raises:
        TopicUnavailable: it is missing, may not be used, or Pub/Sub does not answer.
    """
    retry = Retry(predicate=_is_transient, initial=0.1, maximum=1.0, timeout=_FIRST_CONTACT_SECONDS)
    try:
        if create:
            client.create_topic(name=topic, retry=retry, timeout=_FIRST_CONTACT_SECONDS)
        else:
            client.get_topic(topic=topic, retry=retry, timeout=_FIRST_CONTACT_SECONDS)
    except exceptions.AlreadyExists:
        return
    except exceptions.PermissionDenied as error:
        if create:
            raise TopicUnavailable(f"{topic} may not be created: {error.message}") from error
        # Publishing needs no right to look at the topic; if it is missing, the first batch says so.
    except exceptions.NotFound as error:
        raise TopicUnavailable(f"{topic} does not exist: create it, or add --create-topic") from error
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
        raise TopicUnavailable(f"{_server()} refused {topic}: {reason(error)}") from error


def publishing(client: PublisherClient, topic: str) -> Callable[..., object]:
    """What publishes a request that is bytes already; it takes `retry` and `timeout` and raises as the client's own method does.

    The client's takes objects: making them and making bytes of them costs more CPU than all else that publishing does.
    """
    call = client.transport.grpc_channel.unary_unary(
        "/google.pubsub.v1.Publisher/Publish", request_serializer=None, response_deserializer=None
    )
    header = routing_header.to_grpc_metadata([("topic", topic)])
    return partial(method.wrap_method(call), metadata=[header])


def reason(error: Exception) -> str:
    """What went wrong, on one line."""
    cause = getattr(error, "cause", None) or error
    text = " ".join(str(getattr(cause, "message", None) or cause).split())
    return text or type(cause).__name__


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, TRANSIENT)


def _server() -> str:
    emulator = os.environ.get(EMULATOR_VARIABLE)
    return f"the Pub/Sub emulator at {emulator} ({EMULATOR_VARIABLE})" if emulator else "Pub/Sub"
