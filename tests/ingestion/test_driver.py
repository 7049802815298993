"""The documented command, from its start to each of its ends."""

import gzip
import json
import time
from pathlib import Path

import pytest

from beam_pipeline.main import main
from beam_pipeline.watermark import read_watermark
from lake_cli.local.pubsub import Route
from producer import SimulationConfig, publish_to_topic, simulate, write_to_file
from tests.faults.service import Service
from tests.ingestion.lake_reading import manifest_records, messages_in, objects_below
from tests.ingestion.running import (
    arguments,
    run,
    run_command,
    run_until,
    spawn,
    wait_until,
)
from tests.samples import event, payload


def counts(folder: Path) -> tuple[int, int]:
    """Lines in the lake, lines in quarantine."""
    found = list(messages_in(folder / "lake", folder / "quarantine"))
    return sum(item.code is None for item in found), sum(item.code is not None for item in found)


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_files_are_ingested_and_the_same_again_changes_nothing(tmp_path: Path, compressed: bool) -> None:
    source = tmp_path / "events.ndjson"
    write_to_file(simulate(SimulationConfig(events=2000, days=1, seed=1, poison_rate=0.1)), source)
    if compressed:
        packed = tmp_path / "events.ndjson.gz"
        packed.write_bytes(gzip.compress(source.read_bytes()))
        source = packed
    options = [f"--input_files={source}", f"--output_path={tmp_path}/lake", f"--quarantine_path={tmp_path}/quarantine"]
    trees = []
    for _ in range(2):
        done = run(*options)
        assert done.returncode == 0, done.stderr
        trees.append({path: path.read_bytes() for path in objects_below(tmp_path / "lake")})
    assert trees[0] == trees[1]
    assert sum(counts(tmp_path)) == 2000
    assert 150 < counts(tmp_path)[1] < 250


def test_it_stops_cleanly_when_asked_and_acknowledges_what_it_wrote(
    topic_and_subscription: Route, tmp_path: Path
) -> None:
    publish_to_topic(simulate(SimulationConfig(events=3000, days=1, seed=2)), topic_and_subscription.topic)
    summary, told = tmp_path / "summary.json", tmp_path / "told.txt"
    options = arguments(topic_and_subscription.subscription, tmp_path, "--batch_max_messages=500")
    process = spawn([*options, f"--summary_file={summary}"], told)
    wait_until(lambda: bool(objects_below(tmp_path / "lake")))
    process.terminate()
    process.join(60)
    assert process.exitcode == 0, told.read_text()
    assert "Stopping" in told.read_text()
    written = sum(counts(tmp_path))
    kept = json.loads(summary.read_text())
    assert (kept["state"], kept["messages_read"]) == ("finished", written)

    run_until(options, lambda: sum(counts(tmp_path)) >= 3000)
    assert sum(counts(tmp_path)) == 3000, "what was acknowledged must not be redelivered, what was not must"


def test_the_watermark_is_behind_now_and_past_every_message(topic_and_subscription: Route, tmp_path: Path) -> None:
    publish_to_topic(simulate(SimulationConfig(events=500, days=1, seed=2)), topic_and_subscription.topic)
    published_until = time.time()
    time.sleep(1.5)  # the watermark stays a second behind the time at which the subscription was found empty

    def watermark() -> float:
        return (read_watermark(str(tmp_path / "lake")) or 0) / 1e6

    run_until(
        arguments(topic_and_subscription.subscription, tmp_path),
        lambda: (tmp_path / "lake").exists() and watermark() > published_until,
    )
    assert watermark() < time.time()
    assert (
        max(record["max_publish_time"] for record in manifest_records(tmp_path / "lake"))
        < json.loads((tmp_path / "lake/_control/watermark.json").read_text())["watermark"]
    )


def test_a_missing_subscription_is_told_in_one_line_before_anything_is_read(emulator: str, tmp_path: Path) -> None:
    done = run_command(*arguments("projects/lake-tests/subscriptions/nobody", tmp_path))
    assert done.returncode == 2
    assert "projects/lake-tests/subscriptions/nobody does not exist" in done.stderr
    assert done.stderr.count("\n") == 1


def test_storage_that_fails_for_good_ends_the_run_unacknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service([payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}")) for i in range(300)], per_pull=100)
    monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", service.client)
    options = arguments("projects/lake-tests/subscriptions/unkind", tmp_path, "--stop_after_idle_seconds=0.5")
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "event_type=page_viewed").write_text("a file where a folder must be")
    assert main(options) == 1
    told = capsys.readouterr().err.splitlines()
    assert "stays unacknowledged" in told[-1]
    assert (service.acknowledged, service.leased) == (set(), {})

    (tmp_path / "lake" / "event_type=page_viewed").unlink()
    assert main(options) == 0
    assert len({item.message_id for item in messages_in(tmp_path / "lake", tmp_path / "quarantine")}) == 300
    assert len(service.acknowledged) == 300
