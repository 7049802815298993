"""Timing in pairs: every contender runs once a round, so that a machine that slows down slows all of them.

CPU seconds of this process, all its threads together: what a core costs, and steadier than the clock on a shared machine.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.contenders import Contender

ROUNDS: Final = 5
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
_GC_THRESHOLD: Final = gc.get_threshold()


def interleaved(contenders: Mapping[str, Contender], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """CPU seconds of each contender in each round, after one round that is not counted; each writes into a new folder.

    The folder is in memory where there is such a file system: a disk's journal is charged to whoever happens to write.
    Each begins with the garbage collector as Python sets it, whatever another has done to it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
                gc.unfreeze()
                gc.set_threshold(*_GC_THRESHOLD)
                gc.collect()
                run = contender(Path(folder))
                started = time.process_time()
                run()
                if number:
                    seconds[name].append(time.process_time() - started)
    return seconds


def median_rate(count: int, seconds: list[float]) -> float:
    """Median of count per CPU second."""
    return statistics.median(count / one for one in seconds)


def median_ratio(a: list[float], b: list[float]) -> float:
    """Median over the rounds of A's rate divided by B's in the same round; both did the same work, in these seconds."""
    return statistics.median(y / x for x, y in zip(a, b, strict=True))
