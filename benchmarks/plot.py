"""The picture of the page: rivals on the left, growth on the right. Grey text on nothing: readable on light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_INK: Final = "#7d8590"
_OURS: Final = "#2f81f7"
_OTHERS: Final = "#a5763b"
_LIMIT: Final = "#57965c"


def draw(rivals: dict[str, Any], growth: dict[str, Any], path: Path) -> None:
    """Draws both panels into an SVG file that is the same for the same figures."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    colours = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK)
    with mpl.rc_context({**colours, "svg.hashsalt": "benchmarks", "font.size": 9, "savefig.transparent": True}):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), gridspec_kw={"width_ratios": (1.15, 1)})
        _rivals(left, rivals)
        _growth(right, growth)
        figure.tight_layout(w_pad=3)
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
    axes.set(xscale="log", title="Events per CPU second, same messages", xlim=(min(values) / 2, max(values) * 4))
    for row, value in enumerate(values):
        axes.text(value * 1.1, row, f"{value:,.0f}", va="center")
    axes.spines[["top", "right"]].set_visible(False)


def _growth(axes: Any, growth: dict[str, Any]) -> None:
    for key, name, colour, marker in (
        ("by_events", "events", _OURS, "o"),
        ("by_partitions", "partitions", _OTHERS, "s"),
    ):
        found = growth[key]
        axes.plot(
            [one[name] for one in found], [one["events_per_second"] for one in found], color=colour, marker=marker
        )
        axes.annotate(
            f"by {name}",
            (found[-1][name], found[-1]["events_per_second"]),
            textcoords="offset points",
            xytext=(0, 8),
            ha="center",
            color=colour,
        )
    axes.set(xscale="log", ylim=(0, None), title="Files to lake: events a second", xlabel="events, or partitions")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(x=0.12, y=0.15)
