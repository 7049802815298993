"""What keeping a ledger costs a producer: CPU of simulating and publishing with one, against without.

    python -m benchmarks.ledger [--events 50000] [--rounds 7]

The service at the other end is a stand-in that serializes each request and acknowledges it: sending over a network costs a real
producer more, so the ledger's share there is smaller than here.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from google.pubsub_v1 import PublishRequest, PublishResponse

from benchmarks.measuring import median_ratio
from producer import SimulationConfig, publish_to_topic, simulate


class _Service:
    """Acknowledges everything."""

    def publish(self, request: PublishRequest, **_options: Any) -> PublishResponse:
        PublishRequest.serialize(request)
        return PublishResponse(message_ids=["1"] * len(PublishRequest.pb(request).messages))


@contextmanager
def _connected() -> Iterator[_Service]:
    yield _Service()


def cpu_seconds(events: int, seed: int, ledger: Path | None) -> float:
    """CPU seconds of one run, simulated and published."""
    messages = simulate(SimulationConfig(events=events, days=7, seed=seed))
    gc.collect()
    with patch("producer.publish.connected", _connected), patch("producer.publish.ensure_topic"):
        begun = time.process_time()
        publish_to_topic(messages, "projects/benchmark/topics/events", ledger_file=ledger)
        return time.process_time() - begun


def extra_cpu(events: int = 50_000, rounds: int = 7) -> dict[str, float]:
    """What a ledger adds, as a share of the CPU without one (median of runs that take turns); and CPU microseconds a message."""
    without: list[float] = []
    with_ledger: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(rounds + 1):
            for found, file in ((without, None), (with_ledger, Path(folder, "ledger"))):
                seconds = cpu_seconds(events, seed, file)
                if seed:  # the first fills the pools of names
                    found.append(seconds)
    return {
        "share": median_ratio(without, with_ledger) - 1,
        "microseconds": 1e6 * min(without) / events,
        "microseconds_with_ledger": 1e6 * min(with_ledger) / events,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(json.dumps(extra_cpu(given.events, given.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
