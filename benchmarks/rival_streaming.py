"""Stock DirectRunner streaming (`stock_streaming`) over messages in the Pub/Sub emulator: how fast, and what it loses."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.cloud.pubsub_v1 import SubscriberClient

from benchmarks import jobs
from benchmarks.contenders import lines_written
from benchmarks.routes import emulated, route
from benchmarks.stock_streaming import PROGRESS
from lake_cli.local import pubsub
from producer import SimulationConfig, publish_to_topic, simulate

_QUIET_SECONDS: Final = 10.0  # two windows
_MOST_SECONDS: Final = 60.0
_FIRST: Final = 10  # of messages that come once it runs: whether it runs, these tell
_LEASE_SECONDS: Final = 10  # the shortest there is


@dataclass(frozen=True)
class Streamed:
    """What became of the messages: lines on disk, and messages left in the subscription; the others are lost.

    `messages_per_second`: taken from the subscription, whatever became of them.
    """

    messages: int
    lines: int
    left: int
    messages_per_second: float

    @property
    def lost(self) -> int:
        return max(0, self.messages - self.lines - self.left)


def stock(messages: int, *, waiting: bool) -> Streamed:
    """The stock runner over that many messages, until it writes no more.

    Args:
        messages: how many.
        waiting: they are in the subscription when it starts, as after an outage; else they come once it runs.
    """
    with (
        jobs.temporary_folder() as folder,
        emulated(folder / "emulator.log") as address,
        route(address, _LEASE_SECONDS) as subscribed,
    ):
        if waiting:
            _publish(subscribed, messages)
        with open(folder / "log", "wb") as log:
            command = [sys.executable, "-m", "benchmarks.stock_streaming", subscribed.subscription, str(folder / "out")]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=jobs.environment())
        try:
            if not waiting:
                _publish(subscribed, _FIRST)
                _wait_for_progress(folder / "out", process)
                _publish(subscribed, messages - _FIRST)
            _wait_until_quiet(folder / "out", messages, process)
        finally:
            process.kill()
            process.wait()
        count, seconds = _progress(folder / "out")
        return Streamed(messages, lines_written(folder / "out"), _left(subscribed.subscription), count / seconds)


def _wait_for_progress(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _MOST_SECONDS
    while _progress(folder)[0] == 0 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)


def _wait_until_quiet(folder: Path, messages: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _MOST_SECONDS
    before, grown_at = (0, 0), time.monotonic()
    while process.poll() is None and time.monotonic() < min(deadline, grown_at + _QUIET_SECONDS):
        now = lines_written(folder), _progress(folder)[0]
        if now != before:
            before, grown_at = now, time.monotonic()
        if now[0] >= messages:
            return
        time.sleep(0.25)


def _progress(folder: Path) -> tuple[int, float]:
    """Messages that the job has taken so far, and the seconds from the first to the last of them."""
    try:
        count, seconds = (folder / PROGRESS).read_text().split()
    except (FileNotFoundError, ValueError):
        return 0, 1.0
    return int(count), float(seconds)


def _publish(to: pubsub.Route, messages: int) -> None:
    publish_to_topic(simulate(SimulationConfig(events=messages, days=7, seed=1)), to.topic)


def _left(subscription: str) -> int:
    """Messages that are delivered again once every lease has run out."""
    left, quiet_since = 0, time.monotonic()
    with SubscriberClient() as client:
        while time.monotonic() - quiet_since < 1.5 * _LEASE_SECONDS:
            response = client.pull(
                subscription=subscription, max_messages=1000, return_immediately=True, timeout=30, retry=None
            )
            ids = [one.ack_id for one in response.received_messages]
            if not ids:
                time.sleep(0.5)
                continue
            left, quiet_since = left + len(ids), time.monotonic()
            client.acknowledge(subscription=subscription, ack_ids=ids, retry=None)
    return left
