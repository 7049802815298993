"""Two ingestions of one subscription into one lake: they share the work, and the watermark is right whichever is killed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

from beam_pipeline.messages import micros_of
from beam_pipeline.watermark import read_watermark
from event_contract.ledgers import arrived_in_lake
from lake_cli.local import pubsub
from lake_cli.local.pubsub import Route
from tests.ingestion.lake_reading import lines_of, messages_in, objects_below
from tests.ingestion.running import arguments, shorten_ack_deadline, spawn, wait_until
from tests.samples import event, payload

MESSAGES = 1200
PER_REQUEST = 40


class Watcher(threading.Thread):
    """Looks at the watermark, then at what is written, again and again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._over = threading.Event()
        self.seen: list[tuple[int, set[str]]] = []

    def run(self) -> None:
        while not self._over.wait(0.2):
            self.look()

    def look(self) -> None:
        reached = read_watermark(str(self._folder / "lake")) or 0
        self.seen.append(
            (reached, {one.message_id for one in messages_in(self._folder / "lake", self._folder / "quarantine")})
        )

    def stop(self) -> None:
        self._over.set()
        self.join()
        self.look()


def publish(route: Route, address: str) -> list[str]:
    ids = []
    with pubsub.publisher(address) as client:
        for start in range(0, MESSAGES, PER_REQUEST):
            messages = [
                {"data": payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}"))}
                for i in range(start, start + PER_REQUEST)
            ]
            ids += client.publish(topic=route.topic, messages=messages, timeout=60).message_ids
            time.sleep(0.1)
    return ids


def test_either_may_be_killed_and_the_watermark_never_passes_what_is_not_written(
    topic_and_subscription: Route, emulator: str, tmp_path: Path
) -> None:
    shorten_ack_deadline(topic_and_subscription)
    given = arguments(topic_and_subscription.subscription, tmp_path, "--batch_max_messages=60")
    processes = [spawn(given) for _ in range(2)]
    watcher = Watcher(tmp_path)
    watcher.start()
    marks = tmp_path / "lake/_control/ingestions"
    wait_until(lambda: marks.exists() and len(list(marks.glob("*.json"))) == 2)
    ids = list[str]()
    publishing = threading.Thread(target=lambda: ids.extend(publish(topic_and_subscription, emulator)))
    publishing.start()
    for victim in (0, 1):
        before = len(objects_below(tmp_path / "lake"))
        wait_until(lambda before=before: len(objects_below(tmp_path / "lake")) > before)
        processes[victim].kill()
        processes[victim].join()
        processes[victim] = spawn(given)
    publishing.join()
    wait_until(
        lambda: len({one.message_id for one in messages_in(tmp_path / "lake", tmp_path / "quarantine")}) == MESSAGES,
        120,
    )
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(60)
    watcher.stop()

    assert [process.exitcode for process in processes] == [0, 0], "the second to end must not find its mark gone"
    assert set(Counter(ids)) == {one.message_id for one in messages_in(tmp_path / "lake", tmp_path / "quarantine")}
    published = {
        found.message_id: micros_of(found.publish_time)
        for path in objects_below(tmp_path / "lake")
        for found in map(arrived_in_lake, lines_of(path))
    }
    for reached, written in watcher.seen:
        assert {name for name, instant in published.items() if instant < reached} <= written
    assert watcher.seen[-1][0] >= 0
