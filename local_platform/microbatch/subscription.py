"""A Pub/Sub subscription, read by synchronous pulls: on an emulator many times faster than streaming pull."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

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

from beam_pipeline.messages import Message, now_micros

_PULL_MESSAGES: Final = 1000
_PULL_SECONDS: Final = 20.0
_CALL_SECONDS: Final = 30.0
_ACKS_PER_REQUEST: Final = 1000  # an ack id has up to ~200 bytes; a request may hold 512 KiB
LEASE_SECONDS: Final = 60  # after a crash, what was held comes again this much later
_TRANSIENT: Final = (Aborted, DeadlineExceeded, InternalServerError, ResourceExhausted, ServiceUnavailable, Unknown)
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

    Attributes:
        waiting_since_micros: when the pull under way began, if one is; it waits because there is nothing to deliver.
    """

    def __init__(self, name: str, warn: Callable[[str], None]) -> None:
        self._name = name
        self._warn = warn
        self._client = SubscriberClient()
        self._pulling = SubscriberClient()  # a connection of its own: `interrupt` ends a waiting pull by closing it
        self._closing = threading.Event()
        self.waiting_since_micros: int | None = None

    def check(self) -> int:
        """Proves that the subscription is there; returns its acknowledgement deadline in seconds.

        Raises:
            SubscriptionUnreachable: it is not, or cannot be asked.
        """
        try:
            found = self._client.get_subscription(subscription=self._name, timeout=_CALL_SECONDS, retry=None)
        except PermissionDenied:
            return 10  # reading may be allowed where looking is not; 10 s is the shortest deadline there is
        except NotFound as error:
            raise SubscriptionUnreachable(
                f"{self._name} does not exist: create it, or check project and name"
            ) from error
        except GoogleAPICallError as error:
            raise SubscriptionUnreachable(
                f"{self._name} cannot be reached ({error.message}): check PUBSUB_EMULATOR_HOST or your credentials"
            ) from error
        return int(found.ack_deadline_seconds)

    def pull(self, max_messages: int) -> tuple[list[Message], list[str]]:
        """At most ``max_messages`` messages with their ack ids; none when nothing came for a while, or when closed.

        Raises:
            GoogleAPICallError: a fault that trying again does not mend.
        """
        delay = _FIRST_DELAY_SECONDS
        while not self._closing.is_set():
            self.waiting_since_micros = now_micros()
            try:
                response = self._pulling.pull(
                    subscription=self._name,
                    max_messages=min(max_messages, _PULL_MESSAGES),
                    timeout=_PULL_SECONDS,
                    retry=None,
                )
                self.waiting_since_micros = None
            except DeadlineExceeded:
                return [], []
            except _TRANSIENT as error:
                self.waiting_since_micros = None
                if self._closing.is_set():
                    break
                self._warn(f"pull failed, trying again: {type(error).__name__}")
                self._closing.wait(delay * random.uniform(0.5, 1.5))
                delay = min(2 * delay, _MAX_DELAY_SECONDS)
                continue
            except (GoogleAPICallError, ValueError):  # gRPC's answers to a call on a channel that `close` has closed
                if self._closing.is_set():
                    break
                raise
            received = type(response).pb(response).received_messages  # plain protobuf: a tenth of proto-plus's cost
            return (
                [
                    Message(
                        one.message.data,
                        one.message.message_id,
                        one.message.publish_time.seconds * 1_000_000 + one.message.publish_time.nanos // 1000,
                        one.message.attributes,
                    )
                    for one in received
                ],
                [one.ack_id for one in received],
            )
        return [], []

    def acknowledge(self, ack_ids: Iterable[str]) -> bool:
        """Acknowledges; True if all were. What was not comes again: lines twice in the lake, none lost."""
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
                        f"{call} of {len(ack_ids)} messages failed, they will come again: {type(error).__name__}"
                    )
                    return False
                time.sleep(delay * random.uniform(0.5, 1.5))
                delay *= 2
        return False

    def interrupt(self) -> None:
        """Makes a waiting `pull` return at once, and later ones; acknowledging still works."""
        self._closing.set()
        self._pulling.close()

    def close(self) -> None:
        """Closes the connections, ending whatever still waits on them."""
        self.interrupt()
        self._client.close()


def _parts(ack_ids: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(ack_ids)
    while part := list(islice(remaining, _ACKS_PER_REQUEST)):
        yield part
