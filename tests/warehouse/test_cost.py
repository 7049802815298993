"""A daily build reads the day's files and no others."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from event_contract import EVENT_TYPES
from tests.warehouse.conftest import build_ok
from tests.warehouse.lakes import Lake, arrival

pytestmark = pytest.mark.slow

TYPES = tuple(EVENT_TYPES)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Twenty days, built; then one of them changed, and built while no file of another day can be read."""
    lake = Lake(tmp_path_factory.mktemp("cost"))
    for day in range(1, 21):
        at = f"2026-11-{day:02}T10:00:00Z"
        own = {
            "order_completed": {"order_id": f"o-{day}"},
            "order_refunded": {"order_id": f"o-{day}", "refund_id": f"r-{day}"},
        }
        lake.write(*(arrival(each, at, **own.get(each, {})) for each in TYPES))
    build_ok(lake)
    for path in lake.path.glob("event_type=*/**/*.gz"):
        path.write_bytes(path.read_bytes()[:20])  # whoever opens one of these fails
    for path in lake.path.glob("event_type=*/year=2026/month=11/day=07/*.gz"):
        path.unlink()
    lake.write(*(arrival(each, "2026-11-07T11:00:00Z") for each in TYPES))
    assert build_ok(lake).lake_dates == ("2026-11-07",)
    return lake


def test_a_changed_day_reads_only_its_own_files(lake: Lake) -> None:
    counted = files_read(lake)
    assert set(counted) >= {"int_events", "fct_orders", "fct_order_items", "fct_refunds", "int_registrations"}
    assert counted["int_events"] == len(TYPES)
    assert max(counted.values()) == len(TYPES)
    assert counted["fct_orders"] == counted["fct_order_items"] == 1


def files_read(lake: Lake) -> dict[str, int]:
    """Lake files read by each model's compiled incremental query, as DuckDB counts them."""
    compiled = lake.root / "dbt/target/compiled/ecommerce/models"
    counted = {}
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        for path in sorted(Path(compiled).rglob("*.sql")):
            query = path.read_text()
            if path.parent.name == "staging" or '"staging"."stg_' not in query or "stg_manifest" in query:
                continue
            [[_, plan]] = connection.execute(f"explain analyze {query}").fetchall()
            counted[path.stem] = sum(int(read) for read in re.findall(r"Total Files Read: (\d+)", plan))
    return counted


def test_every_query_over_days_names_them_literally(lake: Lake) -> None:
    """Compiled with days given, no model reads a table with a partition per day without a literal predicate on it."""
    checked = 0
    for path in (lake.root / "dbt/target/compiled/ecommerce/models").rglob("*.sql"):
        query = path.read_text()
        reads = re.findall(r'(?:from|join) "warehouse"\."(?:intermediate|marts)"\."((?:int|fct)_\w+)"', query)
        dates = re.findall(r"(?:>=|in \()\s*date '\d{4}-\d{2}-\d{2}'", query)
        assert len(dates) >= len(reads), path.name
        checked += len(reads)
    assert checked > 25
