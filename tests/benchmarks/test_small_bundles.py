"""The simulation of small bundles: what it counts is what was written, late or punctual."""

from datetime import UTC, datetime

import pytest

from beam_pipeline import writing
from benchmarks.small_bundles import Bar, Found, bars, run
from producer import SimulationConfig, simulate


def test_late_messages_make_as_many_objects_as_punctual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[tuple[str, str]] = []
    monkeypatch.setattr(writing, "store", lambda root, path, _: stored.append((root, path)))
    events = list(simulate(SimulationConfig(events=610, days=1, start=datetime(2026, 11, 22, tzinfo=UTC), seed=1)))
    found = [run(events, 10, bundle, late) for bundle in (1, 10) for late in (False, True)]
    objects = [path for _, path in stored if not path.startswith("_control/")]
    assert sum(round(one.objects_a_minute * 61 / 60) for one in found) == len(objects)
    assert len(set(objects)) == len(objects) / 4, "late or punctual, in whatever bundles: the same objects"
    assert found[0].objects_a_minute == found[1].objects_a_minute
    assert found[0].at_least_once < found[0].exactly_once
    assert found[2].exactly_once < found[0].exactly_once, "larger bundles, fewer bytes"


def test_a_bar_that_is_missed_is_missed() -> None:
    common = {"rate": 1000, "bundle": 10, "manifests_a_minute": 1.0, "rows_an_object": 1.0, "cpu_micros": 1.0}
    sizes = {"shuffled": 200.0, "kept": 150.0, "batched": 150.0, "largest_element": 1}
    punctual = Found(late=False, objects_a_minute=30.0, stored=70.0, **common, **sizes)  # type: ignore[arg-type]
    late = Found(late=True, objects_a_minute=600.0, stored=180.0, **common, **sizes)  # type: ignore[arg-type]
    made: dict[str, Bar] = {bar.name: bar for bar in bars([punctual, late], 70.0, 110_000_000)}
    assert [bar.reached for bar in made.values()] == [False] * 6
    assert all(bar.reached for bar in bars([punctual], 70.0, 16_000_000) if "through shuffle" not in bar.name)
