"""`lake produce`, as a person calls it."""

import sys
from pathlib import Path

import pytest

from lake_cli.cli import main
from producer import POISON_KINDS, read_truth

TOPIC = "projects/some-project/topics/events"


def lake_produce(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["lake", "produce", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_writes_a_file_and_its_truth_and_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, truth = tmp_path / "shop.ndjson", tmp_path / "truth.jsonl"
    options = ["--events", "3000", "--days", "3", "--seed", "7", "--poison-rate", "0.1"]
    assert lake_produce(monkeypatch, *options, "--output", str(file), "--truth", str(truth)) == 0
    records = list(read_truth(truth))
    assert file.read_bytes().count(b"\n") == len(records) == 3000
    assert {record.kind for record in records} > set(POISON_KINDS)
    said = capsys.readouterr().err
    assert "3,000 messages over 3 days from 20" in said
    assert "seed 7" in said
    assert f"truth: {truth}" in said
    assert "page_viewed" in said
    assert "timestamp_naive" in said


def test_a_seed_that_was_drawn_is_told_and_repeats_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first, again = tmp_path / "first.ndjson", tmp_path / "again.ndjson"
    assert lake_produce(monkeypatch, "--events", "500", "--output", str(first)) == 0
    told = capsys.readouterr().err.partition("again: the same options with ")[2].split()[:4]
    assert lake_produce(monkeypatch, "--events", "500", *told, "--output", str(again)) == 0
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("options", "option", "remedy"),
    [
        (["--events", "9"], "--topic", "--output FILE"),
        (["--events", "9", "--topic", TOPIC, "--output", "x"], "--topic", "either"),
        (["--events", "9", "--topic", "events"], "--topic", "projects/my-project/topics/events"),
        (
            ["--events", "9", "--topic", "projects/some-project/topics/go"],
            "--topic",
            "projects/my-project/topics/events",
        ),
        (["--output", "x"], "--events", "give events, days or rate"),
        (["--events", "0", "--output", "x"], "--events", "1 or more"),
        (["--events", "many", "--output", "x"], "--events", "integer"),
        (["--days", "1000", "--output", "x"], "--days", "between 1 and 366"),
        (["--rate", "-1", "--topic", TOPIC], "--rate", "more than 0"),
        (["--rate", "5", "--events", "9", "--output", "x"], "--rate", "leave it out"),
        (["--events", "9", "--output", "x", "--create-topic"], "--create-topic", "leave it out"),
        (["--events", "9", "--output", "x", "--truth", "x"], "--truth", "name another"),
        (["--events", "9", "--output", "x", "--poison-rate", "7"], "--poison-rate", "from 0 to 1"),
        (["--events", "9", "--output", "x", "--start", "yesterday"], "--start", "2026-11-15T06:00:00Z"),
        (["--events", "9", "--output", "x", "--start", "2999-01-01"], "--start", "earlier start"),
        (["--events", "9", "--output", "/proc/no/x"], "--output", "choose another place"),
        (["--events", "9", "--output", "x", "--truth", "/proc/no/x"], "--truth", "choose another place"),
    ],
)
def test_a_bad_option_ends_in_one_line_that_names_it_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: list[str],
    option: str,
    remedy: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lake_produce(monkeypatch, *options) == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith("lake: error: ")
    assert option in complaint
    assert remedy in complaint
    assert list(tmp_path.iterdir()) == []


def test_an_emulator_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("producer.pubsub._FIRST_CONTACT_SECONDS", 0.5)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:9")
    assert lake_produce(monkeypatch, "--events", "9", "--topic", TOPIC) == 2
    assert "the Pub/Sub emulator at 127.0.0.1:9 (PUBSUB_EMULATOR_HOST)" in capsys.readouterr().err
