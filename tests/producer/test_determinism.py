"""The same seed and start make the same bytes in the same order, in any process."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from producer import Message, SimulationConfig, simulate, write_to_file

CONFIG = SimulationConfig(events=4000, days=3, seed=5, start=datetime(2026, 10, 19, tzinfo=UTC), poison_rate=0.05)


def digest(messages: list[Message]) -> str:
    whole = sha256()
    for message in messages:
        whole.update(repr(message).encode())
    return whole.hexdigest()


def ids(config: SimulationConfig) -> set[str]:
    return {message.event_id.lower() for message in simulate(config)}


def test_repeats_itself() -> None:
    assert list(simulate(CONFIG)) == list(simulate(CONFIG))


def test_repeats_itself_in_another_process_with_other_hashes() -> None:
    program = (
        "import hashlib, datetime, producer\n"
        "config = producer.SimulationConfig(events=4000, days=3, seed=5, poison_rate=0.05,"
        " start=datetime.datetime(2026, 10, 19, tzinfo=datetime.UTC))\n"
        "whole = hashlib.sha256()\n"
        "for message in producer.simulate(config): whole.update(repr(message).encode())\n"
        "print(whole.hexdigest())"
    )
    root = Path(__file__).parents[2]
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "321", "PYTHONPATH": str(root), "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == digest(list(simulate(CONFIG)))


def test_does_not_depend_on_the_wall_clock_if_it_has_a_start() -> None:
    later = datetime(2031, 5, 5, 5, 5, tzinfo=UTC)
    assert list(simulate(CONFIG, now=later)) == list(simulate(CONFIG))


def test_another_seed_start_or_size_shares_no_event() -> None:
    here = ids(CONFIG)
    assert here.isdisjoint(ids(replace(CONFIG, seed=6)))
    assert here.isdisjoint(ids(replace(CONFIG, start=datetime(2026, 10, 20, tzinfo=UTC))))
    assert here.isdisjoint(ids(replace(CONFIG, events=4001)))


def test_without_a_start_two_runs_on_one_day_are_the_same() -> None:
    config = replace(CONFIG, start=None)
    morning = datetime(2026, 10, 22, 7, tzinfo=UTC)
    assert list(simulate(config, morning)) == list(simulate(config, morning + timedelta(hours=9)))


def test_files_repeat_byte_for_byte(tmp_path: Path) -> None:
    for name in ("one.ndjson.gz", "two.ndjson.gz"):
        write_to_file(simulate(CONFIG), tmp_path / name, truth=tmp_path / f"{name}.truth")
    assert (tmp_path / "one.ndjson.gz").read_bytes() == (tmp_path / "two.ndjson.gz").read_bytes()
    assert (tmp_path / "one.ndjson.gz.truth").read_bytes() == (tmp_path / "two.ndjson.gz.truth").read_bytes()
