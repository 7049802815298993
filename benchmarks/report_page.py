"""A year of a shop on the report page: how large it is, and how long a brush takes to be on the screen.

    python -m benchmarks.report_page [--events 10000000] [--days 365] [--warehouse FILE] [--brushes 60] [--rounds 5]

Simulates the shop, writes its lake, builds the warehouse and renders the page, all as a user would; ten million events take some
ten minutes. `--warehouse` measures the page of a warehouse that is there; `--keep` keeps one that is made. Then headless
Chromium draws periods of every length over a chart and chooses filters; a brush lasts from the pointer's release, or the choice,
until the frame that shows it has been painted. Beside the clock stands the CPU time of the page's main thread, which a busy
machine does not stretch.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.figures import Bar, finish, progress
from lake_cli.report import render
from producer import SimulationConfig, simulate
from tests.warehouse.lakes import Lake

LAST_DAY: Final = date(2026, 11, 21)
MOST_BYTES: Final = 5_000_000
MOST_MILLISECONDS: Final = 100.0
_STRETCH_DAYS: Final = 15
_CODES: Final = ("invalid_json", "missing_field", "wrong_type")
_FILTERS: Final = ("device", "country", "category", "channel")

_WATCH = """() => {
    const painted = () => new Promise((done) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now());
        channel.port2.postMessage(null);
    }));
    window.brushed = new Promise((done) => {
        const kinds = ['pointerup', 'input'], begun = (event) => {
            kinds.forEach((kind) => removeEventListener(kind, begun, true));
            painted().then((end) => done(end - event.timeStamp));
        };
        kinds.forEach((kind) => addEventListener(kind, begun, true));
    });
}"""
_WHOLE_YEAR = """() => {
    const form = document.getElementById('filters'), { min, max } = form.elements.namedItem('from');
    form.elements.namedItem('from').value = min;
    form.elements.namedItem('to').value = max;
    form.dispatchEvent(new Event('input'));
}"""


class _Timestamp(msgspec.Struct):
    timestamp: datetime


def add_year(lake: Lake, events: int, days: int) -> None:
    """A shop of so many events over so many days, published a second after they happened, with a few refused messages a day."""
    decode = msgspec.json.Decoder(_Timestamp).decode
    first = LAST_DAY - timedelta(days=days - 1)
    for number, start in enumerate(range(0, days, _STRETCH_DAYS)):
        length = min(_STRETCH_DAYS, days - start)
        begin = datetime.combine(first + timedelta(days=start), datetime.min.time(), UTC)
        progress(f"{begin.date()}: {events * length // days:,} events")
        config = SimulationConfig(
            events=events * length // days, days=length, seed=number, start=begin, poison_rate=0.0, late_rate=0.01
        )

        def arrivals(config: SimulationConfig = config, number: int = number) -> Iterator[tuple[bytes, datetime, str]]:
            for position, message in enumerate(simulate(config)):
                late = timedelta(hours=2) if message.kind == "late" else timedelta(seconds=1)
                yield message.data, decode(message.data).timestamp.astimezone(UTC) + late, f"{number}-{position}"

        lake.write_payloads(arrivals())
        for day in range(length):
            lake.quarantine(
                _CODES[day % 3],
                *(b"broken %d" % each for each in range(day % 7 + 1)),
                published_at=(begin + timedelta(days=day, hours=12)).isoformat(),
            )


def made_warehouse(folder: Path, events: int, days: int) -> Path:
    """The warehouse of a simulated year.

    Raises:
        RuntimeError: it could not be built.
    """
    lake = Lake(folder)
    add_year(lake, events, days)
    progress("building the warehouse")
    command = "import sys; from warehouse_runner import build; sys.exit('; '.join(build(*sys.argv[1:4]).failures) or 0)"
    places = [str(lake.path), str(lake.quarantine_path), str(lake.warehouse)]
    done = subprocess.run([sys.executable, "-c", command, *places], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the build ended with {done.returncode}: {done.stderr[-500:]}")
    return lake.warehouse


def brushes(count: int, choices: dict[str, list[str]], seed: int) -> Iterator[tuple[float, float, list[str] | None]]:
    """Periods of every length, and between them filters: set one after the other, and taken back."""
    rng = random.Random(seed)
    for number in range(count):
        if number % 3 == 2:
            name = _FILTERS[number // 3 % len(_FILTERS)]
            yield 0.0, 0.0, [name, rng.choice(["", *choices[name]])]
        else:
            begin = rng.uniform(0.0, 0.8)
            yield begin, min(1.0, begin + rng.uniform(0.05, 1.0)), None


def measure(page: Path, count: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every brush, in a window of its own for each round, and until the page stood; by kind.

    `cpu` is what each brush took of the main thread.

    Raises:
        RuntimeError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("there is no Chromium: install it (Debian: apt-get install chromium)")
    found: dict[str, list[float]] = {"period": [], "filter": [], "open": [], "cpu": []}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for seed in range(rounds):
            view = browser.new_page(viewport={"width": 1280, "height": 900})
            begun = time.perf_counter()
            view.goto(page.as_uri())
            view.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
            watched = view.context.new_cdp_session(view)
            watched.send("Performance.enable", {"timeDomain": "threadTicks"})
            found["open"].append(1000 * (time.perf_counter() - begun))
            choices = {
                name: view.eval_on_selector_all(
                    f"select[name={name}] option", "options => options.map((each) => each.value).filter(Boolean)"
                )
                for name in _FILTERS
            }
            for begin, end, choice in brushes(count, choices, seed):
                if choice is None:  # from the whole year each time, with the filters that are set
                    view.evaluate(_WHOLE_YEAR)
                box = view.locator("#revenue-chart").bounding_box()
                view.evaluate(_WATCH)
                before = busy_seconds(watched)
                if choice is None:
                    view.mouse.move(box["x"] + begin * (box["width"] - 1), box["y"] + 80)
                    view.mouse.down()
                    view.mouse.move(box["x"] + end * (box["width"] - 1), box["y"] + 80, steps=4)
                    view.mouse.up()
                else:
                    view.select_option(f"select[name={choice[0]}]", choice[1])
                found["filter" if choice else "period"].append(view.evaluate("brushed"))
                found["cpu"].append(1000 * (busy_seconds(watched) - before))
            view.close()
        browser.close()
    return found


def busy_seconds(watched: Any) -> float:
    """CPU seconds that the page's main thread has spent on tasks."""
    metrics = watched.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--warehouse", type=Path, help="measure the page of this one")
    parser.add_argument("--keep", type=Path, help="keep the warehouse that is made as this file")
    parser.add_argument("--brushes", type=int, default=60, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = given.warehouse or made_warehouse(Path(folder), given.events, given.days)
        if given.keep is not None:
            shutil.copy(warehouse, given.keep)
        progress("rendering the page")
        begun = time.perf_counter()
        page = render(warehouse, Path(folder) / "index.html")
        rendered = time.perf_counter() - begun
        progress("brushing")
        found = measure(page, given.brushes, given.rounds)
        size = page.stat().st_size
    together = found["period"] + found["filter"]
    figures = {
        "events": given.events,
        "days": given.days,
        "bytes": size,
        "render_seconds": rendered,
        "open_milliseconds": statistics.median(found["open"]),
        "brushes": {
            kind: {
                "count": len(values),
                "p50_milliseconds": percentile(values, 50),
                "p95_milliseconds": percentile(values, 95),
                "worst_milliseconds": max(values),
            }
            for kind, values in (
                ("period", found["period"]),
                ("filter", found["filter"]),
                ("main thread", found["cpu"]),
            )
        },
    }
    print(json.dumps(figures, indent=1))
    return finish(
        "report_page",
        figures,
        [
            Bar("report page of a year, bytes", size, MOST_BYTES, at_most=True),
            Bar("brush to repaint, p95 milliseconds", percentile(together, 95), MOST_MILLISECONDS, at_most=True),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
