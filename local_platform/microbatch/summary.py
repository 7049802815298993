"""What a run has done so far: counted in one place, kept in a file for others to watch."""

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_pipeline import counters


class RunSummary:
    """Counts of a run; only what is written (and, from a subscription, acknowledged) is counted."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._started = clock()
        self._active_until = self._started
        self._written_at = float("-inf")
        self.counts: Counter[str] = Counter()
        self.batches = 0
        self.state = "running"

    @property
    def messages(self) -> int:
        """Messages read, written and acknowledged so far."""
        return self.counts[counters.MESSAGES_READ]

    def add(self, counts: Counter[str]) -> None:
        """Adds a finished micro-batch."""
        self.counts.update(counts)
        self.batches += 1
        self._active_until = self._clock()
        self.keep()

    def finish(self, state: str = "finished") -> None:
        """Closes the books: ``finished``, or ``failed``."""
        self.state = state
        self.keep(now=True)

    def keep(self, now: bool = False) -> None:
        """Renews the file if it is older than a second, or now."""
        if self._path is None or (not now and self._clock() - self._written_at < 1.0):
            return
        self._written_at = self._clock()
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(self.as_dict()) + "\n", encoding="utf-8")
        os.replace(temporary, self._path)

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON holds it. ``seconds`` ends with the last micro-batch: waiting for more is not counted."""
        seconds = max(self._active_until - self._started, 1e-9)
        return {
            "state": self.state,
            "messages_read": self.messages,
            "valid": self._by(counters.EVENTS_VALID),
            "quarantined": self._by(counters.EVENTS_QUARANTINED),
            "objects": self.counts[counters.OBJECTS_WRITTEN],
            "bytes_written": self.counts[counters.BYTES_WRITTEN],
            "batches": self.batches,
            "seconds": round(seconds, 3),
            "messages_per_second": round(self.messages / seconds, 1),
            "peak_rss_bytes": peak_rss_bytes(),
        }

    def _by(self, prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): n for name, n in sorted(self.counts.items()) if name.startswith(prefix)}

    def line(self) -> str:
        """The summary in one line, for a person."""
        quarantined = sum(self._by(counters.EVENTS_QUARANTINED).values())
        return (
            f"{self.messages:,} messages: {self.messages - quarantined:,} in the lake, {quarantined:,} in quarantine;"
            f" {self.counts[counters.OBJECTS_WRITTEN]:,} objects, {self.as_dict()['messages_per_second']:,.0f} messages/s"
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
