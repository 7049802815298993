"""The unbounded graph over time: idle sources, what closes an object, drain, many keys, a bundle that is tried again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from apache_beam.testing.test_stream import TestStream as ElementStream

import beam_pipeline.writing
from beam_pipeline.messages import Message
from tests.ingestion.lake_reading import manifest_records
from tests.pipelines import START, WINDOW, ageing, config, ending, ids, message, objects, pulled, run, stream
from tests.samples import PUBLISH_MICROS


def test_a_source_that_falls_idle_does_not_hold_back_what_came_before(tmp_path: Path) -> None:
    source = pulled(stream(), *(message(i) for i in range(5)))
    for minute in range(1, 30):  # nothing comes, time goes on
        source = source.advance_watermark_to(START + 60 * minute).advance_processing_time(60)
    run(source.advance_watermark_to_infinity(), config(tmp_path))
    assert ids(tmp_path) == [str(i) for i in range(5)]


def test_a_source_that_stays_empty_writes_nothing(tmp_path: Path) -> None:
    run(ending(stream()), config(tmp_path))
    assert objects(tmp_path) == {}


def test_messages_after_a_pause_go_to_their_own_windows(tmp_path: Path) -> None:
    source = pulled(stream(), message(1))
    source = ageing(source)
    later = 5 * WINDOW
    source = pulled(source.advance_watermark_to(START + later), message(2, later))
    run(ending(source), config(tmp_path))
    assert ids(tmp_path) == ["1", "2"]
    assert sorted(Path(path).name[:16] for path in objects(tmp_path)) == ["20261122T100000Z", "20261122T105000Z"]


@pytest.mark.parametrize(("megabytes", "expected"), [(64, [6]), (1, [5, 1])], ids=["room for all", "room for five"])
def test_an_object_closes_by_size(tmp_path: Path, megabytes: int, expected: list[int]) -> None:
    source = pulled(stream(), *(message(i, note="x" * 200_000) for i in range(6)))
    run(ending(source), config(tmp_path, max_object_bytes=megabytes << 20))
    assert sorted(map(len, objects(tmp_path).values()), reverse=True) == expected
    assert ids(tmp_path) == [str(i) for i in range(6)]


def test_an_object_closes_by_rows(tmp_path: Path) -> None:
    source = pulled(stream(), *(message(i) for i in range(7)))
    run(ending(source), config(tmp_path, max_object_rows=3))
    assert sorted(map(len, objects(tmp_path).values())) == [1, 3, 3]


def test_an_object_closes_by_age_however_young_its_window_is(tmp_path: Path) -> None:
    source = pulled(stream(), message(1), message(2))
    source = pulled(source.advance_processing_time(30), message(3)).advance_processing_time(200)
    source = pulled(source, message(4))
    run(ending(source), config(tmp_path, max_object_age_seconds=60))
    assert sorted(map(sorted, objects(tmp_path).values())) == [["1", "2", "3"], ["4"]]


def test_a_week_of_late_messages_fills_objects_as_punctual_ones_do(tmp_path: Path) -> None:
    """Bundles of one message each, of a window that ended a week before."""
    for name, watermark in (("punctual", START), ("late", START + 7 * 86_400)):
        run(ending(pulled(stream(starting=watermark), *(message(i) for i in range(20)))), config(tmp_path / name))
        assert sorted(map(len, objects(tmp_path / name).values())) == [20]
        assert len(list((tmp_path / name).rglob("_control/manifest/**/*.ndjson"))) == 1
    assert objects(tmp_path / "late") == objects(tmp_path / "punctual")


def test_a_drain_in_the_middle_of_a_window_writes_what_was_still_open(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    real = beam_pipeline.writing.store

    def store(root: str, path: str, data: bytes) -> None:
        seen.append(ids(tmp_path))
        real(root, path, data)

    source = pulled(stream(), *(message(i, 10 * i) for i in range(8)), Message(b"", "8", PUBLISH_MICROS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beam_pipeline.writing, "store", store)
        run(source.advance_watermark_to_infinity(), config(tmp_path, streaming_mode="at_least_once"))
    assert seen[0] == [], "all of it was still waiting in state when the drain began"
    assert ids(tmp_path) == [str(i) for i in range(9)]


def test_a_thousand_keys_have_an_object_each_and_one_manifest_tells_of_all(tmp_path: Path) -> None:
    days = [
        f"{year}-{month:02d}-{day:02d}" for year in range(2023, 2026) for month in range(1, 13) for day in range(1, 29)
    ]
    dates = days[:1000]
    batch = [message(number, timestamp=f"{date}T12:00:00Z") for number, date in enumerate(dates)]
    source = stream()
    for first in range(0, 1000, 250):
        source = source.add_elements(
            [_stamped(batch[first : first + 250])],
        )
    run(ending(source), config(tmp_path))
    assert ids(tmp_path) == [str(i) for i in range(1000)]
    assert len(objects(tmp_path)) == 1000
    recorded = {record["path"] for record in manifest_records(tmp_path / "lake")}
    assert {f"lake/{path}" for path in recorded} == set(objects(tmp_path))


def _stamped(messages: list[Message]) -> object:
    import apache_beam as beam

    return beam.window.TimestampedValue(messages, START)


class Failing:
    """`store`, that fails once: before, or after, the n-th object of a kind has been stored."""

    def __init__(self, real: Callable[[str, str, bytes], None], at: int, after: bool, kind: str) -> None:
        self._real, self._at, self._after, self._kind = real, at, after, kind
        self.calls = self.failures = 0

    def __call__(self, root: str, path: str, data: bytes) -> None:
        mine = path.startswith("_control/manifest") == (self._kind == "manifest")
        self.calls += mine
        fails = mine and self.calls == self._at
        self.failures += fails
        if fails and not self._after:
            raise OSError(28, "No space left on device", path)
        self._real(root, path, data)
        if fails:
            raise ConnectionResetError(104, "Connection reset by peer")


def twelve_messages() -> ElementStream:
    return ending(pulled(stream(), *(message(i) for i in range(12))))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The objects of a run without faults."""
    folder = tmp_path_factory.mktemp("calm")
    run(twelve_messages(), config(folder, max_object_rows=3))
    return objects(folder)


@pytest.mark.parametrize("after", [False, True], ids=["before it was stored", "after it was stored"])
@pytest.mark.parametrize(("kind", "at"), [("object", 1), ("object", 3), ("manifest", 1)])
def test_a_bundle_tried_again_in_the_middle_of_a_write_writes_the_same_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: dict[str, list[str]], kind: str, at: int, after: bool
) -> None:
    failing = Failing(beam_pipeline.writing.store, at, after, kind)
    monkeypatch.setattr(beam_pipeline.writing, "store", failing)
    run(twelve_messages(), config(tmp_path, max_object_rows=3))
    assert failing.failures == 1
    assert list(objects(tmp_path)) == list(calm)
    assert ids(tmp_path) == [str(i) for i in range(12)]
    assert sorted(r["path"] for r in manifest_records(tmp_path / "lake")) == sorted(
        path.removeprefix("lake/") for path in calm
    )
