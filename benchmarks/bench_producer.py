"""How fast the shop is simulated, on one core, and published.

    python benchmarks/bench_producer.py [--events 100000] [--runs 5]

Publishing is measured where `PUBSUB_EMULATOR_HOST` names an emulator, to a topic with one subscription that nobody reads.
Prints one JSON line a figure; exits with 1 below 25,000 simulated messages a second.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import deque
from pathlib import Path

from producer import SimulationConfig, publish_to_topic, simulate, write_to_file

REQUIRED_PER_SECOND = 25_000


def simulated_per_second(events: int, seed: int) -> float:
    """Messages a second, poison and all, made and thrown away."""
    begun = time.process_time()
    deque(simulate(SimulationConfig(events=events, days=7, seed=seed)), maxlen=0)
    return events / (time.process_time() - begun)


def written_per_second(events: int, seed: int) -> float:
    """Messages a second into a gzipped file, with the truth about them."""
    with tempfile.TemporaryDirectory() as folder:
        messages = simulate(SimulationConfig(events=events, days=7, seed=seed))
        truth = Path(folder, "truth.jsonl")
        return write_to_file(messages, Path(folder, "events.ndjson.gz"), truth=truth).messages_per_second


def published_per_second(events: int, seed: int) -> float:
    """Messages a second to the emulator, simulated on the way, with the truth about them."""
    from lake_cli.local import pubsub  # only where there is an emulator

    name = uuid.uuid4().hex
    route = pubsub.Route(pubsub.LOCAL_PROJECT, f"bench-{name}", f"bench-{name}")
    address = os.environ["PUBSUB_EMULATOR_HOST"]
    pubsub.create(address, route)
    try:
        with tempfile.TemporaryDirectory() as folder:
            messages = simulate(SimulationConfig(events=events, days=7, seed=seed))
            return publish_to_topic(messages, route.topic, truth=Path(folder, "truth.jsonl")).messages_per_second
    finally:
        pubsub.delete(address, route)


def main() -> int:
    """Measures and prints; the exit code says whether the shop is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000, help="messages a run (default: 100000)")
    parser.add_argument("--runs", type=int, default=5, help="runs; their median counts (default: 5)")
    options = parser.parse_args()
    measures = {"simulate": simulated_per_second, "write_gzip_with_truth": written_per_second}
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        measures["publish_with_truth"] = published_per_second
    else:
        print("publishing is not measured: PUBSUB_EMULATOR_HOST names no emulator", file=sys.stderr)
    simulated_per_second(1000, seed=0)  # fills the pools of names, once for all runs
    medians = {}
    for name, measure in measures.items():
        runs = [measure(options.events, seed) for seed in range(1, options.runs + 1)]
        medians[name] = statistics.median(runs)
        print(json.dumps({"measure": name, "messages_per_second": round(medians[name]), "runs": [*map(round, runs)]}))
    return 0 if medians["simulate"] >= REQUIRED_PER_SECOND else 1


if __name__ == "__main__":
    sys.exit(main())
