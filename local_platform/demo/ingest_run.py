"""The ingestion beside the producer: a child process, watched through the summary that it keeps."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from local_platform import ingestion, processes
from local_platform.demo.display import Task
from local_platform.errors import LakeError
from local_platform.ingestion import IngestJob, IngestSummary

_LOOK_SECONDS = 0.5


class IngestFailed(LakeError):
    """The ingestion ended with an error; the message holds its last words and its log."""

    exit_code = 1


class IngestRun:
    """A running ingestion whose progress shows in a task until it ends."""

    def __init__(self, job: IngestJob, environment: dict[str, str], log: Path, task: Task) -> None:
        self._process = processes.start(job.command(), log=log, environment=environment)
        self._record = processes.record_of(self._process)
        self._job = job
        self._log = log
        self._task = task
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch-ingestion", daemon=True)
        self._watcher.start()

    def check(self) -> None:
        """Raise IngestFailed if the process has ended with an error: no use in publishing on."""
        code = self._process.poll()
        if code:
            raise IngestFailed(
                f"the ingestion ended with code {code}: {ingestion.last_words(self._log)} (log: {self._log})"
            )

    def hold_back(self, sent: int, most_waiting: int) -> None:
        """Return once no more than `most_waiting` of the messages sent are yet to be written. Raises IngestFailed."""
        self.check()
        while sent - self._read_so_far() > most_waiting:
            self.check()
            time.sleep(_LOOK_SECONDS / 5)

    def finish(self, messages: int | None = None) -> IngestSummary:
        """Wait until the job ends of itself, or has written so many messages and is told to.

        It counts a message once it is written and acknowledged, so nothing is cut short. Raises IngestFailed.
        """
        while self._process.poll() is None and (messages is None or self._read_so_far() < messages):
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
def running(job: IngestJob, environment: dict[str, str], log: Path, task: Task) -> Iterator[IngestRun]:
    """The job as a child process that does not outlive the block."""
    run = IngestRun(job, environment, log, task)
    try:
        yield run
    finally:
        run.close()
