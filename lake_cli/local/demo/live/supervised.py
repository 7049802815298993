"""The ingestion under a supervisor: started again when it ends, as a service manager or Dataflow would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from beam_pipeline.run_summary import RunSummary
from lake_cli.local import ingestion, processes
from lake_cli.local.demo.ingest_run import IngestFailed
from lake_cli.local.processes import ProcessRecord

_USELESS_STARTS: Final = 20


class SupervisedIngestion:
    """A job as a process.

    Args:
        summary_file: where it reports.
        log: what it prints, for a message about its end.
        start: starts it, as leader of a process group.
        restart: start it again when it has ended.

    Attributes:
        starts: how often it has been started.
    """

    def __init__(self, summary_file: Path, log: Path, start: Callable[[], ProcessRecord], *, restart: bool) -> None:
        self.starts = 0
        self._summary_file = summary_file
        self._log = log
        self._start = start
        self._restart = restart
        self._useless_starts = 0
        self._process: ProcessRecord | None = None

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        process = self._process
        return process.pid if process is not None and processes.is_running(process) else None

    @property
    def is_at_work(self) -> bool:
        """Whether it runs and has written messages since it was started."""
        summary = self._summary()
        return self.pid is not None and summary is not None and summary.messages_read > 0

    def check(self) -> None:
        """Starts the job if it does not run.

        Raises:
            IngestFailed: it ended and must not be started again, or did nothing the last times.
        """
        if self.pid is not None:
            return
        if self._process is not None:
            summary = self._summary()
            self._useless_starts = 0 if summary is not None and summary.messages_read else self._useless_starts + 1
            if not self._restart or self._useless_starts >= _USELESS_STARTS:
                raise IngestFailed(f"the ingestion ended: {ingestion.last_words(self._log)} (log: {self._log})")
            processes.end(self._process, grace_seconds=0)  # it has ended: the child is only reaped
        self._summary_file.unlink(missing_ok=True)
        self._process = self._start()
        self.starts += 1

    def kill(self) -> int | None:
        """Ends it as the kernel or a lost machine would, without warning; returns the id of the process, if it ran."""
        pid = self.pid
        if self._process is not None:
            processes.kill(self._process)
        return pid

    def close(self) -> None:
        """Ends it: what it has pulled is written first."""
        if self._process is not None:
            processes.end(self._process, grace_seconds=ingestion.STOP_GRACE_SECONDS)

    def _summary(self) -> RunSummary | None:
        return ingestion.read_summary(self._summary_file)
