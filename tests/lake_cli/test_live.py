"""`lake up`, `lake status`, `lake down`: a platform in the background, and nothing left of it afterwards."""

from __future__ import annotations

import json
import os
import re
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

from lake_cli.local import emulator as emulators
from lake_cli.local import processes
from lake_cli.local.emulator_launchers import EmulatorUnavailable, find_launcher
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from tests.conftest import do_without_emulator

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
        self.environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(folder / "state")}

    def __call__(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from lake_cli.cli import main; main()", *arguments],
            cwd=cwd or self.folder,
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
        state = states.load(self.folder / "state/ecommerce-lake/live")
        assert state is not None
        return state


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    try:
        find_launcher(os.environ)
    except EmulatorUnavailable as reason:
        do_without_emulator(reason)
    lake = Lake(tmp_path)
    yield lake
    lake("down", "--discard")


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
    assert f"PUBSUB_EMULATOR_HOST={state.emulator.address}" in up.stdout

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


@pytest.mark.proof
def test_the_platform_is_found_from_any_folder_and_produce_publishes_to_it(lake: Lake, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    nothing = lake("produce", "--events", "100", cwd=elsewhere)
    assert nothing.returncode == 2
    assert "no platform is up: run `lake up` first" in nothing.stderr

    assert lake("up", "--max_object_age_seconds=30").returncode == 0
    produced = lake("produce", "--events", "200", "--seed", "1", cwd=elsewhere)
    assert produced.returncode == 0, produced.stderr
    cloud = lake("produce", "--events", "10", "--topic", "projects/my-project/topics/events", cwd=elsewhere)
    assert cloud.returncode == 2
    assert "add --google-cloud" in cloud.stderr

    down = lake("down", cwd=elsewhere)
    assert down.returncode == 0, down.stderr
    contents = lake.status()["contents"]
    assert sum(contents["rows_by_type"].values()) + sum(contents["rows_by_code"].values()) == 200
    assert json.loads(lake("status", "--json", cwd=elsewhere).stdout)["contents"] == contents


@pytest.mark.proof
def test_down_says_how_many_messages_nobody_has_written_and_keeps_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake("up")
    state = lake.state()
    assert state.ingest is not None
    os.kill(state.ingest.pid, signal.SIGKILL)
    publish(state, [msgspec.json.encode(VALID)] * 250, monkeypatch)

    refused = lake("down")
    assert refused.returncode == 1
    # What a pull under way at the kill took along is leased to nobody: at most one pull's hundred.
    assert re.search("at least (150|250) messages are not written yet", refused.stderr)

    assert lake("up").returncode == 0
    down = lake("down")
    assert down.returncode == 0, down.stderr
    assert lake.status()["contents"]["rows_by_type"] == {"page_viewed": 250}
