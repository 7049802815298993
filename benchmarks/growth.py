"""How the job grows: with the number of events, and with the number of partitions that they fall into.

    python -m benchmarks.growth [--full] [--events 10000,100000,1000000] [--partitions 1,10,100,1000,10000]

Each figure is of the documented command over an NDJSON file, in a process of its own. Start-up, the import of Beam above all,
is counted in CPU seconds and memory; events/s are the job's own, from its first message to its last object. `--full` goes on
to 10^7 events (3.7 GB of disk for a while). Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from beam_pipeline.option_types import positive_int
from benchmarks import jobs
from benchmarks.figures import Bar, finish, progress, table, whole_numbers
from event_contract import Rejection, inspect
from producer import SimulationConfig, simulate

OBJECTS_PER_MILLION_AND_PARTITION_DAY: Final = 60.0
_BYTES_AN_EVENT: Final = 400
_FULL: Final = 10_000_000
_TYPES: Final = 5  # of events in them: with one, ten thousand partitions would go back to the last century
_LAST_DAY: Final = date(2026, 11, 21)
_PUBLISH_MICROS: Final = 1_795_341_600_000_000
_FIRST_DAY: Final = datetime(2026, 11, 15, tzinfo=UTC)  # of the week before, whenever this runs


def measured(file: Path, events: int) -> dict[str, Any]:
    """The command over a file of so many events.

    Raises:
        RuntimeError: it failed, or did not account for every event.
    """
    with jobs.temporary_folder() as folder:
        job = jobs.ingest(folder, f"--input_files={file}")
        kept = jobs.stored(folder)
    if kept.rows != events:
        raise RuntimeError(f"{events:,} events went in, {kept.rows:,} are in lake and quarantine")
    millions = events / 1e6
    return {
        "events": events,
        "events_per_second": job.summary["messages_per_second"],
        "cpu_seconds": job.cpu_seconds,
        "cpu_seconds_per_million": job.cpu_seconds / millions,
        "seconds": job.seconds,
        "peak_rss_bytes": job.peak_rss_bytes,
        "peak_rss_bytes_per_million": job.peak_rss_bytes / millions,
        "objects": kept.objects,
        "objects_per_million": kept.objects / millions,
        "bytes_per_million": kept.bytes / millions,
        "requests_per_million": kept.requests / millions,
        "partition_days": kept.partition_days,
        "objects_per_million_and_partition_day": kept.objects / kept.partition_days / millions,
    }


def by_events(counts: list[int]) -> list[dict[str, Any]]:
    """A week of the shop, in ever more events."""
    found = []
    for count in counts:
        progress(f"{count:,} events")
        with jobs.temporary_folder() as folder:
            if shutil.disk_usage(folder).free < 2 * count * _BYTES_AN_EVENT:
                raise RuntimeError(
                    f"{count:,} events need {2 * count * _BYTES_AN_EVENT / 1e9:.0f} GB of disk below {folder}"
                )
            file = folder / "events.ndjson"
            jobs.shop(f"--events={count}", "--days=7", "--seed=1", f"--output={file}")
            found.append(measured(file, count))
    return found


def by_partitions(events: int, counts: list[int]) -> list[dict[str, Any]]:
    """The same number of events, spread evenly and in no order over ever more partitions."""
    found = []
    for count in counts:
        progress(f"{count:,} partitions")
        with jobs.temporary_folder() as folder:
            file = folder / "events.ndjson"
            with open(file, "wb") as lines:
                lines.writelines(spread(events, count))
            found.append(measured(file, events) | {"partitions": count})
            assert found[-1]["partition_days"] == count
    return found


def spread(events: int, partitions: int) -> Iterator[bytes]:
    """Lines of valid events, the n-th in partition n modulo `partitions`: event types times dates back from the last."""
    templates = list(_one_of_each(min(partitions, _TYPES)).values())
    for number in range(events):
        date_number, type_number = divmod(number % partitions, len(templates))
        line, day = templates[type_number]
        moved = (_LAST_DAY - timedelta(days=date_number)).isoformat().encode()
        yield line.replace(b'"timestamp":"' + day, b'"timestamp":"' + moved, 1) + b"\n"


def _one_of_each(types: int) -> dict[str, tuple[bytes, bytes]]:
    """A valid event of each of so many types, with the date in its timestamp: what the shop sends first."""
    found: dict[str, tuple[bytes, bytes]] = {}
    for message in simulate(SimulationConfig(events=20_000, days=7, seed=1, poison_rate=0.0, start=_FIRST_DAY)):
        verdict = inspect(message.data, _PUBLISH_MICROS)
        if not isinstance(verdict, Rejection) and verdict.event_type not in found:
            day = message.data.partition(b'"timestamp":"')[2][:10]
            found[verdict.event_type] = message.data, day
        if len(found) == types:
            break
    return found


def show(figures: dict[str, Any]) -> None:
    """Prints the tables."""
    header = ["events/s", "CPU s/M", "peak MB", "objects/M", "MB/M", "requests/M", "objects/M/partition-day"]
    for title, key in (("events", "by_events"), ("partitions", "by_partitions")):
        rows = [
            [
                f"{one[title]:,}",
                f"{one['events_per_second']:,.0f}",
                f"{one['cpu_seconds_per_million']:,.1f}",
                f"{one['peak_rss_bytes'] / 1e6:,.0f}",
                f"{one['objects_per_million']:,.0f}",
                f"{one['bytes_per_million'] / 1e6:,.1f}",
                f"{one['requests_per_million']:,.0f}",
                f"{one['objects_per_million_and_partition_day']:,.1f}",
            ]
            for one in figures[key]
        ]
        print(table([title, *header], rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=whole_numbers, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--full", action="store_true", help="10^7 events, too")
    parser.add_argument("--partitions", type=whole_numbers, default=[1, 10, 100, 1_000, 10_000])
    parser.add_argument(
        "--partition-events", type=positive_int, default=200_000, help="events spread over them (default: 200000)"
    )
    given = parser.parse_args()
    counts = [*given.events, _FULL] if given.full else given.events
    figures = {
        "by_events": by_events(counts),
        "by_partitions": by_partitions(given.partition_events, given.partitions),
    }
    show(figures)
    largest = figures["by_events"][-1]
    bars = [
        Bar(
            "objects per million events and partition-day",
            largest["objects_per_million_and_partition_day"],
            OBJECTS_PER_MILLION_AND_PARTITION_DAY,
            at_most=True,
        )
    ]
    return finish("growth", figures, bars)


if __name__ == "__main__":
    sys.exit(main())
