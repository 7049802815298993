"""`--runner=DirectRunner`: the job on one machine, in micro-batches, losing nothing."""

import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from apache_beam.options.pipeline_options import PipelineOptions
from google.api_core.exceptions import GoogleAPICallError

from beam_pipeline.config import MESSAGES_PER_FILE_BATCH, MESSAGES_PER_PULLED_BATCH
from beam_pipeline.microbatch.driver import (
    FilesUnreadableError,
    StopRequest,
    SubscriptionIngest,
    SubscriptionSilentError,
    ingest_files,
)
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.microbatch.leases import longest_lease
from beam_pipeline.microbatch.mark_files import WatermarkFile
from beam_pipeline.microbatch.progress import RunProgress
from beam_pipeline.microbatch.received import ReceivedMessages
from beam_pipeline.microbatch.subscription import (
    LEASE_SECONDS,
    LONGEST_DEADLINE_SECONDS,
    Subscription,
    SubscriptionUnreachable,
)
from beam_pipeline.options import DirectRunnerOptions, IngestionOptions, ingestion_config, micro_batch_config

__all__ = ["run"]

_PROGRESS_SECONDS: Final = 5.0


def run(options: PipelineOptions) -> int:
    """Runs the job with checked options until its input ends or it is stopped.

    Returns:
        Exit code: 0 done or stopped cleanly, 1 failed, 2 the subscription is not there.
    """
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    given = options.view_as(IngestionOptions)
    local = options.view_as(DirectRunnerOptions)
    summary = RunProgress(Path(local.summary_file) if local.summary_file else None)
    progress = _progress_lines(summary)
    config = ingestion_config(options)
    batches = micro_batch_config(options)
    graph = MicroBatchGraph(config)
    try:
        with _stop_on_signals() as stop:
            if given.input_files:
                ingest_files(
                    given.input_files,
                    graph,
                    summary,
                    stop,
                    batches.batch_max_messages or MESSAGES_PER_FILE_BATCH,
                    batches.batch_max_bytes,
                    progress,
                    given.input_publish_time,
                )
            else:
                subscription = Subscription(given.input_subscription, _tell)
                ack_deadline = subscription.check()
                SubscriptionIngest(
                    subscription,
                    ack_deadline,
                    graph,
                    summary,
                    WatermarkFile(
                        config.output_path,
                        given.input_subscription,
                        longest_lease(ack_deadline or LONGEST_DEADLINE_SECONDS, LEASE_SECONDS),
                    ),
                    ReceivedMessages(
                        batches.batch_max_messages or MESSAGES_PER_PULLED_BATCH,
                        batches.batch_max_bytes,
                        batches.batch_max_wait_seconds,
                    ),
                    local.stop_after_idle_seconds,
                    progress,
                ).run(stop)
    except SubscriptionUnreachable as problem:
        _tell(f"error: --input_subscription: {problem}")
        return 2
    except GoogleAPICallError as problem:
        return _failed(summary, f"the subscription can be read no more: {problem.message}")
    except FilesUnreadableError as problem:
        return _failed(summary, f"these files cannot be read to their end, all others are written: {problem}")
    except SubscriptionSilentError as problem:
        return _failed(summary, f"{problem} What was not written stays in the subscription")
    except Exception as problem:  # noqa: BLE001 - whatever broke the graph: nothing of its batch was acknowledged
        return _failed(summary, f"a micro-batch could not be written, it stays unacknowledged: {_first_line(problem)}")
    summary.finish()
    _tell(f"Done: {summary.line()}.")
    return 0


def _failed(summary: RunProgress, reason: str) -> int:
    summary.finish("failed")
    _tell(f"Written before: {summary.line()}.")
    _tell(f"error: {reason}")
    return 1


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or [""]
    return f"{type(problem).__name__}: {lines[0][:300]}"


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _progress_lines(summary: RunProgress) -> Callable[[], None]:
    """Says every few seconds how far the run is, if anything has happened since."""
    told_at, told = time.monotonic(), 0

    def progress() -> None:
        nonlocal told_at, told
        if time.monotonic() - told_at >= _PROGRESS_SECONDS and summary.messages != told:
            told_at, told = time.monotonic(), summary.messages
            _tell(summary.line())

    return progress


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[StopRequest]:
    """The first SIGINT or SIGTERM asks for a clean stop, a second one ends the process as usual."""
    stop = StopRequest()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _frame: FrameType | None) -> None:
        _tell("Stopping: what has been read is written and acknowledged first; once more to stop at once.")
        signal.signal(number, before[signal.Signals(number)])
        stop()

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
