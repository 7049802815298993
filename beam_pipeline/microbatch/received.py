"""Messages pulled but not yet acknowledged: collected into micro-batches, bounded, their leases known."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from beam_pipeline.file_input import MESSAGES_PER_LIST
from beam_pipeline.messages import Message

QUIET_SECONDS: Final = 0.25
"""A batch to which nothing has been added for so long is written: there is nothing more to wait for."""


@dataclass
class MicroBatch:
    """Messages that are written together and acknowledged together.

    `opened_at`, `grown_at`: monotonic seconds, when its first and its latest messages came.
    """

    opened_at: float
    grown_at: float
    messages: list[Message] = field(default_factory=list)
    ack_ids: list[str] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)
    size_bytes: int = 0

    def lists(self) -> list[list[Message]]:
        """The messages as the graph takes them."""
        return [self.messages[i : i + MESSAGES_PER_LIST] for i in range(0, len(self.messages), MESSAGES_PER_LIST)]


class ReceivedMessages:
    """Where pulling meets writing: one micro-batch fills while another is written, never more.

    Thread-safe. The puller waits in `wait_for_room` while the filling batch is full: back-pressure.
    """

    def __init__(
        self,
        max_messages: int,
        max_bytes: int,
        max_wait_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._max_wait_seconds = max_wait_seconds
        self._clock = clock
        self._condition = threading.Condition()
        self._filling: MicroBatch | None = None
        self._closed = False

    def wait_for_room(self) -> int:
        """Waits until the filling batch has room; returns for how many messages. 0 once closed."""
        with self._condition:
            while not self._closed and self._is_full():
                self._condition.wait()
            if self._closed:
                return 0
            return self._max_messages - (len(self._filling.messages) if self._filling else 0)

    @property
    def has_room(self) -> bool:
        """Whether `wait_for_room` would return at once, with room."""
        with self._condition:
            return not self._closed and not self._is_full()

    def add(self, messages: Sequence[Message], ack_ids: Sequence[str], lease: int) -> bool:
        """Takes what one pull brought, held by one lease (`leases`); False, and nothing taken, once closed."""
        with self._condition:
            if self._closed:
                return False
            if self._filling is None:
                self._filling = MicroBatch(self._clock(), 0.0)
            self._filling.grown_at = self._clock()
            self._filling.messages.extend(messages)
            self._filling.ack_ids.extend(ack_ids)
            self._filling.leases.append(lease)
            self._filling.size_bytes += sum(len(message.data) for message in messages)
            self._condition.notify_all()
            return True

    def next_batch(self, timeout_seconds: float) -> MicroBatch | None:
        """The batch to write next: once it is full or old enough, or all that there is once closed.

        None when nothing came within the time-out, or when closed and empty (`is_drained`).
        """
        deadline = self._clock() + timeout_seconds
        with self._condition:
            while not self._is_due():
                now = self._clock()
                if self._closed:
                    break
                if now >= deadline:
                    return None
                until = deadline
                if self._filling is not None:
                    until = min(until, self._due_at(self._filling))
                self._condition.wait(max(until - now, 0.001))
            return self._take()

    def take_rest(self) -> MicroBatch | None:
        """What is there, due or not."""
        with self._condition:
            return self._take()

    def close(self) -> None:
        """No more will be added; what is here can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def is_drained(self) -> bool:
        """Closed, and nothing left to take."""
        with self._condition:
            return self._closed and self._filling is None

    def _take(self) -> MicroBatch | None:
        batch, self._filling = self._filling, None
        self._condition.notify_all()
        return batch

    def _is_full(self) -> bool:
        batch = self._filling
        return batch is not None and (len(batch.messages) >= self._max_messages or batch.size_bytes >= self._max_bytes)

    def _is_due(self) -> bool:
        batch = self._filling
        return batch is not None and (self._is_full() or self._clock() >= self._due_at(batch))

    def _due_at(self, batch: MicroBatch) -> float:
        return min(batch.opened_at + self._max_wait_seconds, batch.grown_at + QUIET_SECONDS)
