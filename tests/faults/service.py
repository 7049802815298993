"""A Pub/Sub subscription in this process, as unkind as the real one may be."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from google.pubsub_v1 import PullResponse, Subscription

from tests.samples import PUBLISH_MICROS


class Service:
    """Holds messages until they are acknowledged.

    Args:
        payloads: what was published; ids count from 0.
        per_pull: maximum messages per pull; an attribute, too.
        published_micros: publish time of a message by its number, on the service's clock.

    Attributes:
        ack_deadline_seconds: how long a lease lasts before it has been extended; nothing here ends one but `redeliver`.
        attributes: of every message.
        before: called with the name of each call and its number from 1, before it works; may raise.
        after: the same after it has worked: what is raised then is an answer that was lost.
    """

    def __init__(
        self,
        payloads: Sequence[bytes],
        per_pull: int,
        published_micros: Callable[[int], int] = lambda _number: PUBLISH_MICROS,
    ) -> None:
        self.published_micros = published_micros
        self.waiting = deque((str(number), data) for number, data in enumerate(payloads))
        self.leased: dict[str, tuple[str, bytes]] = {}
        self.acknowledged: set[str] = set()
        self.delivered = 0
        self.ack_deadline_seconds = 10
        self.attributes: dict[str, str] = {}
        self.before: Callable[[str, int], None] = lambda _call, _number: None
        self.after: Callable[[str, int], None] = lambda _call, _number: None
        self.per_pull = per_pull
        self._calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def client(self, **_: Any) -> Client:
        """A connection to it."""
        return Client(self)

    def redeliver(self) -> None:
        """Everything that is leased is redelivered, before all else, as if the lease had run out."""
        with self._lock:
            self.waiting.extendleft(reversed(self.leased.values()))

    def called(self, call: str) -> int:
        """Counts a call; returns its number."""
        with self._lock:
            self._calls[call] = self._calls.get(call, 0) + 1
            return self._calls[call]

    def take(self) -> list[tuple[str, str, bytes]]:
        """The next messages, with ack ids."""
        found = []
        with self._lock:
            while self.waiting and len(found) < self.per_pull:
                message_id, data = self.waiting.popleft()
                if message_id in self.acknowledged:
                    continue
                self.delivered += 1
                ack_id = f"{message_id}/{self.delivered}"
                self.leased[ack_id] = (message_id, data)
                found.append((ack_id, message_id, data))
        return found

    def settle(self, ack_ids: Sequence[str], *, acknowledge: bool) -> None:
        """Takes an acknowledgement, or messages given back."""
        with self._lock:
            for ack_id in ack_ids:
                one = self.leased.pop(ack_id, None)
                if one is not None and acknowledge:
                    self.acknowledged.add(one[0])
                elif one is not None:
                    self.waiting.append(one)


class Client:
    """What the driver calls of Google's SubscriberClient."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def get_subscription(self, **_: Any) -> Subscription:
        return Subscription(
            name="projects/lake-tests/subscriptions/unkind", ack_deadline_seconds=self._service.ack_deadline_seconds
        )

    def pull(self, **_: Any) -> PullResponse:
        number = self._service.called("pull")
        self._service.before("pull", number)
        found = self._service.take()
        self._service.after("pull", number)
        return PullResponse(received_messages=[self._received(*one) for one in found])

    def _received(self, ack_id: str, message_id: str, data: bytes) -> dict[str, Any]:
        seconds, micros = divmod(self._service.published_micros(int(message_id)), 1_000_000)
        published = {"seconds": seconds, "nanos": micros * 1000}
        message = {"data": data, "message_id": message_id, "publish_time": published}
        return {"ack_id": ack_id, "message": {**message, "attributes": self._service.attributes}}

    def acknowledge(self, *, ack_ids: Sequence[str], **_: Any) -> None:
        number = self._service.called("acknowledge")
        self._service.before("acknowledge", number)
        self._service.settle(ack_ids, acknowledge=True)
        self._service.after("acknowledge", number)

    def modify_ack_deadline(self, *, ack_ids: Sequence[str], ack_deadline_seconds: int, **_: Any) -> None:
        number = self._service.called("extend")
        self._service.before("extend", number)
        if ack_deadline_seconds == 0:
            self._service.settle(ack_ids, acknowledge=False)
        self._service.after("extend", number)

    def close(self) -> None:
        pass
