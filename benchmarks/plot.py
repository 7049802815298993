"""The picture of the page: rivals, and growth by events and by partitions. Grey text on nothing: readable on light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_INK: Final = "#7d8590"
_OURS: Final = "#2f81f7"
_OTHERS: Final = "#a5763b"
_LIMIT: Final = "#57965c"


def draw(rivals: dict[str, Any], growth: dict[str, Any], path: Path) -> None:
    """Draws the panels into an SVG file that is the same for the same figures."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    colours: dict[Any, Any] = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    )
    with mpl.rc_context({**colours, "svg.hashsalt": "benchmarks", "font.size": 9, "savefig.transparent": True}):
        figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(12, 4), gridspec_kw={"width_ratios": (2, 1, 1)})
        _rivals(left, rivals)
        most = 1.1 * max(one["events_per_second"] for one in (*growth["by_events"], *growth["by_partitions"]))
        _growth(middle, growth["by_events"], "events", most)
        _growth(right, growth["by_partitions"], "partitions", most)
        figure.tight_layout(w_pad=2)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def bars(rivals: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Name, events per CPU second and colour of each way, the slowest first."""
    memory = rivals["in_memory"]["contenders"]
    engines = rivals["files_to_lake"]["engines"]
    function = rivals.get("to_storage", {}).get("one object per message")
    stock = rivals.get("stock_streaming", {}).get("messages come while it runs")
    found = [
        ("plain loop, no Beam: the limit", memory["plain loop"], _LIMIT),
        ("graph, in memory", memory["graph"], _OURS),
        ("graph, in memory, gzip", memory["graph, gzip"], _OURS),
        ("files to lake, gzip", engines["ours gzip"], _OURS),
        ("DuckDB COPY, gzip", engines["duckdb gzip"], _OTHERS),
        ("DuckDB COPY of raw JSON, gzip", engines["duckdb-raw gzip"], _OTHERS),
        ("plain loop, json + pydantic", memory["plain loop, json + pydantic"], _OTHERS),
        ("Beam, fileio.WriteToFiles", memory["Beam, fileio.WriteToFiles"], _OTHERS),
        ("Beam, GroupIntoBatches per element, gzip", memory["Beam, GroupIntoBatches per element, gzip"], _OTHERS),
    ]
    named = [(name, float(one["events_per_cpu_second"]), colour) for name, one, colour in found]
    if function:
        named.append(("one object per message", function["messages"] / function["cpu_seconds"], _OTHERS))
    if stock:
        named.append(("stock streaming (by the clock)", stock["messages_per_second"], _OTHERS))
    return sorted(named, key=lambda one: one[1])


def _rivals(axes: Any, rivals: dict[str, Any]) -> None:
    names, values, colours = zip(*bars(rivals), strict=True)
    axes.barh(names, values, color=colours)
    axes.set(xscale="log", title="Events per CPU second (logarithmic)", xlim=(min(values) / 2, max(values) * 4))
    for row, value in enumerate(values):
        axes.text(value * 1.1, row, f"{value:,.0f}", va="center")
    axes.spines[["top", "right"]].set_visible(False)


def _growth(axes: Any, found: list[dict[str, Any]], name: str, most: float) -> None:
    axes.plot([one[name] for one in found], [one["events_per_second"] for one in found], color=_OURS, marker="o")
    axes.set(xscale="log", ylim=(0, most), title=f"Files to lake, events/s\nby number of {name}", xlabel=name)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(x=0.1)
