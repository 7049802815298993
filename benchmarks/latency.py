"""Publish to visible: how long after a message was published its line can be read in the lake, at several rates.

    python -m benchmarks.latency [--rates 200,1000,2000,4000] [--seconds 20]

The documented command reads an emulator while the shop publishes at a steady rate. A message is visible when the object with
its line is listed in the lake or the quarantine, which are looked at every 50 ms; the latency counts from the publish time
that the emulator gave it. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from beam_pipeline.messages import micros_of, now_micros
from beam_pipeline.option_types import positive_float
from benchmarks import jobs
from benchmarks.figures import Bar, finish, progress, table, whole_numbers
from benchmarks.routes import emulated, publish, route

MOST_P99_SECONDS: Final = 5.0
BAR_RATE: Final = 2000
_LOOK_SECONDS: Final = 0.05
_WARM_UP_MESSAGES: Final = 200
_START_SECONDS: Final = 60.0
_PUBLISH_TIME: Final = re.compile(rb'.*"publish_time":"([^"]+)"')  # greedy: the last of a line is the job's


class Watch:
    """Notes when each object of a lake and its quarantine is first listed, in microseconds since the epoch."""

    def __init__(self, folder: Path) -> None:
        self._roots = [folder / "lake", folder / "quarantine" / "failed"]
        self._over = threading.Event()
        self.seen: dict[str, int] = {}

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for root in self._roots:
                for path in _objects(str(root)):
                    if path not in self.seen:
                        self.seen[path] = now_micros()

    def messages(self, since_micros: int) -> list[tuple[int, int]]:
        """When every message that was published since then was published, and when it was seen; microseconds."""
        found = []
        for path, seen in self.seen.items():
            for line in gzip.decompress(Path(path).read_bytes()).splitlines():
                published = _PUBLISH_TIME.match(line)
                assert published, f"a line of {path} has no publish time"
                micros = micros_of(published[1].decode())
                if micros >= since_micros:
                    found.append((micros, seen))
        return found


def _objects(folder: str) -> Iterator[str]:
    """Every object below; control files and files being written are none."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith("_"):
            continue
        if entry.is_dir():
            yield from _objects(entry.path)
        else:
            yield entry.path


def at_rate(address: str, rate: int, seconds: float, *options: str) -> dict[str, Any]:
    """Publishes for so long at the rate while the command runs.

    Raises:
        RuntimeError: not every message was seen.
    """
    progress(" ".join([f"{rate:,} messages/s for {seconds:.0f} s", *options]))
    count = int(rate * seconds)
    with jobs.temporary_folder() as folder, route(address) as subscribed:
        arguments = (f"--input_subscription={subscribed.subscription}", *options)
        with Watch(folder) as watch, jobs.ingesting(folder, *arguments) as process:
            publish(subscribed, _WARM_UP_MESSAGES)
            jobs.wait_until_read(folder, _WARM_UP_MESSAGES, process, _START_SECONDS)
            since = now_micros()
            publish(subscribed, count, rate)
            jobs.wait_until_read(folder, _WARM_UP_MESSAGES + count, process, _START_SECONDS)
            time.sleep(2 * _LOOK_SECONDS)
        messages, kept = watch.messages(since), jobs.stored(folder)
    if len(messages) != count:
        raise RuntimeError(f"{count:,} messages were published, {len(messages):,} were seen")
    first, last = min(published for published, _ in messages), max(published for published, _ in messages)
    found = sorted((seen - published) / 1e6 for published, seen in messages)
    return {
        "asked_per_second": rate,
        "published_per_second": count / ((last - first) / 1e6),
        "messages": count,
        "p50_seconds": statistics.median(found),
        "p99_seconds": found[int(0.99 * (count - 1))],
        "worst_seconds": found[-1],
        "objects": kept.objects,
        "objects_per_million_and_partition_day": kept.objects / kept.partition_days / (kept.rows / 1e6),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=whole_numbers, default=[200, 1000, 2000, 4000], help="separated by commas")
    parser.add_argument("--seconds", type=positive_float, default=20.0, help="how long at each rate (default: 20)")
    given = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with jobs.temporary_folder() as folder, emulated(folder / "emulator.log") as address:
        for rate in given.rates:
            found[f"{rate:,} events/s"] = at_rate(address, rate, given.seconds)
        quick = "--batch_max_wait_seconds=0.5"
        found[f"{BAR_RATE:,} events/s, {quick}"] = at_rate(address, BAR_RATE, given.seconds, quick)
    rows = [
        [
            name,
            f"{one['published_per_second']:,.0f}",
            *(f"{one[key]:.2f}" for key in ("p50_seconds", "p99_seconds", "worst_seconds")),
            f"{one['objects_per_million_and_partition_day']:,.0f}",
        ]
        for name, one in found.items()
    ]
    print(table(["publish to visible", "events/s", "p50 s", "p99 s", "worst s", "objects/M/partition-day"], rows))
    at_bar = found.get(f"{BAR_RATE:,} events/s")
    bars = (
        [Bar(f"p99 at {BAR_RATE:,} events/s, seconds", at_bar["p99_seconds"], MOST_P99_SECONDS, True)] if at_bar else []
    )
    return finish("latency", {"seconds_a_rate": given.seconds, "rates": found}, bars)


if __name__ == "__main__":
    sys.exit(main())
