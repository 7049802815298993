"""Compaction ended by `kill -9`, again and again, while ingestion writes into the same days and a reader looks at every moment.

`LIFECYCLE_KILLS=100` makes as many kills as the proof asks for (`make prove-lifecycle`); a few by default.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from beam_pipeline.messages import now_micros
from lake_cli.lifecycle import compaction
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.lease import lease
from tests.lifecycle.lakes import MINUTE, Lake, in_folder, message, unpacked
from tests.samples import PUBLISH_MICROS

KILLS = int(os.environ.get("LIFECYCLE_KILLS", "8"))
TYPES = ("page_viewed", "product_viewed", "ad_clicked")


def compact_once(folder: str, keep: timedelta) -> None:
    lake = in_folder(Path(folder))
    with lease(lake.lake) as check:
        compaction.compact(lake.lake, lake.quarantine, Rules(date(2026, 11, 25), keep=keep), now_micros(), check)


class Ingestion(threading.Thread):
    """Writes micro-batches over two days; `written` are the lines of those that are recorded."""

    def __init__(self, lake: Lake) -> None:
        super().__init__()
        self.lake = lake
        self.stopped = threading.Event()
        self.acknowledged: set[bytes] = set()

    def run(self) -> None:
        number = 0
        while not self.stopped.is_set():
            at = PUBLISH_MICROS + (number % 2) * 86_400_000_000 + number * MINUTE // 100
            batch = [message(10 * number + n, at, kind) for n, kind in enumerate(TYPES)]
            batch.append(message(10 * number + 9, at)._replace(data=b"broken %d" % number))
            self.lake.write(batch, now_micros())
            self.acknowledged |= {b'"message_id":"%s"' % each.message_id.encode() for each in batch}
            number += 1
            time.sleep(0.002)


def seen_by_a_reader(lake: Lake) -> set[bytes]:
    """Message ids of all lines, as a reader meets them that lists the folders, and lists again if something is gone since."""
    for _ in range(50):
        try:
            text = b"".join(map(unpacked, lake.objects().values()))
        except FileNotFoundError:
            continue
        return {b'"message_id":"%s"' % part.partition(b'"')[0] for part in text.split(b'"message_id":"')[1:]}
    raise AssertionError("a reader never found the objects that it had listed")


@pytest.mark.proof
def test_no_line_is_missing_at_any_moment(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    rng = random.Random(11)
    ingestion = Ingestion(lake)
    ingestion.start()
    fork = multiprocessing.get_context("fork")
    killed = 0
    try:
        while killed < KILLS:
            process = fork.Process(target=compact_once, args=(str(tmp_path), timedelta(seconds=1)))
            process.start()
            time.sleep(rng.uniform(0.0, 0.6))
            before = frozenset(ingestion.acknowledged)
            missing = before - seen_by_a_reader(lake)
            assert not missing, missing
            if process.is_alive():
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
            process.join()
            before = frozenset(ingestion.acknowledged)
            assert not before - seen_by_a_reader(lake)
    finally:
        ingestion.stopped.set()
        ingestion.join()
    for _ in range(2):  # the second finds nothing to do
        compact_once(str(tmp_path), timedelta(0))
    lines = lake.lines()
    assert set(lines.values()) == {1}
    assert lines.total() == len(ingestion.acknowledged)
    # A folder's largest object stays as it is while fewer than `LATE_OBJECTS` small ones came after it.
    folders = Counter(path.rpartition("/")[0] for path in lake.objects())
    assert len(folders) == 2 * (len(TYPES) + 1)
    assert max(folders.values()) <= compaction.LATE_OBJECTS, folders
    manifest = manifests.read(lake.lake)
    assert {f"{r}/{p}" for r in ("lake", "quarantine") for p in manifest.live(r)} == set(lake.objects())
