"""`lake up`, `lake status`, `lake down`: a platform in the background, and nothing left of it afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.cloud import pubsub_v1

from local_platform import emulator as emulators
from local_platform import processes
from local_platform.emulator_launchers import EmulatorUnavailable, find_launcher
from local_platform.live import state as states
from local_platform.live.state import RunState

VALID = {
    "event_id": "0b54a0a4-6e5c-4a34-9d3c-0b7f0a1f2c11",
    "event_type": "page_viewed",
    "timestamp": "2026-11-20T10:00:00Z",
    "user_id": None,
    "anonymous_id": "a-1",
    "session_id": "s-1",
    "device": "mobile",
    "location": "DE",
    "page_path": "/",
    "page_type": "home",
    "referrer": None,
}


class Lake:
    """The `lake` command, called in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if k != "PUBSUB_EMULATOR_HOST"}
        self.environment["PYTHONPATH"] = str(Path(__file__).parents[2])

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from local_platform.cli import main; main()", *arguments],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("status", "--json").stdout)
        return found

    def state(self) -> RunState:
        state = states.load(self.folder / ".lake/run")
        assert state is not None
        return state


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    try:
        find_launcher(os.environ)
    except EmulatorUnavailable as reason:
        pytest.skip(str(reason))
    lake = Lake(tmp_path)
    yield lake
    lake("down", "--drain-seconds", "0")


def publish(state: RunState, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulators.client_environment(state.emulator.address).items():
        monkeypatch.setenv(name, value)
    with pubsub_v1.PublisherClient() as publisher:
        for future in [publisher.publish(state.topic, body) for body in bodies]:
            future.result(timeout=20)


@pytest.mark.slow
def test_up_ingests_what_is_published_until_down(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    up = lake("up")
    assert up.returncode == 0, up.stderr
    state = lake.state()
    assert f"PUBSUB_EMULATOR_HOST={state.emulator.address} lake produce" in up.stdout

    again = lake("up")
    assert again.returncode == 0
    assert "already" in again.stdout
    assert lake.state() == state, "up twice starts nothing new"

    publish(state, [msgspec.json.encode(VALID)] * 30 + [b"{"] * 5, monkeypatch)
    down = lake("down")
    assert down.returncode == 0, down.stderr
    assert "35 messages, 30 into the lake, 5 into quarantine" in down.stdout
    assert state.ingest is not None
    assert state.emulator.process is not None
    assert not processes.is_running(state.ingest)
    assert not processes.is_running(state.emulator.process)

    after = lake.status()
    assert (after["emulator"], after["ingest"]) == ("down", "down")
    assert after["contents"]["rows_by_type"] == {"page_viewed": 30}
    assert after["contents"]["rows_by_code"] == {"invalid_json": 5}
    assert after["watermark"]["watermark"] > state.started_at.isoformat()[:19]
    assert "Nothing is up" in lake("down").stdout


@pytest.mark.slow
def test_an_ingestion_that_was_killed_is_seen_and_started_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake("up")
    before = lake.state()
    assert before.ingest is not None
    os.kill(before.ingest.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes.is_running(before.ingest) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lake.status()["ingest"] == "ended by itself"

    assert lake("up").returncode == 0
    after = lake.state()
    assert after.ingest != before.ingest
    assert after.emulator == before.emulator, "the emulator holds messages: it goes on"
    assert lake.status()["ingest"] == "up"
    other = lake("up", "--folder", "elsewhere")
    assert other.returncode == 2
    assert "lake down" in other.stderr

    assert after.emulator.process is not None
    os.kill(after.emulator.process.pid, signal.SIGSTOP)
    try:
        assert lake.status()["emulator"] == "not answering"
        hung = lake("up")
        assert hung.returncode == 2
        assert "does not answer: run `lake down`" in hung.stderr
    finally:
        os.kill(after.emulator.process.pid, signal.SIGCONT)


@pytest.mark.slow
def test_an_emulator_of_the_user_is_used_and_left_alone(lake: Lake, emulator: str) -> None:
    up = lake("up", "--topic", "users-own-topic", "--subscription", "users-own-lake", PUBSUB_EMULATOR_HOST=emulator)
    assert up.returncode == 0, up.stderr
    assert lake.state().emulator.address == emulator
    down = lake("down")
    assert "left as it is" in down.stdout
    with pubsub_v1.PublisherClient() as publisher:
        topics = [topic.name for topic in publisher.list_topics(project="projects/lake-local")]
    assert "projects/lake-local/topics/users-own-topic" in topics


def test_an_ingestion_that_cannot_start_says_why_and_leaves_nothing(lake: Lake) -> None:
    (lake.folder / ".lake/live").mkdir(parents=True)
    (lake.folder / ".lake/live/lake").write_text("a file where the lake should be")
    up = lake("up")
    assert up.returncode == 1
    assert up.stderr.startswith("lake: error: the ingestion ended instead of starting: ")
    assert "--output_path" in up.stderr
    assert up.stderr.count("\n") == 1
    (lake.folder / ".lake/live/lake").unlink()
    assert lake.status()["emulator"] == "down"


def test_a_folder_that_cannot_be_made_is_named(lake: Lake) -> None:
    (lake.folder / "a-file").write_text("not a folder")
    up = lake("up", "--folder", "a-file/below")
    assert up.returncode == 2
    assert up.stderr == "lake: error: --folder a-file/below cannot be made (Not a directory): choose another one\n"


def test_without_an_emulator_up_says_what_to_install(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    up = lake("up", PATH=str(tmp_path))
    assert up.returncode == 2
    assert "gcloud components install pubsub-emulator" in up.stderr
    assert up.stderr.count("\n") == 1
