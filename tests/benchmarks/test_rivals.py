"""Rivals do the work they are timed for: a contender that writes nothing would win."""

from pathlib import Path

import pytest

from beam_pipeline.messages import Message
from benchmarks import one_core
from benchmarks.contenders import Contender, lines_written, messages
from benchmarks.growth import spread
from benchmarks.rival_transforms import inspect_with_pydantic, loop_with_pydantic, write_to_files
from benchmarks.rivals import graph_one_by_one
from event_contract import Rejection, inspect

_PUBLISHED = 1_795_341_600_000_000


@pytest.fixture(scope="module")
def batch() -> list[Message]:
    return messages(600)


def test_every_contender_writes_every_message(batch: list[Message], tmp_path: Path) -> None:
    contenders: dict[str, Contender] = {
        "json": loop_with_pydantic(batch, by_json=True),
        "pydantic": loop_with_pydantic(batch, by_json=False),
        "flat": write_to_files(batch, nested=False),
        "graph": graph_one_by_one(batch),
    }
    written = {}
    for name, contender in contenders.items():
        folder = tmp_path / name
        folder.mkdir()
        contender(folder)()
        written[name] = lines_written(folder) - lines_written(folder / "lake" / "_control")

    assert written == dict.fromkeys(contenders, len(batch))


@pytest.mark.parametrize("by_json", [True, False])
def test_pydantic_accepts_what_the_contract_accepts_and_finds_the_same_partition(
    batch: list[Message], by_json: bool
) -> None:
    for message in batch:
        verdict = inspect(message.data, message.publish_micros)
        if not isinstance(verdict, Rejection):
            assert inspect_with_pydantic(message.data, by_json=by_json) == verdict


@pytest.mark.parametrize("by_json", [True, False])
def test_pydantic_refuses_wrong_types_limits_and_amounts(by_json: bool) -> None:
    codes = {
        "wrong_type",
        "missing_field",
        "invalid_value",
        "inconsistent_total",
        "unknown_event_type",
        "not_an_object",
    }
    for message in messages(3_000):
        verdict = inspect(message.data, message.publish_micros)
        if isinstance(verdict, Rejection) and verdict.code in codes and b'"event_id"' in message.data:
            assert inspect_with_pydantic(message.data, by_json=by_json) is None, message.data


@pytest.mark.parametrize("engine", [one_core.ours, one_core.duckdb, one_core.duckdb_raw])
def test_every_engine_partitions_the_same_file(engine: one_core.Engine, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(spread(600, 30)))
    folder = tmp_path / "out"
    folder.mkdir()

    assert engine(str(file), str(folder), "gzip")() == 600
    found = {path.parent for path in folder.rglob("*.gz")}
    assert len(found) == 30


@pytest.mark.parametrize("partitions", [1, 7, 1_000])
def test_events_are_spread_over_as_many_partitions_as_asked(partitions: int) -> None:
    found = {inspect(line.rstrip(), _PUBLISHED) for line in spread(2 * partitions, partitions)}

    assert not any(isinstance(verdict, Rejection) for verdict in found)
    assert len(found) == partitions
