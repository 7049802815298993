"""What a run has done so far: counted in one place, written to a file for others to watch."""

import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from beam_pipeline import counters
from beam_pipeline.run_summary import RunSummary
from event_contract.atomic_files import replace_file


class RunProgress:
    """Counts of a run; only what is written (and, from a subscription, acknowledged) is counted."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self._active_until = self._started
        self._written_at = float("-inf")
        self.counts: Counter[str] = Counter()
        self.batches = 0
        self.message_bytes = 0
        self.state = "running"

    @property
    def messages(self) -> int:
        """Messages read, written and acknowledged so far."""
        return self.counts[counters.MESSAGES_READ]

    def add(self, counts: Counter[str], message_bytes: int = 0) -> None:
        """Adds a finished micro-batch, and how many bytes of data its messages had."""
        with self._lock:  # another thread may be writing the file
            self.counts.update(counts)
            self.message_bytes += message_bytes
            self.batches += 1
        self._active_until = self._clock()
        self.write()

    def finish(self, state: str = "finished") -> None:
        """Sets the final state, `finished` or `failed`, and writes it."""
        self.state = state
        self.write(now=True)

    def write(self, now: bool = False) -> None:
        """Writes the file if it is older than a second, or now."""
        if self._path is None or (not now and self._clock() - self._written_at < 1.0):
            return
        self._written_at = self._clock()
        replace_file(self._path, msgspec.json.encode(self.summary()) + b"\n")

    def summary(self) -> RunSummary:
        """The run so far, as others read it."""
        with self._lock:
            return self._summary()

    def _summary(self) -> RunSummary:
        seconds = max(self._active_until - self._started, 1e-9)
        return RunSummary(
            state=self.state,
            messages_read=self.messages,
            message_bytes=self.message_bytes,
            valid=self._by(counters.EVENTS_VALID),
            quarantined=self._by(counters.EVENTS_QUARANTINED),
            objects=self.counts[counters.OBJECTS_WRITTEN],
            bytes_written=self.counts[counters.BYTES_WRITTEN],
            batches=self.batches,
            seconds=round(seconds, 3),
            messages_per_second=round(self.messages / seconds, 1),
            peak_rss_bytes=peak_rss_bytes(),
        )

    def _by(self, prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): n for name, n in sorted(self.counts.items()) if name.startswith(prefix)}

    def line(self) -> str:
        """The run so far in one line, for a person."""
        summary = self.summary()
        return (
            f"{summary.messages_read:,} messages: {sum(summary.valid.values()):,} in the lake,"
            f" {sum(summary.quarantined.values()):,} in quarantine;"
            f" {summary.objects:,} objects, {summary.messages_per_second:,.0f} messages/s"
        )


def peak_rss_bytes() -> int:
    """Largest resident memory of this program so far, in bytes.

    From /proc where there is one: on Linux, what getrusage says begins with the peak of the process that forked this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
