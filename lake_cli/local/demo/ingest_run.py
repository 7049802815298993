"""The ingestion beside the producer: a child process, watched through the summary that it keeps."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from beam_pipeline.run_summary import RunSummary
from lake_cli.display import Task
from lake_cli.errors import LakeError
from lake_cli.local import ingestion, processes
from lake_cli.local.ingestion import IngestJob

_LOOK_SECONDS: Final = 0.5
_STALLED_SECONDS: Final = 180.0


class IngestFailed(LakeError):
    """The ingestion ended with an error; the message holds its last words and its log."""

    exit_code = 1


class IngestRun:
    """A running ingestion whose progress shows in a task until it ends.

    `check_source` raises if what the job reads from is gone.
    """

    def __init__(
        self, job: IngestJob, environment: dict[str, str], log: Path, task: Task, check_source: Callable[[], None]
    ) -> None:
        self._check_source = check_source
        self._progress = (0, time.monotonic())
        self._process = processes.start(job.command(), log=log, environment=environment)
        self._record = processes.record_of(self._process)
        self._job = job
        self._log = log
        self._task = task
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch-ingestion", daemon=True)
        self._watcher.start()

    def check(self) -> None:
        """Raise IngestFailed if the process has ended with an error, or its source is gone: no use in publishing on."""
        self._check_source()
        code = self._process.poll()
        if code:
            raise IngestFailed(
                f"the ingestion ended with code {code}: {ingestion.last_words(self._log)} (log: {self._log})"
            )

    def hold_back(self, sent: int, most_waiting: int) -> None:
        """Return once no more than `most_waiting` of the messages sent are yet to be written. Raises IngestFailed."""
        self.check()
        self._progress = (0, time.monotonic())
        while sent - self._read_so_far() > most_waiting:
            self.check()
            self._check_progress(sent)
            time.sleep(_LOOK_SECONDS / 5)

    def finish(self, messages: int | None = None) -> RunSummary:
        """Wait until the job ends of itself, or has written so many messages and is told to.

        It counts a message once it is written and acknowledged, so nothing is cut short. Raises IngestFailed.
        """
        self._progress = (0, time.monotonic())
        while self._process.poll() is None and (messages is None or self._read_so_far() < messages):
            if messages is not None:
                self._check_source()
                self._check_progress(messages)
            time.sleep(_LOOK_SECONDS / 5)
        self.close()
        self.check()
        summary = ingestion.read_summary(self._job.summary_file)
        if summary is None:
            raise IngestFailed(f"the ingestion left no summary in {self._job.summary_file} (log: {self._log})")
        self._task.finish(
            f"{summary.messages_read:,} messages into {summary.objects:,} objects, {summary.messages_per_second:,.0f}/s"
        )
        return summary

    def close(self) -> None:
        """End the process, however far it is, and stop watching."""
        self._over.set()
        self._watcher.join()
        processes.end(self._record, grace_seconds=ingestion.STOP_GRACE_SECONDS)
        self._process.wait()

    def _check_progress(self, sent: int) -> None:
        """Raise IngestFailed if nothing more has been written for minutes."""
        read, since = self._read_so_far(), self._progress[1]
        if read != self._progress[0]:
            self._progress = (read, time.monotonic())
        elif time.monotonic() - since >= _STALLED_SECONDS:
            raise IngestFailed(
                f"no message has been written for {_STALLED_SECONDS:.0f} s: {read:,} of {sent:,} published are in the lake or in "
                f"quarantine: {ingestion.last_words(self._log)} (log: {self._log})"
            )

    def _read_so_far(self) -> int:
        summary = ingestion.read_summary(self._job.summary_file)
        return 0 if summary is None else summary.messages_read

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            summary = ingestion.read_summary(self._job.summary_file)
            if summary is None:
                self._task.update(0, "starting")
            else:
                self._task.update(summary.messages_read, f"{summary.messages_per_second:,.0f}/s")


@contextlib.contextmanager
def running(
    job: IngestJob,
    environment: dict[str, str],
    log: Path,
    task: Task,
    check_source: Callable[[], None] = lambda: None,
) -> Iterator[IngestRun]:
    """The job as a child process that does not outlive the block."""
    run = IngestRun(job, environment, log, task, check_source)
    try:
        yield run
    finally:
        run.close()
