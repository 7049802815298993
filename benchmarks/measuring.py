"""Timing in pairs: every contender runs once a round, so that a machine that slows down slows all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Final

ROUNDS: Final = 5


def interleaved(contenders: Mapping[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Wall seconds of each contender in each round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def median_rate(count: int, seconds: list[float]) -> float:
    """Median of count per second."""
    return statistics.median(count / one for one in seconds)


def median_ratio(count_a: int, a: list[float], count_b: int, b: list[float]) -> float:
    """Median over the rounds of A's rate divided by B's rate in the same round."""
    return statistics.median((count_a / x) / (count_b / y) for x, y in zip(a, b, strict=True))
