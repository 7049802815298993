"""Reports of a simulated shop are what plain Python makes of the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warehouse import recomputation
from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake
from tests.warehouse.shops import deliveries

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("shop"))
    lake.write_payloads(deliveries(15_000))
    build_ok(lake)
    return lake


@pytest.mark.proof
def test_every_report_equals_its_recomputation(lake: Lake) -> None:
    events = recomputation.read_events(recomputation.files_of(lake))
    found = {name: recompute(events) for name, (recompute, _) in recomputation.REPORTS.items()}
    assert all(found.values()), "a report of nothing shows nothing"
    assert sum(row[2] for row in found["revenue"]) > 100
    assert any(row[-1] for row in found["sessions"]), "no session crosses midnight"
    assert recomputation.differences(lake) == []


@pytest.mark.proof
def test_no_column_of_the_warehouse_is_a_float(lake: Lake) -> None:
    floats = rows(
        lake.warehouse,
        """select table_schema, table_name, column_name, data_type from information_schema.columns
        where data_type in ('FLOAT', 'DOUBLE', 'REAL')""",
    )
    assert floats == []


@pytest.mark.proof
def test_the_lake_folder_is_only_read(lake: Lake) -> None:
    written = [path for path in lake.root.rglob("*") if path.is_file()]
    ours = {lake.warehouse, *(lake.root / "dbt").rglob("*"), *lake.path.rglob("*.gz"), *lake.path.rglob("*.ndjson")}
    assert {path for path in written if path not in ours and path.suffix != ".wal"} == set()
    assert not (Path(__file__).parents[2] / "dbt" / "target" / "run_results.json").is_relative_to(lake.root)
