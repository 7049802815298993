"""How long the warehouse takes: one million events from empty, one changed day, and a daily run as history grows.

    python -m benchmarks.bench_warehouse [--events 1000000] [--days 30] [--histories 30,90,180,365] [--events-a-day 5000]

Runs `lake warehouse build` as a user would, each time in a process of its own, whose peak memory is measured with dbt's.
Prints one JSON line a figure, writes them with a plot to benchmarks/results/, and exits with 1 if a limit is broken: 60 s from
empty, 20 s for a changed day, 2 GB, and a daily run that grows by less than half from the shortest to the longest history.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from producer import SimulationConfig, simulate
from tests.warehouse.lakes import Lake

RESULTS = Path(__file__).parent / "results"
LAST_DAY = date(2026, 11, 21)
EMPTY_SECONDS, DAY_SECONDS, PEAK_MEGABYTES, MOST_GROWTH = 60.0, 20.0, 2000.0, 1.5
_MEASURE = """
import json, resource, sys, time
from warehouse_runner import build
begun = time.monotonic()
result = build(*sys.argv[1:4])
print(json.dumps({
    "seconds": time.monotonic() - begun, "days": len(result.lake_dates), "succeeded": result.succeeded,
    "failures": result.failures, "peak_megabytes": (used := resource.getrusage(resource.RUSAGE_CHILDREN)).ru_maxrss / 1024,
    "cpu_seconds": used.ru_utime + used.ru_stime,
}))
"""


@dataclass(frozen=True)
class Measured:
    """One build: seconds of wall clock and of processors, days rebuilt (0: all), peak memory of dbt."""

    seconds: float
    cpu_seconds: float
    days: int
    peak_megabytes: float


def build(lake: Lake) -> Measured:
    """Builds in a process of its own.

    Raises:
        RuntimeError: the build did not succeed.
    """
    arguments = [sys.executable, "-c", _MEASURE, str(lake.path), str(lake.quarantine_path), str(lake.warehouse)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not figures["succeeded"]:
        raise RuntimeError("; ".join(figures["failures"]))
    return Measured(figures["seconds"], figures["cpu_seconds"], figures["days"], figures["peak_megabytes"])


def add_shop(lake: Lake, events: int, days: int, seed: int, last: date = LAST_DAY) -> None:
    """The valid messages of a simulated shop, a manifest record for each object."""
    start = datetime.combine(last - timedelta(days=days - 1), datetime.min.time(), UTC)
    config = SimulationConfig(
        events=events, days=days, seed=seed, start=start, poison_rate=0.0, late_rate=0.0, duplicate_rate=0.005
    )
    published = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    lake.write_payloads((message.data, published, f"{seed}-{i}") for i, message in enumerate(simulate(config)))


def one_million(events: int, days: int) -> dict[str, float]:
    """From empty, then with events for one day more in the middle."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        add_shop(lake, events, days, seed=1)
        empty = build(lake)
        add_shop(lake, events // days // 10, 1, seed=2, last=LAST_DAY - timedelta(days=days // 2))
        changed = build(lake)
    return {
        "from_empty_seconds": empty.seconds,
        "from_empty_cpu_seconds": empty.cpu_seconds,
        "changed_day_seconds": changed.seconds,
        "changed_day_cpu_seconds": changed.cpu_seconds,
        "days_rebuilt": changed.days,
        "peak_megabytes": max(empty.peak_megabytes, changed.peak_megabytes),
    }


def daily_run(history_days: int, events_a_day: int, runs: int) -> Measured:
    """The median build, by the processors' time, of one new day with so many days of history before it."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        add_shop(lake, events_a_day * history_days, history_days, seed=3, last=LAST_DAY - timedelta(days=runs))
        build(lake)
        measured = []
        for run in range(runs):
            add_shop(lake, events_a_day, 1, seed=100 + run, last=LAST_DAY - timedelta(days=runs - 1 - run))
            measured.append(build(lake))
    return sorted(measured, key=lambda each: each.cpu_seconds)[runs // 2]


def plot(seconds: dict[int, float], path: Path) -> None:
    """CPU seconds of a daily run over days of history: of the processors, because a busy machine stretches the clock."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    axes.plot(list(seconds), list(seconds.values()), marker="o", color="#2158d6")
    axes.set(xlabel="days of history", ylabel="CPU seconds for one new day", ylim=(0, max(seconds.values()) * 1.3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=144)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--histories", default="30,90,180,365", help="days of history, separated by commas")
    parser.add_argument("--events-a-day", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    figures = one_million(options.events, options.days)
    print(json.dumps(figures), flush=True)
    seconds: dict[int, float] = {}
    for days in (int(text) for text in options.histories.split(",")):
        run = daily_run(days, options.events_a_day, options.runs)
        seconds[days] = run.cpu_seconds
        figure = {"history_days": days, "daily_run_seconds": run.seconds, "daily_run_cpu_seconds": run.cpu_seconds}
        print(json.dumps(figure), flush=True)
    growth = seconds[max(seconds)] / seconds[min(seconds)]
    print(json.dumps({"growth": growth}))
    (RESULTS / "warehouse.json").write_text(
        json.dumps({**figures, "daily_run_cpu_seconds": seconds, "growth": growth}, indent=1)
    )
    plot(seconds, RESULTS / "warehouse.png")
    kept = (
        figures["from_empty_seconds"] < EMPTY_SECONDS
        and figures["changed_day_seconds"] < DAY_SECONDS
        and figures["peak_megabytes"] < PEAK_MEGABYTES
        and growth < MOST_GROWTH
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
