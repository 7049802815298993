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
from benchmarks.rivals import ONE_BY_ONE

NAMES: Final = ("graph", "rivals", "growth", "latency", "emulator", "soak")
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
    return [{**bar, "benchmark": name} for name in NAMES for bar in found[name]["bars"]]


def costs(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The cost model with what was measured here."""
    one_by_one = found["rivals"]["in_memory"]["contenders"][ONE_BY_ONE]["events_per_cpu_second"]
    measured = cost.Measured(
        events_per_cpu_second=Decimal(round(one_by_one)),
        stored_bytes=Decimal(round(found["growth"]["by_events"][-1]["bytes_per_million"])) / 1_000_000,
    )
    assumed = cost.Assumed()
    ways = {
        "This job on Dataflow": [cost.dataflow(rate, measured, assumed) for rate in cost.RATES],
        "Pub/Sub's Cloud Storage subscription": [cost.subscription(rate, assumed) for rate in cost.RATES],
        "A function call and an object per message": [cost.function(rate, assumed) for rate in cost.RATES],
    }
    rows = []
    for name, months in ways.items():
        rows.append([f"**{name}**", *(f"**{cost.total(lines):,.0f}**" for lines in months)])
        rows.extend([line, *(f"{lines[line]:,.0f}" for lines in months)] for line in months[0])
    floor = cost.dataflow(1, measured, assumed)["workers"]
    return {
        "measured": measured,
        "assumed": assumed,
        "prices": cost.PRICES,
        "rates": [f"{rate:,} events/s" for rate in cost.RATES],
        "seconds": cost.SECONDS_A_MONTH,
        "rows": rows,
        "workers": [cost.workers(rate, measured, assumed) for rate in cost.RATES],
        "floor": floor,
        "break_even": floor / cost.total(cost.function(1, assumed)),
    }


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
