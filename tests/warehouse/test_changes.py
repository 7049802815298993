"""Which days changed: by what the manifest says was written, not by clocks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.warehouse.lakes import Lake, arrival
from warehouse_runner import WarehouseError, build, find_changes
from warehouse_runner.objects import LocalFolder, open_store
from warehouse_runner.partition_limit import WIDENED_DAYS
from warehouse_runner.plan import make_plan
from warehouse_runner.state import DuckDBState, FileState

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.write(arrival("page_viewed", "2026-11-20T09:00:00Z"), arrival("page_viewed", "2026-11-21T09:00:00Z"))
    return lake


def test_before_the_first_build_everything_has_changed(lake: Lake) -> None:
    changes = find_changes(LocalFolder(lake.path), None)
    assert changes.everything
    assert changes.lake_dates == ("2026-11-20", "2026-11-21")
    assert changes.manifest_dates == ("2026-11-22",)


def test_nothing_new_is_no_change(lake: Lake) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    again = find_changes(LocalFolder(lake.path), first.state)
    assert (again.lake_dates, again.quarantine_dates, again.manifest_dates, again.everything) == ((), (), (), False)


def test_a_late_event_changes_its_own_day_only(lake: Lake) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    lake.write(arrival("page_viewed", "2025-11-23T09:00:00Z"))
    assert find_changes(LocalFolder(lake.path), first.state).lake_dates == ("2025-11-23",)


def test_quarantine_changes_publish_dates_not_event_dates(lake: Lake) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    lake.quarantine("invalid_json", b"{", published_at="2026-11-19T10:00:00+00:00")
    later = find_changes(LocalFolder(lake.path), first.state)
    assert (later.lake_dates, later.quarantine_dates) == ((), ("2026-11-19",))


def test_a_batch_written_again_is_no_change(lake: Lake) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    for path in lake.path.glob("_control/manifest/**/*.ndjson"):
        path.write_bytes(path.read_bytes())
    assert find_changes(LocalFolder(lake.path), first.state).lake_dates == ()


def test_a_removed_manifest_changes_its_days(lake: Lake) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    for path in lake.path.glob("_control/manifest/**/*.ndjson"):
        path.unlink()
    assert find_changes(LocalFolder(lake.path), first.state).lake_dates == ("2026-11-20", "2026-11-21")


def test_only_folders_with_a_new_listing_are_read(lake: Lake) -> None:
    class Counting(LocalFolder):
        reads = 0

        def read(self, name: str) -> bytes:
            self.reads += 1
            return super().read(name)

    first = find_changes(LocalFolder(lake.path), None)
    store = Counting(lake.path)
    find_changes(store, first.state)
    assert store.reads == 0


@pytest.mark.parametrize("line", ["{", "[]", '{"root": "lake"}'])
def test_an_unreadable_manifest_names_the_file_and_the_remedy(lake: Lake, line: str) -> None:
    bad = lake.path / "_control/manifest/year=2026/month=11/day=22/bad.ndjson"
    bad.write_text(line)
    with pytest.raises(WarehouseError, match=r"bad\.ndjson .*lake manifest repair"):
        find_changes(LocalFolder(lake.path), None)


def test_a_missing_lake_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"nowhere does not exist; run the ingestion first"):
        build(tmp_path / "nowhere", tmp_path / "quarantine", tmp_path / "new" / "warehouse.duckdb")
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_no_warehouse_is_named(lake: Lake) -> None:
    lake.warehouse.write_text("not a database, but long enough to be looked at as one")
    with pytest.raises(WarehouseError, match=r"cannot open the warehouse .*warehouse\.duckdb"):
        build(lake.path, lake.quarantine_path, lake.warehouse)


def test_memory_survives_in_both_places(lake: Lake, tmp_path: Path) -> None:
    state = find_changes(open_store(str(lake.path)), None).state
    for store in (DuckDBState(tmp_path / "w.duckdb"), FileState(tmp_path / "new" / "state.json")):
        assert store.load() is None
        store.save(state)
        assert store.load() == state


@pytest.mark.parametrize(("kept", "changed"), [(1, ()), (0, ("2026-11-20",))], ids=["compaction", "erasure"])
def test_a_day_is_changed_by_erasure_and_not_by_compaction(lake: Lake, kept: int, changed: tuple[str, ...]) -> None:
    first = find_changes(LocalFolder(lake.path), None)
    (file,) = lake.path.glob("_control/manifest/**/*.ndjson")
    record = json.loads(file.read_bytes().splitlines()[0])
    folder, _, name = record["path"].rpartition("/")
    rewritten = record | {
        "path": f"{folder}/w9-rewritten.ndjson.gz",
        "rows": kept,
        "replaces": [name],
        "replaced_rows": 1,
    }
    file.with_name("w9.ndjson").write_text(json.dumps(rewritten) + "\n")
    assert find_changes(LocalFolder(lake.path), first.state).lake_dates == changed


def scattered(lake: Lake, count: int) -> None:
    lake.write(*(arrival("page_viewed", f"{2000 + n // 12}-{n % 12 + 1:02}-15T09:00:00Z") for n in range(count)))


def test_a_run_rebuilds_no_more_partitions_than_bigquery_takes_and_the_next_runs_the_rest(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse_runner.partition_limit.within_limit.__defaults__", (7, 80))
    store = FileState(tmp_path / "state.json")
    first = make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", store)
    assert first.everything
    store.save(first.changes.state)
    scattered(lake, 25)
    rebuilt: list[str] = []
    for _ in range(10):
        plan = make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", store)
        assert len(plan.variables["changed_dates"]) <= 10
        assert any("left to the next runs" in note for note in plan.notes) == bool(plan.left_out)
        assert any("has no watermark" in note for note in plan.notes)
        rebuilt += plan.variables["changed_dates"]
        store.save(plan.changes.state)
        if not plan.left_out:
            break
    assert len(rebuilt) == len(set(rebuilt)) == 25
    assert make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", store).variables["changed_dates"] == []


def test_a_first_build_takes_the_newest_partitions_and_the_next_runs_the_rest(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse_runner.partition_limit.within_limit.__defaults__", (7, 20))
    scattered(lake, 25)
    store = FileState(tmp_path / "state.json")
    first = make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", store)
    assert first.everything
    assert first.variables["first_date"] == "2000-08-15"
    assert first.left_out[-1] == "2000-07-15"
    store.save(first.changes.state)
    second = make_plan(str(lake.path), str(lake.quarantine_path), "bigquery", store)
    assert not second.everything
    assert second.variables["changed_dates"][-1] == "2000-07-15"


def test_the_widest_rebuild_of_a_model_is_known_to_the_limit() -> None:
    models = "".join(path.read_text() for path in (ROOT / "dbt/models").rglob("*.sql"))
    assert max(int(days) for days in re.findall(r"(?:before|after)=(\d+)", models)) == WIDENED_DAYS
