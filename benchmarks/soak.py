"""Does memory stay flat? Millions of events by files, then minutes of steady traffic from the emulator, in one process each.

    python -m benchmarks.soak [--events 2000000] [--minutes 10] [--rate 1000]

Resident memory is sampled every second. Flat: the mean of the last quarter is within 10 % of that of the second quarter. At the
end every message must be in the lake or in quarantine, by the manifest. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any, Final

from beam_pipeline.option_types import positive_float, positive_int
from benchmarks import jobs
from benchmarks.figures import Bar, finish, progress, table
from benchmarks.routes import emulated, publish, route
from producer import SimulationConfig, simulate, write_to_file

MOST_CHANGE: Final = 0.10
_FILES: Final = 8
_PLOTTED: Final = 120
_START_SECONDS: Final = 60.0


def by_files(events: int) -> dict[str, Any]:
    """That many events in several files, in one run of the command."""
    progress(f"{events:,} events by files")
    with jobs.temporary_folder() as folder:
        for number in range(_FILES):
            share = events // _FILES + (number < events % _FILES)
            messages = simulate(SimulationConfig(events=share, days=7, seed=number))
            write_to_file(messages, folder / f"events-{number}.ndjson")
        with (
            jobs.ingesting(folder, f"--input_files={folder}/events-*.ndjson") as process,
            jobs.MemorySampler(process.pid) as memory,
        ):
            code = process.wait()
        if code:
            raise RuntimeError(f"the job ended with {code}: {(folder / 'log').read_text()[-500:]}")
        return _verdict(folder, events, memory.samples)


def by_emulator(address: str, minutes: float, rate: int) -> dict[str, Any]:
    """Steady traffic for so long; sampled only while it flows."""
    messages = int(60 * minutes * rate)
    progress(f"{rate:,} messages/s from the emulator for {minutes:g} minutes")
    with jobs.temporary_folder() as folder, route(address) as subscribed:
        with jobs.ingesting(folder, f"--input_subscription={subscribed.subscription}") as process:
            with jobs.MemorySampler(process.pid) as memory:
                publish(subscribed, messages, rate)
            jobs.wait_until_read(folder, messages, process, _START_SECONDS)
        return _verdict(folder, messages, memory.samples) | {"minutes": minutes, "rate": rate}


def _verdict(folder: Path, messages: int, samples: list[int]) -> dict[str, Any]:
    kept = jobs.stored(folder)
    return {
        "messages": messages,
        "rows": kept.rows,
        "objects": kept.objects,
        "peak_rss_bytes": max(samples),
        "change": change(samples),
        "samples": len(samples),
        "rss_bytes": samples[:: max(1, len(samples) // _PLOTTED)],
    }


def change(samples: list[int]) -> float:
    """By how much the mean of the last quarter differs from that of the second: 0.1 is ten per cent, up or down."""
    quarter = len(samples) // 4
    if quarter == 0:
        raise ValueError(f"{len(samples)} samples are too few to compare quarters: let it run longer")
    second = statistics.fmean(samples[quarter : 2 * quarter])
    return abs(statistics.fmean(samples[-quarter:]) / second - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=positive_int, default=2_000_000, help="by files (default: 2000000)")
    parser.add_argument("--minutes", type=positive_float, default=10.0, help="by emulator (default: 10)")
    parser.add_argument(
        "--rate", type=positive_int, default=1_000, help="messages a second by emulator (default: 1000)"
    )
    given = parser.parse_args()
    found = {"by_files": by_files(given.events)}
    with jobs.temporary_folder() as folder, emulated(folder / "emulator.log") as address:
        found["by_emulator"] = by_emulator(address, given.minutes, given.rate)
    rows = [
        [
            name,
            f"{one['messages']:,}",
            f"{one['rows']:,}",
            f"{one['peak_rss_bytes'] / 1e6:,.0f}",
            f"{one['change']:.1%}",
        ]
        for name, one in found.items()
    ]
    print(table(["", "published", "written", "peak MB", "change of memory"], rows))
    bars = []
    for name, one in found.items():
        way = name.replace("_", " ")
        bars.append(Bar(f"soak {way}: change of memory", one["change"], MOST_CHANGE, at_most=True))
        bars.append(Bar(f"soak {way}: messages unaccounted for", abs(one["messages"] - one["rows"]), 0, at_most=True))
    return finish("soak", found, bars)


if __name__ == "__main__":
    sys.exit(main())
