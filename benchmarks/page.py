"""Writes docs/benchmarks.md and its picture from the results, so that no number on the page is typed by hand.

python -m benchmarks.page [--results benchmarks/results] [--docs docs]
"""

from __future__ import annotations

import argparse
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jinja2

from benchmarks import cost
from benchmarks.figures import RESULTS
from benchmarks.plot import draw

BY_THEMSELVES: Final = ("lifecycle", "report_page", "two_processes")
"""On the page if there are results of them: the first two are not run by `make bench`, the last needs two cores."""
NAMES: Final = ("graph", "rivals", "growth", "latency", "emulator", "soak", "small_bundles")
_BUNDLES: Final = (1, 10, 500)
PICTURE: Final = "images/benchmarks.svg"
_TEMPLATE: Final = Path(__file__).with_name("page.md.jinja")


class ResultsMissing(Exception):
    """A benchmark has no results yet; the text names the command that makes them."""


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """The results of every benchmark by its name.

    Raises:
        ResultsMissing: one has none.
    """
    found = {}
    for name in NAMES:
        path = folder / f"{name}.json"
        if not path.exists():
            raise ResultsMissing(f"{path} is not there: run python -m benchmarks.{name}")
        found[name] = json.loads(path.read_text())
    for name in BY_THEMSELVES:
        if (folder / f"{name}.json").exists():
            found[name] = json.loads((folder / f"{name}.json").read_text())
    return found


def render(found: dict[str, dict[str, Any]]) -> str:
    """The page as Markdown."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, of our own figures
    )
    environment.filters["n"] = lambda number, digits=0: f"{number:,.{digits}f}"
    environment.filters["mb"] = lambda size, digits=0: f"{size / 1e6:,.{digits}f}"
    return environment.from_string(_TEMPLATE.read_text()).render(
        **found, bars=_bars(found), costs=costs(found), picture=PICTURE, machine=found["rivals"]["machine"]
    )


def _bars(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**bar, "benchmark": name} for name in found for bar in found[name]["bars"]]


def costs(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The cost model with what was measured here."""
    assumed = cost.Assumed()
    tens = [measured(found["small_bundles"], rate, 10) for rate in cost.RATES]
    ways = {
        "This job on Dataflow": [cost.dataflow(rate, one, assumed) for rate, one in zip(cost.RATES, tens, strict=True)],
        "Pub/Sub's Cloud Storage subscription": [cost.subscription(rate, assumed) for rate in cost.RATES],
        "A function call and an object per message": [cost.function(rate, assumed) for rate in cost.RATES],
    }
    rows = []
    for name, months in ways.items():
        rows.append([f"**{name}**", *(f"**{cost.total(lines):,.0f}**" for lines in months)])
        rows.extend([line, *(f"{lines[line]:,.0f}" for lines in months)] for line in months[0])
    by_bundle = [[f"bundles of {bundle}", *_totals(found["small_bundles"], bundle, assumed)] for bundle in _BUNDLES]
    floor = cost.dataflow(1, tens[0], assumed)["workers"]
    return {
        "measured": tens,
        "by_bundle": by_bundle,
        "assumed": assumed,
        "prices": cost.PRICES,
        "rates": [f"{rate:,} events/s" for rate in cost.RATES],
        "seconds": cost.SECONDS_A_MONTH,
        "rows": rows,
        "workers": [cost.workers(rate, one, assumed) for rate, one in zip(cost.RATES, tens, strict=True)],
        "floor": floor,
        "break_even": floor / cost.total(cost.function(1, assumed)),
    }


def _totals(simulated: dict[str, Any], bundle: int, assumed: cost.Assumed) -> list[str]:
    months = (cost.dataflow(rate, measured(simulated, rate, bundle), assumed) for rate in cost.RATES)
    return [f"{cost.total(lines):,.0f}" for lines in months]


def measured(simulated: dict[str, Any], rate: int, bundle: int) -> cost.Measured:
    """What was found in bundles of that size, at the highest rate up to that; objects, of any size of bundles, in proportion."""
    punctual = [one for one in simulated["found"] if one["rate"] <= rate and not one["late"]]
    one = max((one for one in punctual if one["bundle"] == bundle), key=lambda one: one["rate"])
    nearest = max(one["rate"] for one in punctual)
    objects = max(one["objects_a_minute"] + one["manifests_a_minute"] for one in punctual if one["rate"] == nearest)
    return cost.Measured(
        events_per_cpu_second=Decimal(round(1e6 / one["cpu_micros"])),
        stored_bytes=Decimal(str(round(one["stored"], 1))),
        streamed_bytes=Decimal(round(one["exactly_once"])),
        objects_a_minute=Decimal(str(round(objects))) * rate / nearest,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[1] / "docs")
    given = parser.parse_args()
    try:
        found = results(given.results)
    except ResultsMissing as problem:
        parser.error(str(problem))
    draw(found["rivals"], found["growth"], given.docs / PICTURE)
    (given.docs / "benchmarks.md").write_text(render(found))
    print(f"wrote {given.docs}/benchmarks.md and {given.docs}/{PICTURE}")


if __name__ == "__main__":
    main()
