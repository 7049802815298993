"""Builds while messages arrive, and after everything has been killed: reports come out, and they are right.

Small by default. `make prove-reports` runs ten builds at 2,000 messages a second and twenty kills.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from lake_cli.local.pubsub import Route
from producer import SimulationConfig, publish_to_topic, simulate
from tests.ingestion.running import arguments, spawn, wait_until
from tests.warehouse import recomputation
from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake
from tests.warehouse.test_snapshot import make_old

pytestmark = pytest.mark.slow

BUILDS = int(os.environ.get("WAREHOUSE_BUILDS", "1"))
KILLS = int(os.environ.get("WAREHOUSE_KILLS", "1"))
RATE = int(os.environ.get("WAREHOUSE_RATE", "500"))

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def publishing(route: Route) -> Iterator[None]:
    """A shop publishes at `RATE` messages a second."""
    stop = threading.Event()
    shop = simulate(SimulationConfig(events=RATE * 3600, days=3, seed=9, poison_rate=0.01))
    thread = threading.Thread(target=publish_to_topic, args=(shop, route.topic), kwargs={"rate": RATE, "stop": stop})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def snapshot(lake: Lake) -> list[Path]:
    """Files that the last build read."""
    query = "select file from build_state.snapshot_files where root in ('lake', 'quarantine')"
    return [Path(file) for (file,) in rows(lake.warehouse, query)]


@pytest.mark.proof
def test_builds_while_messages_arrive_are_green_and_equal_to_their_snapshot(
    topic_and_subscription: Route, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    ingestion = spawn(arguments(topic_and_subscription.subscription, tmp_path, "--batch_max_messages=1000"))
    sizes = []
    try:
        with publishing(topic_and_subscription):
            for _ in range(BUILDS):
                before = len(list(lake.path.glob("_control/manifest/**/*.ndjson")))
                wait_until(lambda: len(list(lake.path.glob("_control/manifest/**/*.ndjson"))) > before)  # noqa: B023
                build_ok(lake)
                read = snapshot(lake)
                sizes.append(len(read))
                assert recomputation.differences(lake, read) == []
                assert len(recomputation.files_of(lake)) > len(read), "nothing arrived meanwhile"
    finally:
        ingestion.terminate()
        ingestion.join(60)
        ingestion.kill()
    assert sizes == sorted(set(sizes))


@pytest.mark.proof
def test_after_kills_of_ingestion_and_builds_one_build_is_green_and_right(
    topic_and_subscription: Route, tmp_path: Path
) -> None:
    """A build is killed with its dbt anywhere between finding changes and publishing."""
    lake, rng = Lake(tmp_path), random.Random(KILLS)
    lake_command = [sys.executable, "-c", "from lake_cli.cli import main; main()"]
    command = [*lake_command, "warehouse", "build", "--folder", str(tmp_path)]
    job = arguments(topic_and_subscription.subscription, tmp_path, "--batch_max_messages=300")
    with publishing(topic_and_subscription):
        for kill in range(KILLS):
            ingestion = spawn(job)
            try:
                wait_until(lambda: any(lake.path.glob("_control/manifest/**/*.ndjson")))
                if kill % 3 == 2:
                    time.sleep(rng.uniform(0, 2))
                else:
                    build = subprocess.Popen(
                        command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    )
                    time.sleep(rng.uniform(1, 20))
                    family = [psutil.Process(build.pid), *psutil.Process(build.pid).children(recursive=True)]
                    for process in family:
                        process.send_signal(signal.SIGKILL)
                    build.wait()
            finally:
                ingestion.kill()
                ingestion.join()
    for file in lake.path.parent.rglob("*.ndjson*"):
        make_old(file)
    build_ok(lake)
    files = [path for root in (lake.path, lake.quarantine_path) for path in root.rglob("*=*/*.ndjson.gz")]
    assert sorted(snapshot(lake)) == sorted(files)
    assert recomputation.differences(lake) == []
