"""The job against what users would otherwise pick, in one run: interleaved rounds, medians, ratios.

    python -m benchmarks.rivals [--messages 100000] [--file-messages 500000] [--rounds 3] [--skip-emulators]

In memory: the graph, the plain loop (the limit), Beam element by element, fileio.WriteToFiles, json + pydantic. From an NDJSON
file on one core: the job against DuckDB's COPY. To a Cloud Storage emulator: one object per message. From the Pub/Sub
emulator: stock DirectRunner streaming. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.option_types import positive_int
from benchmarks import jobs, rival_function, rival_streaming
from benchmarks.contenders import Contender, config, element_by_element, lines_written, messages, our_graph, plain_loop
from benchmarks.figures import Bar, finish, progress, table
from benchmarks.measuring import interleaved, median_rate
from benchmarks.rival_transforms import inspect_with_pydantic, loop_with_pydantic, write_to_files
from event_contract import Rejection, inspect
from producer import SimulationConfig, simulate, write_to_file

ENGINES: Final = ("ours", "duckdb", "duckdb-raw")
ONE_BY_ONE: Final = "graph, gzip, a message an element"
_SLOW_SHARE: Final = 5  # Beam per element gets a fifth of the messages: its rate is the same, its rounds are short


def in_memory(batch: list[Message], rounds: int) -> dict[str, Any]:
    """Events per CPU second of each contender over the same messages."""
    progress(f"in memory: {rounds} rounds, and one to warm up")
    few = batch[: max(1, len(batch) // _SLOW_SHARE)]
    contenders: dict[str, tuple[int, Contender]] = {
        "plain loop": (len(batch), plain_loop(batch, "none")),
        "plain loop, gzip": (len(batch), plain_loop(batch, "gzip")),
        "graph": (len(batch), our_graph(batch, "none")),
        "graph, gzip": (len(batch), our_graph(batch, "gzip")),
        ONE_BY_ONE: (len(few), graph_one_by_one(few)),
        "plain loop, json + pydantic": (len(batch), loop_with_pydantic(batch, by_json=True)),
        "plain loop, pydantic's own JSON": (len(batch), loop_with_pydantic(batch, by_json=False)),
        "Beam, GroupIntoBatches per element, gzip": (len(few), element_by_element(few, "gzip")),
        "Beam, fileio.WriteToFiles": (len(few), write_to_files(few, nested=False)),
    }
    seconds = interleaved({name: run for name, (_, run) in contenders.items()}, rounds)
    graph = [len(batch) / one for one in seconds["graph"]]
    found = {}
    for name, (count, _) in contenders.items():
        rates = [count / one for one in seconds[name]]
        found[name] = {
            "events_per_cpu_second": median_rate(count, seconds[name]),
            "share_of_graph": statistics.median(rate / ours for rate, ours in zip(rates, graph, strict=True)),
        }
    return {
        "messages": len(batch),
        "mean_bytes": sum(len(message.data) for message in batch) / len(batch),
        "rounds": rounds,
        "contenders": found,
        "ratios": {
            "graph / plain loop": _ratio(seconds, "graph", "plain loop"),
            "graph, gzip / graph": _ratio(seconds, "graph, gzip", "graph"),
        },
        "lines": lines_kept(few),
        "refused": refused(few),
    }


def graph_one_by_one(batch: list[Message]) -> Contender:
    """The graph with gzip, each message an element of its own: what Dataflow's workers get from Pub/Sub."""

    def prepared(folder: Path) -> Callable[[], object]:
        graph = MicroBatchGraph(config(folder, "gzip"))
        return lambda: graph.run([[message] for message in batch])

    return prepared


def _ratio(seconds: dict[str, list[float]], name: str, other: str) -> float:
    """Median over the rounds of the rate of one divided by that of the other."""
    return statistics.median(b / a for a, b in zip(seconds[name], seconds[other], strict=True))


def lines_kept(batch: list[Message]) -> dict[str, int]:
    """Lines on disk after a run that reported success, for as many messages."""
    ways = {
        "graph": our_graph(batch, "gzip"),
        "fileio.WriteToFiles, one file name a destination": write_to_files(batch, nested=False),
        "fileio.WriteToFiles, one folder a partition": write_to_files(batch, nested=True),
    }
    kept = {"published": len(batch)}
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            way(Path(folder))()
            kept[name] = lines_written(Path(folder)) - lines_written(Path(folder, "lake", "_control"))
    return kept


def refused(batch: list[Message]) -> dict[str, int]:
    """Messages that each validation refuses."""
    return {
        "contract": sum(isinstance(inspect(one.data, one.publish_micros), Rejection) for one in batch),
        "json + pydantic": sum(inspect_with_pydantic(one.data, by_json=True) is None for one in batch),
        "pydantic's own JSON": sum(inspect_with_pydantic(one.data, by_json=False) is None for one in batch),
    }


def files_to_lake(count: int, rounds: int) -> dict[str, Any]:
    """Each engine over the same file, on one core, in a process of its own; a round has each of them once."""
    found: dict[str, list[dict[str, Any]]] = {}
    with jobs.temporary_folder() as folder:
        file = folder / "events.ndjson"
        write_to_file(simulate(SimulationConfig(events=count, days=7, seed=1)), file)
        for number in range(rounds):
            progress(f"files to lake: round {number + 1} of {rounds}")
            for compression in ("gzip", "none"):
                for engine in ENGINES:
                    figures = one_core(engine, file, compression)
                    found.setdefault(f"{engine} {compression}", []).append(figures)
        size = file.stat().st_size
    medians = {
        name: {
            **runs[0],
            "events_per_cpu_second": statistics.median(count / run["cpu_seconds"] for run in runs),
            "events_per_second": statistics.median(count / run["seconds"] for run in runs),
            "peak_rss_bytes": statistics.median(run["peak_rss_bytes"] for run in runs),
        }
        for name, runs in found.items()
    }
    ratios = {
        f"{rival} by {kind}": statistics.median(
            theirs[kind] / ours[kind] for ours, theirs in zip(found["ours gzip"], found[f"{rival} gzip"], strict=True)
        )
        for rival in ENGINES[1:]
        for kind in ("cpu_seconds", "seconds")
    }
    return {"messages": count, "bytes": size, "rounds": rounds, "engines": medians, "ours_over_gzip": ratios}


def one_core(engine: str, file: Path, compression: str) -> dict[str, Any]:
    """One engine over a file (`one_core`)."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.one_core", engine, str(file), folder, compression],
            capture_output=True,
            text=True,
            check=True,
            env=jobs.environment(),
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def with_emulators(batch: list[Message], one_by_one: int, streamed: int) -> dict[str, Any]:
    """The rivals that need an emulator: one object per message, and stock streaming."""
    progress("to the Cloud Storage emulator, then from the Pub/Sub emulator by stock streaming")
    function, job = rival_function.compare(batch[:one_by_one], batch)
    return {
        "to_storage": {"one object per message": asdict(function), "graph, gzip": asdict(job)},
        "stock_streaming": {
            "messages come while it runs": asdict(rival_streaming.stock(streamed, waiting=False)),
            "messages wait when it starts": asdict(rival_streaming.stock(streamed, waiting=True)),
        },
    }


def show(figures: dict[str, Any]) -> None:
    """Prints the tables."""
    memory = figures["in_memory"]
    print(f"{memory['messages']:,} messages of {memory['mean_bytes']:.0f} bytes in memory, one process, medians")
    rows = [
        [name, f"{one['events_per_cpu_second']:,.0f}", f"{one['share_of_graph']:.2f}"]
        for name, one in memory["contenders"].items()
    ]
    print(table(["", "events/CPU s", "of the graph"], rows))
    print("  lines on disk: " + ", ".join(f"{name} {count:,}" for name, count in memory["lines"].items()))
    print("  messages refused: " + ", ".join(f"{name} {count:,}" for name, count in memory["refused"].items()))
    files = figures["files_to_lake"]
    print(f"{files['messages']:,} messages from an NDJSON file of {files['bytes'] / 1e6:,.0f} MB, one core, medians")
    rows = [
        [
            name,
            f"{one['events_per_cpu_second']:,.0f}",
            f"{one['events_per_second']:,.0f}",
            f"{one['rows']:,}",
            f"{one['objects']:,}",
            f"{one['bytes'] / 1e6:,.1f}",
            f"{one['peak_rss_bytes'] / 1e6:,.0f}",
        ]
        for name, one in files["engines"].items()
    ]
    print(table(["", "events/CPU s", "events/s", "rows", "objects", "MB", "peak MB"], rows))
    for name, one in figures.get("to_storage", {}).items():
        print(
            f"  to Cloud Storage, {name}: {one['messages'] / one['seconds']:,.0f} messages/s,"
            f" {one['requests'] / one['messages']:.4f} requests a message, {one['objects']:,} objects"
        )
    for name, one in figures.get("stock_streaming", {}).items():
        print(
            f"  stock streaming, {name}: {one['messages_per_second']:,.0f} messages/s, of {one['messages']:,}"
            f" {one['lines']:,} written, {one['left']:,} left to be delivered"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=positive_int, default=100_000, help="in memory (default: 100000)")
    parser.add_argument("--file-messages", type=positive_int, default=500_000, help="in the file (default: 500000)")
    parser.add_argument("--rounds", type=positive_int, default=3)
    parser.add_argument("--skip-emulators", action="store_true", help="leave out what needs Java or takes a minute")
    given = parser.parse_args()
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    batch = messages(given.messages)
    figures = {
        "in_memory": in_memory(batch, given.rounds),
        "files_to_lake": files_to_lake(given.file_messages, given.rounds),
    }
    if not given.skip_emulators:
        figures |= with_emulators(batch, one_by_one=300, streamed=5_000)
    show(figures)
    ratios, over = figures["in_memory"]["ratios"], figures["files_to_lake"]["ours_over_gzip"]
    bars = [
        Bar("graph / plain loop, both uncompressed", ratios["graph / plain loop"], 0.6),
        Bar("graph with gzip / without", ratios["graph, gzip / graph"], 0.85),
        Bar("files to lake / DuckDB COPY, gzip, by CPU seconds", over["duckdb by cpu_seconds"], 1.0),
        Bar("files to lake / DuckDB COPY, gzip, by the clock", over["duckdb by seconds"], 1.0),
        Bar("files to lake / DuckDB COPY of raw JSON, gzip, by CPU seconds", over["duckdb-raw by cpu_seconds"], 1.0),
    ]
    return finish("rivals", figures, bars)


if __name__ == "__main__":
    sys.exit(main())
