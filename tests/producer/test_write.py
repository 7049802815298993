"""A simulation in a file: one message a line, whole or not there."""

import gzip
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from producer import Message, SimulationConfig, Summary, read_truth, simulate, write_to_file

CONFIG = SimulationConfig(events=5000, seed=3, start=datetime(2026, 10, 19, tzinfo=UTC), poison_rate=0.05)


@pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz"])
def test_one_message_is_one_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / "new folder" / name
    write_to_file(simulate(CONFIG), file)
    content = file.read_bytes()
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    assert content.removesuffix(b"\n").split(b"\n") == [message.data for message in simulate(CONFIG)]
    assert b"\n\n" in content, "the empty message is an empty line"


def test_the_truth_records_every_message(tmp_path: Path) -> None:
    summary = write_to_file(simulate(CONFIG), tmp_path / "events.ndjson", truth=tmp_path / "truth.jsonl")
    records = list(read_truth(tmp_path / "truth.jsonl"))
    sent = list(simulate(CONFIG))
    assert [record.sequence for record in records] == list(range(5000))
    for record, message in zip(records, sent, strict=True):
        assert record.sha256 == sha256(message.data).hexdigest()
        assert record.id == message.event_id
        assert record.kind == message.kind
        assert record.expected_code == message.expected_code
        assert (record.event_type, record.date) == (message.event_type, message.date)
        assert (record.date is None) == (record.expected_code is not None)
    assert summary.messages == summary.types.total() == summary.kinds.total() == 5000
    assert summary.poison == sum(message.expected_code is not None for message in sent)
    assert summary.payload_bytes == sum(len(message.data) for message in sent)
    assert not summary.interrupted


def test_progress_adds_up(tmp_path: Path) -> None:
    steps: list[int] = []
    write_to_file(simulate(CONFIG), tmp_path / "events.ndjson", progress=steps.append)
    assert sum(steps) == 5000
    assert len(steps) == 5


def test_nothing_is_visible_before_the_end(tmp_path: Path) -> None:
    file, truth = tmp_path / "events.ndjson", tmp_path / "truth.jsonl"
    file.write_text("of an earlier run")

    def look(_: int) -> None:
        assert file.read_text() == "of an earlier run"
        assert not truth.exists()
        assert list(tmp_path.glob("*.ndjson")) == [file]

    write_to_file(simulate(CONFIG), file, truth=truth, progress=look)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.ndjson", "truth.jsonl"]


def test_a_run_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> Iterator[Message]:
        for number, message in enumerate(simulate(CONFIG)):
            if number == 3500:
                raise RuntimeError("lightning")
            yield message

    with pytest.raises(RuntimeError, match="lightning"):
        write_to_file(breaking(), tmp_path / "events.ndjson", truth=tmp_path / "truth.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_stopped_leaves_what_it_wrote_and_the_truth_about_it(tmp_path: Path) -> None:
    stop = threading.Event()
    written = Summary()

    def stop_soon(messages: int) -> None:
        written.messages += messages
        if written.messages >= 2000:
            stop.set()

    summary = write_to_file(
        simulate(CONFIG), tmp_path / "events.ndjson", truth=tmp_path / "truth.jsonl", progress=stop_soon, stop=stop
    )
    assert summary.interrupted
    lines = (tmp_path / "events.ndjson").read_bytes().removesuffix(b"\n").split(b"\n")
    records = list(read_truth(tmp_path / "truth.jsonl"))
    assert [sha256(line).hexdigest() for line in lines] == [record.sha256 for record in records]
    assert summary.messages == len(lines) == 2000


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    def untouched() -> Iterator[Message]:
        raise AssertionError("simulated although it cannot be written")
        yield

    (tmp_path / "occupied").write_text("a file, not a folder")
    for path in (tmp_path, tmp_path / "occupied" / "events.ndjson"):
        with pytest.raises(OSError) as refused:  # noqa: PT011 - which error it is depends on the place
            write_to_file(untouched(), path)
        assert refused.value.filename == str(path)
