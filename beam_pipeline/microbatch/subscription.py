"""A Pub/Sub subscription, read by synchronous pulls: on an emulator many times faster than streaming pull.

Pulls ask to be answered at once, with nothing if need be. A pull that waits at the server has to be cut when the run ends or the
time-out comes, and may take messages along that nobody then holds until their lease runs out; one that is answered is not cut.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import grpc
from google.api_core.exceptions import (
    Aborted,
    DeadlineExceeded,
    GoogleAPICallError,
    InternalServerError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    ServiceUnavailable,
    Unknown,
)
from google.cloud.pubsub_v1 import SubscriberClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from beam_pipeline.messages import Message
from beam_pipeline.microbatch.core import Ingestion, now

_EMULATOR_VARIABLE: Final = "PUBSUB_EMULATOR_HOST"

_PULL_MESSAGES: Final = 1000
_FIRST_PULL_MESSAGES: Final = 16  # before the size of messages is known: 160 MB at most
_PULL_BYTES: Final = 16 * 1024 * 1024  # what a pull is aimed at: an emulator puts whatever is asked for into one answer
_PULL_SECONDS: Final = 30.0
_FIRST_EMPTY_SECONDS: Final = 0.02
_MAX_EMPTY_SECONDS: Final = 0.25
_CALL_SECONDS: Final = 30.0
_ACKS_PER_REQUEST: Final = 1000  # an ack id has up to ~200 bytes; a request may hold 512 KiB
SHORTEST_DEADLINE_SECONDS: Final = 10
LONGEST_DEADLINE_SECONDS: Final = 600
"""What acknowledgement deadlines a subscription can have."""

LEASE_SECONDS: Final = 60  # after a crash, what was held is redelivered this much later
_TRANSIENT: Final = (Aborted, DeadlineExceeded, InternalServerError, ResourceExhausted, ServiceUnavailable, Unknown)
_TOO_LARGE: Final = "larger than max"  # gRPC's own limit is no quota that frees itself
_FIRST_DELAY_SECONDS: Final = 0.1
_MAX_DELAY_SECONDS: Final = 10.0
_ACK_ATTEMPTS: Final = 6


class SubscriptionUnreachable(RuntimeError):
    """The subscription does not exist, may not be read, or nothing answers; the text names it and the remedy."""


class Subscription:
    """Pulls, acknowledges and extends; transient errors are tried again with jittered back-off.

    Args:
        name: projects/P/subscriptions/S.
        warn: told about faults that are being tried again, in one line each.
    """

    def __init__(self, name: str, warn: Callable[[str], None]) -> None:
        self._name = name
        self._warn = warn
        self._client = _client()
        self._pulling = _client()  # a connection of its own: large answers do not delay acknowledgements
        self._closing = threading.Event()
        self._ask = _FIRST_PULL_MESSAGES

    def check(self) -> int | None:
        """Proves that the subscription is there; returns its acknowledgement deadline in seconds (None: not allowed to look).

        Raises:
            SubscriptionUnreachable: it is not, or cannot be asked.
        """
        try:
            found = self._client.get_subscription(subscription=self._name, timeout=_CALL_SECONDS, retry=None)
        except PermissionDenied:
            return None  # reading may be allowed where looking is not
        except NotFound as error:
            raise SubscriptionUnreachable(
                f"{self._name} does not exist: create it, or check project and name"
            ) from error
        except GoogleAPICallError as error:
            raise SubscriptionUnreachable(
                f"{self._name} cannot be reached ({error.message}): check PUBSUB_EMULATOR_HOST or your credentials"
            ) from error
        return int(found.ack_deadline_seconds)

    def pull(self, max_messages: int, ingestion: Ingestion) -> tuple[list[Message], list[str]]:
        """At most `max_messages` messages with their ack ids, as soon as there are any; none once interrupted.

        Args:
            max_messages: how many there is room for.
            ingestion: told of each pull, and how it ended; of messages by the caller, who has to tell it what is returned.

        Raises:
            GoogleAPICallError: a fault that trying again does not mend.
        """
        delay, pause = _FIRST_DELAY_SECONDS, _FIRST_EMPTY_SECONDS
        while not self._closing.is_set():
            began = now()
            ingestion.pull_begins(began)
            try:
                response = self._pulling.pull(
                    subscription=self._name,
                    max_messages=min(max_messages, self._ask),
                    return_immediately=True,
                    timeout=_PULL_SECONDS,
                    retry=None,
                )
            except Exception as error:
                ingestion.pull_lost(now())
                if not isinstance(error, _TRANSIENT) or _TOO_LARGE in str(error):
                    raise
                if self._closing.is_set():
                    break
                self._warn(f"pull failed, trying again: {type(error).__name__}")
                self._closing.wait(delay * random.uniform(0.5, 1.5))
                delay = min(2 * delay, _MAX_DELAY_SECONDS)
                continue
            received = type(response).pb(response).received_messages  # plain protobuf: a tenth of proto-plus's cost
            if not received:
                ingestion.pull_found_nothing(began, now())
                delay = _FIRST_DELAY_SECONDS
                self._closing.wait(pause)
                pause = min(2 * pause, _MAX_EMPTY_SECONDS)
                continue
            self._ask = _next_ask(len(received), sum(len(one.message.data) for one in received))
            return (
                [
                    Message(
                        one.message.data,
                        one.message.message_id,
                        one.message.publish_time.seconds * 1_000_000 + one.message.publish_time.nanos // 1000,
                        one.message.attributes,
                        one.message.ordering_key,
                    )
                    for one in received
                ],
                [one.ack_id for one in received],
            )
        return [], []

    def acknowledge(self, ack_ids: Iterable[str]) -> bool:
        """Acknowledges; True if all were. What was not is redelivered: lines twice in the lake, none lost."""
        done = [
            self._try_again("acknowledge", part) for part in _parts(ack_ids)
        ]  # a failed part does not stop the others
        return all(done)

    def extend(self, ack_ids: Iterable[str], seconds: int = LEASE_SECONDS) -> bool:
        """Asks that the messages be not delivered again for this long; 0 gives them back at once."""
        done = [self._try_again("extend", part, seconds) for part in _parts(ack_ids)]
        return all(done)

    def _try_again(self, call: str, ack_ids: Sequence[str], seconds: int = 0) -> bool:
        delay = _FIRST_DELAY_SECONDS
        for attempt in range(1, _ACK_ATTEMPTS + 1):
            try:
                if call == "acknowledge":
                    self._client.acknowledge(
                        subscription=self._name, ack_ids=ack_ids, timeout=_CALL_SECONDS, retry=None
                    )
                else:
                    self._client.modify_ack_deadline(
                        subscription=self._name,
                        ack_ids=ack_ids,
                        ack_deadline_seconds=seconds,
                        timeout=_CALL_SECONDS,
                        retry=None,
                    )
                return True
            except GoogleAPICallError as error:
                if not isinstance(error, _TRANSIENT) or attempt == _ACK_ATTEMPTS:
                    self._warn(
                        f"{call} of {len(ack_ids)} messages failed, they will be redelivered: {type(error).__name__}"
                    )
                    return False
                time.sleep(delay * random.uniform(0.5, 1.5))
                delay *= 2
        return False

    def interrupt(self) -> None:
        """Makes `pull` return as soon as what is under way is answered, and later ones at once; acknowledging still works."""
        self._closing.set()

    def close(self) -> None:
        """Closes the connections, ending whatever still waits on them."""
        self.interrupt()
        self._pulling.close()
        self._client.close()


def is_emulated() -> bool:
    """Whether what answers is the emulator: it finds whatever it holds, Pub/Sub may answer before it has looked everywhere."""
    return bool(os.environ.get(_EMULATOR_VARIABLE))


def _client() -> SubscriberClient:
    """A client; for the emulator on a channel of ours, because Google's refuses answers over 4 MiB there."""
    address = os.environ.get(_EMULATOR_VARIABLE)
    if not address:
        return SubscriberClient()
    channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))


def _next_ask(count: int, size_bytes: int) -> int:
    """How many messages to ask for after a pull of so many and so large: no more than twice, towards `_PULL_BYTES`."""
    return max(1, min(_PULL_MESSAGES, 2 * max(count, _FIRST_PULL_MESSAGES), _PULL_BYTES * count // max(size_bytes, 1)))


def _parts(ack_ids: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(ack_ids)
    while part := list(islice(remaining, _ACKS_PER_REQUEST)):
        yield part
