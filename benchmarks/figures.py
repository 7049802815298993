"""What a benchmark found: kept as JSON with the machine it was found on, shown as a table, judged by its bars."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from beam_pipeline.option_types import positive_int

RESULTS: Final = Path(__file__).parent / "results"
_PACKAGES: Final = ("apache-beam", "duckdb", "msgspec", "isal", "pydantic", "google-cloud-storage")


@dataclass(frozen=True)
class Bar:
    """What a figure must reach: at least `limit`, or at most where `at_most`."""

    name: str
    value: float
    limit: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def line(self) -> str:
        """The verdict, for a person."""
        verdict = "reached" if self.reached else "MISSED "
        return f"  bar {verdict} {self.name}: {self.value:,.2f} ({'<=' if self.at_most else '>='} {self.limit:,.2f})"


def finish(name: str, figures: Mapping[str, Any], bars: Sequence[Bar], folder: Path = RESULTS) -> int:
    """Keeps the figures as `<name>.json` with date, machine and bars; shows the bars.

    Returns:
        The exit code: 0, or 1 if a bar is missed.
    """
    kept = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "bars": [asdict(bar) | {"reached": bar.reached} for bar in bars],
        **figures,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    for bar in bars:
        print(bar.line())
    return 0 if all(bar.reached for bar in bars) else 1


def machine() -> dict[str, Any]:
    """What it was measured on. No host name: results are published."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def progress(text: str) -> None:
    """Says what is being measured now, on standard error."""
    print(f"… {text}", file=sys.stderr, flush=True)


def whole_numbers(text: str) -> list[int]:
    """Numbers above zero, separated by commas, from a command line.

    Raises:
        argparse.ArgumentTypeError: one is none.
    """
    return [positive_int(number) for number in text.split(",")]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    )
