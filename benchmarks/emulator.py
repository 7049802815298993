"""From the Pub/Sub emulator to files, against the bare rate at which the emulator lets messages be pulled.

    python -m benchmarks.emulator [--messages 40000] [--rounds 5]

Starts an emulator of its own, or uses the one that PUBSUB_EMULATOR_HOST names. Each round publishes the messages first, then
takes the time from the start of pulling until all are written and acknowledged; the start-up of Python is not counted. Exits
with 1 if the bar is missed.
"""

import argparse
import statistics
import sys
import time
from typing import Final

from google.cloud.pubsub_v1 import SubscriberClient

from beam_pipeline.option_types import positive_int
from benchmarks import jobs
from benchmarks.figures import Bar, finish, progress
from benchmarks.measuring import ROUNDS
from benchmarks.routes import emulated, route
from lake_cli.local import pubsub
from producer import SimulationConfig, publish_to_topic, simulate

MOST_ASKED: Final = 20_000.0
SHARE_OF_BARE_PULL: Final = 0.8
"""The bar: so many messages a second, or this share of what the emulator gives at all, whichever is lower."""


def ingested_per_second(source: pubsub.Route, count: int) -> float:
    """Messages a second of the documented command over a full subscription."""
    with jobs.temporary_folder() as folder:
        options = (f"--input_subscription={source.subscription}", "--stop_after_idle_seconds=3")
        found = jobs.ingest(folder, *options).summary
    if found["messages_read"] != count:
        raise RuntimeError(f"{count} messages were published, {found['messages_read']} arrived")
    return float(found["messages_per_second"])


def pulled_per_second(source: pubsub.Route, count: int) -> float:
    """Messages a second of synchronous pulls that do nothing but acknowledge: the limit."""
    with SubscriberClient() as client:
        started, pulled = time.perf_counter(), 0
        while pulled < count:
            response = client.pull(subscription=source.subscription, max_messages=1000, timeout=30, retry=None)
            received = type(response).pb(response).received_messages
            pulled += len(received)
            client.acknowledge(subscription=source.subscription, ack_ids=[one.ack_id for one in received], retry=None)
        return pulled / (time.perf_counter() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=positive_int, default=40_000)
    parser.add_argument("--rounds", type=positive_int, default=ROUNDS)
    given = parser.parse_args()
    rates: dict[str, list[float]] = {"emulator to files": [], "bare pull": []}
    with jobs.temporary_folder() as folder, emulated(folder / "emulator.log") as address:
        for number in range(given.rounds):
            progress(f"round {number + 1} of {given.rounds}")
            for name, measure in (("emulator to files", ingested_per_second), ("bare pull", pulled_per_second)):
                with route(address) as subscribed:
                    simulated = simulate(SimulationConfig(events=given.messages, days=7, seed=number))
                    publish_to_topic(simulated, subscribed.topic)
                    rates[name].append(measure(subscribed, given.messages))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"{given.messages:,} messages, {given.rounds} rounds, medians")
    for name, found in rates.items():
        print(f"  {name:20} {medians[name]:10,.0f} messages/s   {[round(one) for one in found]}")
    ratio = statistics.median(ours / bare for ours, bare in zip(*rates.values(), strict=True))
    print(f"to files / bare pull  {ratio:5.2f}")
    least = min(MOST_ASKED, SHARE_OF_BARE_PULL * medians["bare pull"])
    bars = [Bar("emulator to files, messages/s", medians["emulator to files"], least)]
    return finish(
        "emulator", {"messages": given.messages, "rounds": given.rounds, "rates": medians, "ratio": ratio}, bars
    )


if __name__ == "__main__":
    sys.exit(main())
