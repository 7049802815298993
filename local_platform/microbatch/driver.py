"""The loop behind ``--runner=DirectRunner``: pull, run the graph, acknowledge after all is written."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from beam_pipeline.file_input import match, read_messages
from beam_pipeline.messages import Message, now_micros
from local_platform.microbatch.graph import MicroBatchGraph
from local_platform.microbatch.leases import Leases
from local_platform.microbatch.received import MicroBatch, ReceivedMessages
from local_platform.microbatch.subscription import LEASE_SECONDS, Subscription
from local_platform.microbatch.summary import RunSummary
from local_platform.microbatch.watermark import WatermarkFile

_WAIT_SECONDS: Final = 0.25
_MAX_UNACKNOWLEDGED_BATCHES: Final = 2
_EMPTY_AFTER_MICROS: Final = 3_000_000  # a busy server answers late, too


class StopRequest:
    """Set by a signal: finish what is begun, acknowledge it, and end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> None:
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()


def ingest_files(
    pattern: str,
    graph: MicroBatchGraph,
    summary: RunSummary,
    stop: StopRequest,
    max_messages: int,
    max_bytes: int,
    progress: Callable[[], None],
) -> None:
    """Writes the messages of all files of a glob, micro-batch by micro-batch, so that memory does not grow with the files."""
    pending: list[list[Message]] = []
    count = size = 0
    for file in match(pattern):
        for messages in read_messages(file):
            if stop:
                return
            pending.append(messages)
            count += len(messages)
            size += sum(len(message.data) for message in messages)
            if count >= max_messages or size >= max_bytes:
                summary.add(graph.run(pending))
                pending, count, size = [], 0, 0
                progress()
    if pending and not stop:
        summary.add(graph.run(pending))
        progress()


class SubscriptionIngest:
    """Writes the messages of a subscription until stopped, or until it has been empty for a while.

    Two micro-batches at most are in memory beside those whose acknowledgement is under way: one fills, one is written.
    """

    def __init__(
        self,
        subscription: Subscription,
        ack_deadline_seconds: float,
        graph: MicroBatchGraph,
        summary: RunSummary,
        watermark: WatermarkFile,
        received: ReceivedMessages,
        stop_after_idle_seconds: float | None,
        progress: Callable[[], None],
    ) -> None:
        self._subscription = subscription
        self._graph = graph
        self._summary = summary
        self._watermark = watermark
        self._received = received
        self._stop_after_idle_seconds = stop_after_idle_seconds
        self._progress = progress
        self._leases = Leases(subscription.extend, ack_deadline_seconds, LEASE_SECONDS)
        self._fault: Exception | None = None
        self._failed: MicroBatch | None = None

    def run(self, stop: StopRequest) -> None:
        """Runs until ``stop``, idleness or a fault; what is in memory by then is written and acknowledged first.

        Raises:
            GoogleAPICallError: the subscription cannot be read any more.
            Exception: a micro-batch could not be written; none of it is acknowledged, and it will be delivered again.
        """
        puller = threading.Thread(target=self._pull, name="pull", daemon=True)
        self._leases.start()
        puller.start()
        try:
            with ThreadPoolExecutor(1, "acknowledge") as acknowledging:
                self._write_batches(stop, acknowledging)
        finally:
            self._received.close()
            self._subscription.interrupt()
            puller.join()  # before anything is given back: a waiting pull would take it again
            self._give_back(self._failed)
            self._give_back(self._received.take_rest())
            self._leases.stop()
            self._subscription.close()
            self._summary.keep(now=True)
        if self._fault is not None:
            raise self._fault
        self._watermark.close()

    def _write_batches(self, stop: StopRequest, acknowledging: ThreadPoolExecutor) -> None:
        under_way: list[Future[None]] = []
        idle_since = time.monotonic()
        while not self._received.is_drained:
            if stop or self._fault is not None:
                self._received.close()
                self._subscription.interrupt()
            self._summary.keep()
            self._progress()
            self._keep_watermark()  # which may fail: only then is a batch taken, for what is taken must be written
            batch = self._received.next_batch(_WAIT_SECONDS)
            if batch is None:
                idle = time.monotonic() - idle_since
                if self._stop_after_idle_seconds is not None and idle >= self._stop_after_idle_seconds:
                    stop()
                continue
            counts = self._write(batch)
            under_way.append(acknowledging.submit(self._acknowledge, batch, counts))
            while len(under_way) >= _MAX_UNACKNOWLEDGED_BATCHES:
                under_way.pop(0).result()
            idle_since = time.monotonic()
        for future in under_way:
            future.result()

    def _write(self, batch: MicroBatch) -> Counter[str]:
        try:
            return self._graph.run(batch.lists())
        except Exception:
            self._failed = batch
            raise

    def _give_back(self, batch: MicroBatch | None) -> None:
        """Lets messages come again at once, instead of when their lease has run out."""
        if batch is not None:
            self._leases.release(batch.leases)
            self._subscription.extend(batch.ack_ids, 0)

    def _keep_watermark(self) -> None:
        waiting_since = self._subscription.waiting_since_micros
        if waiting_since is not None and now_micros() - waiting_since >= _EMPTY_AFTER_MICROS:
            self._watermark.tracker.found_empty(waiting_since)
        self._watermark.keep()

    def _acknowledge(self, batch: MicroBatch, counts: Counter[str]) -> None:
        self._watermark.tracker.release(batch.leases)
        self._subscription.acknowledge(batch.ack_ids)
        self._leases.release(batch.leases)
        self._summary.add(counts)

    def _pull(self) -> None:
        try:
            while room := self._received.wait_for_room():
                messages, ack_ids = self._subscription.pull(room)
                if messages:
                    ticket = self._leases.hold(ack_ids)
                    self._watermark.tracker.hold(ticket, min(message.publish_micros for message in messages))
                    if not self._received.add(messages, ack_ids, ticket):
                        self._subscription.extend(ack_ids, 0)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the run ends with it: a silent end would look like idleness
            self._fault = fault
