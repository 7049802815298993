"""Two ingestions of one subscription against one: how much sooner they are done, on two cores.

    python -m benchmarks.two_processes [--messages 200000] [--rounds 5]

What is measured is the whole micro-batch driver, threads, leases, marks, watermark and the graph included, in processes of their
own. The subscription is in memory, so that no emulator is the limit: answers to pulls are made before the clock starts, and each
process takes the next one by a counter that all share, decodes it as the client library would, and acknowledges in shared memory.
Nothing goes over a network. Lakes are in memory where there is such a file system.

The clock runs from the first pull to the last acknowledgement. One and two processes take turns; the ratio is the median over the
rounds of the ratios within a round. After each round every message must be acknowledged, and be in lake or quarantine once. Exits
with 1 if a bar is missed. It needs two cores to itself.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from pathlib import Path
from typing import Any, Final

from google.pubsub_v1 import PullResponse, Subscription

from beam_pipeline.config import MESSAGES_PER_PULLED_BATCH
from beam_pipeline.microbatch import subscription as subscriptions
from beam_pipeline.microbatch.driver import StopRequest, SubscriptionIngest
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.microbatch.leases import longest_lease
from beam_pipeline.microbatch.mark_files import WatermarkFile
from beam_pipeline.microbatch.progress import RunProgress
from beam_pipeline.microbatch.received import ReceivedMessages
from beam_pipeline.option_types import positive_int
from benchmarks.contenders import config, messages
from benchmarks.figures import Bar, finish, progress, table
from tests.ingestion.lake_reading import messages_in

ASKED: Final = 1.6
_NAME: Final = "projects/benchmark/subscriptions/shared"
_PULL_MESSAGES: Final = 1000
_BATCH_BYTES: Final = 64 << 20
_DEADLINE_SECONDS: Final = 60
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
_ROUND_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Shared:
    """What the processes share: the number of the next answer, how often each message was acknowledged, and how many were.

    `first_pull`, `last_acknowledgement`: monotonic seconds.
    """

    next_answer: Synchronized[int]
    acknowledged: SynchronizedArray[Any]
    count: Synchronized[int]
    first_pull: Synchronized[float]
    last_acknowledgement: Synchronized[float]

    def reset(self) -> None:
        """As before the first pull."""
        self.next_answer.value = self.count.value = 0
        self.first_pull.value = self.last_acknowledgement.value = 0.0
        self.acknowledged[:] = bytes(len(self.acknowledged))

    @property
    def seconds(self) -> float:
        """Between the first pull and the last acknowledgement."""
        return self.last_acknowledgement.value - self.first_pull.value


class Client:
    """What the driver calls of Google's SubscriberClient."""

    def __init__(self, answers: Sequence[bytes], shared: Shared) -> None:
        self._answers = answers
        self._shared = shared

    def get_subscription(self, **_: Any) -> Subscription:
        return Subscription(name=_NAME, ack_deadline_seconds=_DEADLINE_SECONDS)

    def pull(self, **_: Any) -> PullResponse:
        with self._shared.next_answer.get_lock():
            number = self._shared.next_answer.value
            self._shared.next_answer.value += 1
            if not number:
                self._shared.first_pull.value = time.monotonic()
        return PullResponse.deserialize(self._answers[number] if number < len(self._answers) else b"")

    def acknowledge(self, *, ack_ids: Sequence[str], **_: Any) -> None:
        with self._shared.acknowledged.get_lock():
            plain = self._shared.acknowledged.get_obj()  # the other takes the lock for each number
            for ack_id in ack_ids:
                plain[int(ack_id)] += 1
            self._shared.count.value += len(ack_ids)
            self._shared.last_acknowledgement.value = time.monotonic()

    def modify_ack_deadline(self, **_: Any) -> None:
        """Leases do not run out here."""

    def close(self) -> None:
        """There is no connection."""


def answers(count: int) -> list[bytes]:
    """The shop's messages, in answers to pulls as they come over the network."""
    found = []
    batch = messages(count)
    for start in range(0, count, _PULL_MESSAGES):
        response = PullResponse()
        received = PullResponse.pb(response).received_messages
        for one in batch[start : start + _PULL_MESSAGES]:
            added = received.add(ack_id=one.message_id)
            added.message.data = one.data
            added.message.message_id = one.message_id
            added.message.publish_time.FromMicroseconds(one.publish_micros)
            for name, value in (one.attributes or {}).items():
                added.message.attributes[name] = value
        found.append(PullResponse.serialize(response))
    return found


def work(commands: Connection, count: int, shared: Shared) -> None:
    """A process: for each folder that it is sent, ingests until all is acknowledged, by whoever; then says so."""
    prepared = answers(count)
    subscriptions._client = lambda: Client(prepared, shared)  # type: ignore[attr-defined,assignment,return-value]
    commands.send("ready")
    while folder := commands.recv():
        stop = StopRequest()
        subscription = subscriptions.Subscription(_NAME, lambda line: print(line, file=sys.stderr))
        ingest = SubscriptionIngest(
            subscription,
            subscription.check(),
            MicroBatchGraph(config(Path(folder), "gzip")),
            RunProgress(),
            WatermarkFile(f"{folder}/lake", _NAME, longest_lease(_DEADLINE_SECONDS, subscriptions.LEASE_SECONDS)),
            ReceivedMessages(MESSAGES_PER_PULLED_BATCH, _BATCH_BYTES, 5.0),
            None,
            lambda: None,
        )
        commands.send("prepared")
        commands.recv()
        ended = threading.Event()
        threading.Thread(target=_stop_when_done, args=(stop, count, shared, ended), daemon=True).start()
        try:
            ingest.run(stop)
        finally:
            ended.set()
        commands.send("done")


def _stop_when_done(stop: StopRequest, count: int, shared: Shared, ended: threading.Event) -> None:
    while not ended.wait(0.01):
        if shared.count.value >= count:
            stop()
            return


def measured(workers: Sequence[Connection], count: int, shared: Shared) -> float:
    """Seconds that these processes together need.

    Raises:
        RuntimeError: a message is missing, or there twice, or a process fails.
    """
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        shared.reset()
        for command in (folder, "go"):
            for worker in workers:
                worker.send(command)
            for worker in workers:
                if not worker.poll(_ROUND_SECONDS):
                    raise RuntimeError(f"a process did not answer within {_ROUND_SECONDS:.0f} s")
                worker.recv()
        written = Counter(one.message_id for one in messages_in(Path(folder, "lake"), Path(folder, "quarantine")))
        left = list(Path(folder, "lake/_control/ingestions").glob("*"))
    if written != Counter({str(number): 1 for number in range(count)}) or set(shared.acknowledged[:]) != {1}:
        raise RuntimeError(f"of {count:,} messages {len(written):,} are written, {shared.count.value:,} acknowledged")
    if left:
        raise RuntimeError("a mark was left behind by a clean end")
    return shared.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=positive_int, default=200_000, help="of each run (default: 200000)")
    parser.add_argument("--rounds", type=positive_int, default=5, help="that count; one before does not (default: 5)")
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    shared = Shared(
        context.Value("q", 0),
        context.Array("b", given.messages),
        context.Value("q", 0),
        context.Value("d", 0.0),
        context.Value("d", 0.0),
    )
    workers, processes = [], []
    progress(f"preparing {given.messages:,} messages in two processes")
    for _ in range(2):
        ours, its = context.Pipe()
        processes.append(context.Process(target=work, args=(its, given.messages, shared), daemon=True))
        processes[-1].start()
        workers.append(ours)
    for worker in workers:
        worker.recv()
    rows = []
    for number in range(given.rounds + 1):
        progress(f"round {number} of {given.rounds}")
        one, two = measured(workers[:1], given.messages, shared), measured(workers, given.messages, shared)
        if number:
            rows.append({"one": one, "two": two, "ratio": one / two})
    for worker, process in zip(workers, processes, strict=True):
        worker.send("")
        process.join()
    print(
        table(
            ["round", "one, s", "two, s", "messages/s, two", "ratio"],
            [
                [str(i), f"{r['one']:.2f}", f"{r['two']:.2f}", f"{given.messages / r['two']:,.0f}", f"{r['ratio']:.2f}"]
                for i, r in enumerate(rows, 1)
            ],
        )
    )
    ratio = statistics.median(row["ratio"] for row in rows)
    figures = {
        "messages": given.messages,
        "rounds": rows,
        "messages_per_second_one": given.messages / statistics.median(row["one"] for row in rows),
        "messages_per_second_two": given.messages / statistics.median(row["two"] for row in rows),
        "ratio": ratio,
    }
    return finish("two_processes", figures, [Bar("two ingestions, of one", ratio, ASKED)])


if __name__ == "__main__":
    sys.exit(main())
