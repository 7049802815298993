"""The loop behind `--runner=DirectRunner`: pull, run the graph, acknowledge after all is written."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from apache_beam.io.filesystem import FileMetadata

from beam_pipeline.file_input import match, read_messages
from beam_pipeline.local_files import fixed_folder
from beam_pipeline.messages import Message
from beam_pipeline.microbatch.core import Acknowledge, Effect, Ingestion, Write, now
from beam_pipeline.microbatch.emptiness import EMPTY_AFTER_SECONDS, Emptiness
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.microbatch.leases import Leases
from beam_pipeline.microbatch.mark_files import WatermarkFile
from beam_pipeline.microbatch.progress import RunProgress
from beam_pipeline.microbatch.received import MicroBatch, ReceivedMessages
from beam_pipeline.microbatch.subscription import LEASE_SECONDS, SHORTEST_DEADLINE_SECONDS, Subscription, is_emulated

_WAIT_SECONDS: Final = 0.25
_MAX_UNACKNOWLEDGED_BATCHES: Final = 2
_UNANSWERED_SECONDS: Final = 60.0
_CHECK_LEASES_SECONDS: Final = 1.0
_WATERMARK_SECONDS: Final = 2.0
_STALE_PAUSE_SECONDS: Final = 0.1


class FilesUnreadableError(RuntimeError):
    """Some of the input files cannot be read to their end; the text names each."""


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
    summary: RunProgress,
    stop: StopRequest,
    max_messages: int,
    max_bytes: int,
    progress: Callable[[], None],
    publish_micros: int | None = None,
) -> None:
    """Writes the messages of all files of a glob, micro-batch by micro-batch, so that memory does not grow with the files.

    `publish_micros` is the publish time of all messages; None: each file's modification time.

    Raises:
        FilesUnreadableError: all else is written; the same call reads these files again.
        Exception: a micro-batch could not be written.
    """
    pending: list[list[Message]] = []
    count = size = 0
    matched = match(pattern)
    damaged = list(matched.unreadable)
    folder = fixed_folder(pattern)
    for file in matched.files:
        for messages in _readable(file, read_messages(file, folder, publish_micros), damaged):
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
    if damaged:
        raise FilesUnreadableError("; ".join(damaged))


def _readable(file: FileMetadata, lists: Iterator[list[Message]], damaged: list[str]) -> Iterator[list[Message]]:
    """The messages of a file as far as it can be read; what ends it early is added to `damaged`."""
    while True:
        try:
            messages = next(lists, None)
        except Exception as problem:  # noqa: BLE001 - damaged gzip alone has four types; the other files are readable
            damaged.append(f"{file.path} ({type(problem).__name__}: {problem})")
            return
        if messages is None:
            return
        yield messages


class SubscriptionSilentError(RuntimeError):
    """No pull has been answered for so long that a run that should end by itself never would."""


class SubscriptionIngest:
    """Writes the messages of a subscription until stopped, or until it has been empty for a while: the shell around `core`.

    Two micro-batches at most are in memory beside those whose acknowledgement is under way: one fills, one is written. Threads:
    this one writes, others pull, acknowledge, extend leases, and keep the watermark.
    """

    def __init__(
        self,
        subscription: Subscription,
        ack_deadline_seconds: float | None,
        graph: MicroBatchGraph,
        summary: RunProgress,
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
        first_seconds = SHORTEST_DEADLINE_SECONDS if ack_deadline_seconds is None else ack_deadline_seconds
        self._emptiness = Emptiness(
            watermark.lease_seconds, EMPTY_AFTER_SECONDS if is_emulated() else 10 * EMPTY_AFTER_SECONDS
        )
        self._core = Ingestion(
            received,
            Leases(first_seconds, LEASE_SECONDS),
            self._emptiness,
            watermark.tracker,
            int(watermark.lease_seconds * 1_000_000),
        )
        self._fault: Exception | None = None
        self._failed: MicroBatch | None = None
        self._ended = threading.Event()

    def run(self, stop: StopRequest) -> None:
        """Runs until `stop`, idleness or a fault; what is in memory by then is written and acknowledged first.

        Raises:
            GoogleAPICallError: the subscription cannot be read any more.
            Exception: a micro-batch could not be written; none of it is acknowledged, and it will be delivered again.
        """
        puller = threading.Thread(target=self._pull, name="pull", daemon=True)
        extender = threading.Thread(target=self._extend_leases, name="leases", daemon=True)
        keeper = threading.Thread(target=self._keep_watermark, name="watermark", daemon=True)
        for thread in (extender, keeper, puller):
            thread.start()
        clean = False
        try:
            with ThreadPoolExecutor(1, "acknowledge") as acknowledging:
                self._write_batches(stop, acknowledging)
            clean = True
        finally:
            self._received.close()
            self._subscription.interrupt()
            puller.join()  # before anything is given back: a waiting pull would take it again
            self._give_back(self._failed)
            self._give_back(self._received.take_rest())
            self._ended.set()
            extender.join()
            keeper.join()
            self._subscription.close()
            self._summary.write(now=True)
            if not clean or self._fault is not None:
                with contextlib.suppress(Exception):  # the fault that ends the run is the one to tell
                    self._watermark.close(advance=False)
        if self._fault is not None:
            raise self._fault
        self._watermark.close()

    def _write_batches(self, stop: StopRequest, acknowledging: ThreadPoolExecutor) -> None:
        under_way: list[Future[None]] = []
        started = idle_since = time.monotonic()
        while not self._received.is_drained:
            if stop or self._fault is not None:
                self._received.close()
                self._subscription.interrupt()
            self._summary.write()
            self._progress()
            batch = self._received.next_batch(_WAIT_SECONDS)
            if batch is None:
                if self._is_idle(started, idle_since):
                    stop()
                continue
            steps = self._core.settle(batch, now)
            counts = self._carry_out_write(next(steps))
            under_way.append(acknowledging.submit(self._acknowledge, steps, counts, batch.size_bytes))
            while len(under_way) >= _MAX_UNACKNOWLEDGED_BATCHES:
                under_way.pop(0).result()
            idle_since = time.monotonic()
        for future in under_way:
            future.result()

    def _is_idle(self, started: float, since: float) -> bool:
        """Whether it is time to end: so long without a message, by answers that said so."""
        if self._stop_after_idle_seconds is None or self._fault is not None:
            return False
        empty = self._emptiness.empty_seconds()
        if empty is not None and min(empty, time.monotonic() - since) >= self._stop_after_idle_seconds:
            return True
        unanswered = self._emptiness.unanswered_seconds(started, time.monotonic())
        if unanswered >= max(self._stop_after_idle_seconds, _UNANSWERED_SECONDS):
            self._fault = SubscriptionSilentError(
                f"no pull has been answered for {unanswered:.0f} s: is Pub/Sub running?"
            )
        return False

    def _carry_out_write(self, effect: Effect) -> Counter[str]:
        assert isinstance(effect, Write)  # noqa: S101 - narrows for the type checker
        try:
            return self._graph.run(effect.batch.lists())
        except Exception:
            self._failed = effect.batch
            raise

    def _give_back(self, batch: MicroBatch | None) -> None:
        """Lets messages be redelivered at once, instead of when their lease has run out."""
        if batch is not None:
            succeeded = self._subscription.extend(batch.ack_ids, 0)
            self._core.gave_back(batch, succeeded, now())

    def _acknowledge(self, steps: Iterator[Effect], counts: Counter[str], message_bytes: int) -> None:
        for effect in steps:
            assert isinstance(effect, Acknowledge)  # noqa: S101 - narrows for the type checker
            self._subscription.acknowledge(effect.ack_ids)
        self._summary.add(counts, message_bytes)

    def _pull(self) -> None:
        try:
            while room := self._received.wait_for_room():
                if not self._core.may_pull(now()):
                    time.sleep(_STALE_PAUSE_SECONDS)
                    continue
                messages, ack_ids = self._subscription.pull(room, self._core)
                if messages:
                    self._give_back(self._core.pull_found(messages, ack_ids, now()))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the run ends with it: a silent end would look like idleness
            self._fault = fault

    def _extend_leases(self) -> None:
        while not self._ended.wait(_CHECK_LEASES_SECONDS):
            due = self._core.to_extend(now())
            if due:
                self._subscription.extend(due)

    def _keep_watermark(self) -> None:
        try:
            while not self._ended.wait(_WATERMARK_SECONDS):
                self._watermark.keep()
        except Exception as fault:  # noqa: BLE001 - without its mark others would take this ingestion for dead
            self._fault = fault
