"""kill -9 at any moment: nothing is lost, nothing half-written is seen."""

import gzip
import hashlib
import random
import threading
import time
from collections import Counter
from pathlib import Path

from lake_cli.local.pubsub import Route
from producer import SimulationConfig, publish_to_topic, read_truth, simulate
from tests.ingestion.lake_reading import messages_in, objects_below
from tests.ingestion.running import arguments, run_until, shorten_ack_deadline, spawn

MESSAGES = 15_000
KILLS = 12


class Reader(threading.Thread):
    """Polls the folders as a query would, and looks at every object the moment it appears."""

    def __init__(self, *roots: Path) -> None:
        super().__init__(daemon=True)
        self._roots = roots
        self._done = threading.Event()
        self.seen: dict[Path, bytes] = {}
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._done.wait(0.02):
            self.look()

    def look(self) -> None:
        for path in (path for root in self._roots for path in objects_below(root)):
            if path not in self.seen:
                self.seen[path] = path.read_bytes()
                try:
                    whole = gzip.decompress(self.seen[path]).endswith(b"}\n")
                except (EOFError, OSError) as fault:
                    self.faults.append(f"{path}: {fault}")
                else:
                    if not whole:
                        self.faults.append(f"{path}: cut off")

    def stop(self) -> None:
        self._done.set()
        self.join()
        self.look()


def test_nothing_is_lost_or_seen_in_part_when_the_process_is_killed_again_and_again(
    topic_and_subscription: Route, tmp_path: Path
) -> None:
    route, rng = topic_and_subscription, random.Random(11)
    shorten_ack_deadline(route)
    truth = tmp_path / "truth.jsonl"
    publish_to_topic(
        simulate(SimulationConfig(events=MESSAGES, days=2, seed=3, poison_rate=0.05)), route.topic, truth=truth
    )
    lake, quarantine = tmp_path / "lake", tmp_path / "quarantine"
    reader = Reader(lake, quarantine)
    reader.start()

    killed_at_work = 0
    for _ in range(KILLS):
        before = len(objects_below(lake))
        process = spawn(arguments(route.subscription, tmp_path, "--batch_max_messages=300"))
        deadline = time.monotonic() + 20
        while process.is_alive() and time.monotonic() < deadline and len(objects_below(lake)) == before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.4))  # anywhere in the cycle of pulling, writing, recording, acknowledging
        assert process.is_alive(), "the ingestion must not have ended by itself"
        process.kill()
        process.join()
        killed_at_work += len(objects_below(lake)) > before
    last = arguments(route.subscription, tmp_path)
    run_until(last, lambda: len({item.message_id for item in messages_in(lake, quarantine)}) == MESSAGES)
    reader.stop()

    assert killed_at_work >= 10, "too few of the kills hit the process at work"
    assert reader.faults == []
    for path, data in reader.seen.items():
        assert path.read_bytes() == data, f"{path} changed after it had been seen"
    sent = Counter(record.sha256 for record in read_truth(truth))
    found = {item.message_id: hashlib.sha256(item.data).hexdigest() for item in messages_in(lake, quarantine)}
    assert Counter(found.values()) == sent, "lost, or invented"
