"""Sends a simulation to a Pub/Sub topic: prepared batches on a few threads, bounded, retried, paced."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError

from producer.booking import Booking, Entries
from producer.ledger import Ledger, Progress, Summary, open_ledger
from producer.messages import Message
from producer.pubsub import TRANSIENT, connected, ensure_topic, publishing, reason
from producer.requests import publish_request

MAX_BATCH_MESSAGES: Final = 1000
"""Pub/Sub takes no more in one request."""

MAX_BATCH_BYTES: Final = 4_000_000
"""Of data in one request; with attributes and framing it stays well under Pub/Sub's 10 MB."""

_THREADS: Final = 4
_MAX_IN_FLIGHT: Final = 8
"""Batches sent and not yet acknowledged: at most 32 MB, however slow the other side is."""

_BATCHES_PER_SECOND: Final = 10
"""How finely a paced stream is cut."""

_CALL_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 120.0
"""How long a batch is tried again before the run gives up."""


class PublishFailed(Exception):
    """A batch was refused, or could not be sent for too long. `summary` counts what was acknowledged until then."""

    def __init__(self, summary: Summary, unacknowledged: int, error: Exception) -> None:
        self.summary = summary
        self.unacknowledged = unacknowledged
        super().__init__(
            f"{summary.messages:,} messages were acknowledged, {unacknowledged:,} were tried and not"
            f" acknowledged, the rest was not sent: {reason(error)}"
        )


class _Batch(NamedTuple):
    first: int
    messages: list[Message]


def publish_to_topic(
    messages: Iterable[Message],
    topic: str,
    *,
    rate: float | None = None,
    create_topic: bool = False,
    truth: Path | None = None,
    ledger_file: Path | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> Summary:
    """Publishes messages to the emulator that `PUBSUB_EMULATOR_HOST` names, else to Google Cloud.

    Args:
        messages: from `simulate`.
        topic: full name, `projects/P/topics/T`.
        rate: messages a second; None for as fast as possible.
        create_topic: create the topic if it is missing.
        truth: where to record what was acknowledged, one JSON line a message.
        ledger_file: where to append, at the end, what was acknowledged per minute and type, for `lake audit`; messages then carry
            the attribute `ledger`.
        progress: called with the number of messages acknowledged since the last call.
        stop: set it to end early; what is in flight is waited for and booked.
        retry_seconds: how long a batch is tried again while errors are transient.

    Raises:
        TopicUnavailable: before anything is sent.
        PublishFailed: while sending; the truth file is complete for what was acknowledged.
        OSError: the truth file cannot be written.
    """
    stop = stop or threading.Event()
    booking = Booking(ledger_file)
    with connected() as client:
        ensure_topic(client, topic, create=create_topic)
        with (
            booking,
            open_ledger(truth, progress, keep_on_error=True) as ledger,
            ThreadPoolExecutor(_THREADS, thread_name_prefix="publish") as threads,
        ):
            line = _Line(publishing(client, topic), topic, threads, ledger, booking, stop, retry_seconds)
            for batch in _paced(_batches(messages, _batch_size(rate)), rate, stop):
                line.send(batch)
                if line.error is not None:
                    break
            line.finish()
            ledger.summary.interrupted = stop.is_set()
    if line.error is not None:
        raise PublishFailed(ledger.summary, line.unacknowledged, line.error) from line.error
    return ledger.summary


class _Line:
    """Batches in flight, settled in the order they were sent, so that the truth file keeps publishing order."""

    def __init__(
        self,
        publish: Callable[..., object],
        topic: str,
        threads: ThreadPoolExecutor,
        ledger: Ledger,
        booking: Booking,
        stop: threading.Event,
        retry_seconds: float,
    ) -> None:
        self.error: Exception | None = None
        self.unacknowledged = 0
        self._call = publish
        self._topic = topic
        self._threads = threads
        self._ledger = ledger
        self._booking = booking
        self._in_flight: deque[tuple[_Batch, Entries, Future[None]]] = deque()
        self._retry = Retry(
            # A run that was asked to stop does not wait for a server that may never come back.
            predicate=lambda error: isinstance(error, TRANSIENT) and not stop.is_set(),
            initial=0.1,
            maximum=10.0,
            multiplier=2.0,
            timeout=retry_seconds,
        )

    def send(self, batch: _Batch) -> None:
        stamp = self._booking.stamp()
        request, data = publish_request(self._topic, batch.messages, stamp)
        entries = self._booking.entries(stamp, data)
        self._in_flight.append((batch, entries, self._threads.submit(self._publish, request)))
        while self._in_flight and (len(self._in_flight) >= _MAX_IN_FLIGHT or self._in_flight[0][2].done()):
            self._settle()

    def finish(self) -> None:
        while self._in_flight:
            self._settle()

    def _publish(self, request: bytes) -> None:
        self._call(request, retry=self._retry, timeout=_CALL_SECONDS)

    def _settle(self) -> None:
        batch, entries, acknowledgement = self._in_flight.popleft()
        try:
            acknowledgement.result()
        except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
            self.error = self.error or error
            self.unacknowledged += len(batch.messages)
        else:
            self._ledger.enter(batch.first, batch.messages)
            self._booking.enter(entries)


def _batch_size(rate: float | None) -> int:
    if rate is None:
        return MAX_BATCH_MESSAGES
    return max(1, min(MAX_BATCH_MESSAGES, int(rate / _BATCHES_PER_SECOND)))


def _batches(messages: Iterable[Message], most: int) -> Iterator[_Batch]:
    """Cuts the stream into requests that Pub/Sub accepts."""
    first = 0
    batch: list[Message] = []
    size = 0
    for message in messages:
        if batch and (len(batch) >= most or size + len(message.data) > MAX_BATCH_BYTES):
            yield _Batch(first, batch)
            first += len(batch)
            batch, size = [], 0
        batch.append(message)
        size += len(message.data)
    if batch:
        yield _Batch(first, batch)


def _paced(batches: Iterator[_Batch], rate: float | None, stop: threading.Event) -> Iterator[_Batch]:
    """Lets each batch pass when it is due, until told to stop. A batch held up makes the next ones no faster."""
    due = time.monotonic()
    for batch in batches:
        if rate is not None:
            now = time.monotonic()
            due = max(due, now - 1.0)  # no more than a second is caught up
            stop.wait(due - now)
            due += len(batch.messages) / rate
        if stop.is_set():
            return
        yield batch
