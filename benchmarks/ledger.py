"""What keeping a ledger costs a producer: CPU of simulating and publishing with one, against without.

    python -m benchmarks.ledger [--events 20000] [--rounds 30]

At the other end is a server in another process that acknowledges every request. A connection to Google Cloud is encrypted
besides: the ledger's share is smaller there.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import grpc

from producer import Message, SimulationConfig, publish_to_topic, simulate


class _PubSub(grpc.GenericRpcHandler):
    """Acknowledges everything, unread."""

    def service(self, _call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(lambda *_: b"")


def _serve(port: Connection) -> None:
    server = grpc.server(ThreadPoolExecutor(2), handlers=[_PubSub()])
    port.send(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()


@contextmanager
def _service() -> Iterator[None]:
    """For its time, publishers reach a server in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        with patch.dict(os.environ, {"PUBSUB_EMULATOR_HOST": f"127.0.0.1:{here.recv()}"}):
            yield
    finally:
        process.terminate()
        process.join()


def cpu_seconds(messages: list[Message], ledger: Path | None) -> float:
    """CPU seconds of publishing them once."""
    gc.collect()
    begun = time.process_time()
    publish_to_topic(messages, "projects/benchmark/topics/events", ledger_file=ledger)
    return time.process_time() - begun


def extra_cpu(events: int = 20_000, rounds: int = 30) -> dict[str, float]:
    """What a ledger adds, as a share of the CPU without one, simulation included; and CPU microseconds a message.

    Messages are simulated once and published in pairs, with and without, because what simulating them takes varies more from run
    to run than a ledger costs. The medians of the differences and of the runs count.
    """
    simulating = []
    for seed in range(4):
        begun = time.process_time()
        messages = list(simulate(SimulationConfig(events=events, days=7, seed=seed)))
        simulating.append(time.process_time() - begun)  # the first fills the pools of names
    without: list[float] = []
    differences: list[float] = []
    with tempfile.TemporaryDirectory() as folder, _service():
        for _ in range(rounds):
            without.append(cpu_seconds(messages, None))
            differences.append(cpu_seconds(messages, Path(folder, "ledger")) - without[-1])
    whole = statistics.median(simulating[1:]) + statistics.median(without)
    more = statistics.median(differences)
    return {
        "share": more / whole,
        "microseconds": 1e6 * whole / events,
        "microseconds_with_ledger": 1e6 * (whole + more) / events,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    print(json.dumps(extra_cpu(given.events, given.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
