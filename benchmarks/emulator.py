"""From the Pub/Sub emulator to files, against the bare rate at which the emulator lets messages be pulled.

    python -m benchmarks.emulator [--messages 40000] [--rounds 5]

Starts an emulator of its own, or uses the one that PUBSUB_EMULATOR_HOST names. Each round publishes the messages first, then
takes the time from the start of pulling until all are written and acknowledged; the start-up of Python is not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from google.cloud.pubsub_v1 import SubscriberClient

from benchmarks.measuring import ROUNDS
from local_platform import emulator as emulators
from local_platform import pubsub
from producer import SimulationConfig, publish_to_topic, simulate


def ingested_per_second(route: pubsub.Route, count: int) -> float:
    """Messages a second of the documented command over a full subscription."""
    folder = Path(tempfile.mkdtemp())
    summary = folder / "summary.json"
    subprocess.run(
        [
            *(sys.executable, "-m", "beam_pipeline", "--runner=DirectRunner"),
            *(f"--input_subscription={route.subscription}", f"--output_path={folder}/lake"),
            *(f"--quarantine_path={folder}/quarantine", "--stop_after_idle_seconds=3", f"--summary_file={summary}"),
        ],
        check=True,
        capture_output=True,
    )
    found = json.loads(summary.read_text())
    if found["messages_read"] != count:
        raise RuntimeError(f"{count} messages were published, {found['messages_read']} arrived")
    return float(found["messages_per_second"])


def pulled_per_second(route: pubsub.Route, count: int) -> float:
    """Messages a second of synchronous pulls that do nothing but acknowledge: the limit."""
    with SubscriberClient() as client:
        started, pulled = time.perf_counter(), 0
        while pulled < count:
            response = client.pull(subscription=route.subscription, max_messages=1000, timeout=30, retry=None)
            received = type(response).pb(response).received_messages
            pulled += len(received)
            client.acknowledge(subscription=route.subscription, ack_ids=[one.ack_id for one in received], retry=None)
        return pulled / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    running = emulators.obtain(Path(tempfile.mkdtemp()) / "emulator.log")
    os.environ.update(emulators.client_environment(running.address))
    rates: dict[str, list[float]] = {"emulator to files": [], "bare pull": []}
    try:
        for number in range(given.rounds):
            for name, measure in (("emulator to files", ingested_per_second), ("bare pull", pulled_per_second)):
                suffix = uuid.uuid4().hex[:8]
                route = pubsub.Route(pubsub.LOCAL_PROJECT, f"bench-{suffix}", f"bench-lake-{suffix}")
                pubsub.create(running.address, route)
                publish_to_topic(simulate(SimulationConfig(events=given.messages, days=7, seed=number)), route.topic)
                rates[name].append(measure(route, given.messages))
                pubsub.delete(running.address, route)
    finally:
        emulators.stop(running)
    print(f"{given.messages:,} messages, {given.rounds} rounds, medians")
    for name, found in rates.items():
        print(f"  {name:20} {statistics.median(found):10,.0f} messages/s   {[round(one) for one in found]}")
    ratio = statistics.median(ours / bare for ours, bare in zip(*rates.values(), strict=True))
    print(f"to files / bare pull  {ratio:5.2f}   (bar: 12,000 messages/s)")


if __name__ == "__main__":
    main()
