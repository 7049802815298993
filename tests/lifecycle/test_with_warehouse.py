"""Compaction and erasure beside the warehouse: no day is rebuilt for nothing, no person stays in its file, all tests hold."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from beam_pipeline.main import main as run_job
from beam_pipeline.messages import now_micros
from lake_cli.lifecycle import compaction
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.erasure_run import ErasureRun
from lake_cli.lifecycle.storage import open_root
from lake_cli.local.demo.audit import audit
from lake_cli.places import Places
from lake_cli.report import render
from producer import SimulationConfig, simulate, write_to_file
from warehouse_runner import build, find_changes
from warehouse_runner.objects import LocalFolder
from warehouse_runner.state import DuckDBState

pytestmark = pytest.mark.usefixtures("warm_dbt")

EVENTS = 3000


@pytest.mark.proof
def test_a_warehouse_before_and_after_compaction_and_erasure(tmp_path: Path) -> None:
    places = Places(tmp_path)
    config = SimulationConfig(events=EVENTS, days=3, seed=5, poison_rate=0.03)
    write_to_file(simulate(config), places.messages, truth=places.truth)
    options = ["--output_path", str(places.lake), "--quarantine_path", str(places.quarantine)]
    assert run_job([f"--input_files={places.messages}", *options, "--batch_max_messages=300"]) == 0
    places.messages.unlink()
    assert build(places.lake, places.quarantine, places.warehouse, "duckdb").succeeded
    lake, quarantine = open_root(str(places.lake)), open_root(str(places.quarantine))

    done = compaction.compact(lake, quarantine, Rules(date.max, keep=timedelta(hours=1)), now_micros(), lambda: None)
    assert done.waiting > 20
    state = DuckDBState(places.warehouse).load()
    assert find_changes(LocalFolder(places.lake), state).lake_dates == ()
    compaction.compact(lake, quarantine, Rules(date.max, keep=timedelta()), now_micros(), lambda: None)
    assert audit(places, lambda _: None).holds
    result = build(places.lake, places.quarantine, places.warehouse, "duckdb")
    assert (result.succeeded, result.lake_dates, result.warnings) == (True, (), ())

    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        people = connection.execute(
            "select user_id, email from marts.dim_customers where email is not null limit 3"
        ).fetchall()
    page = render(places.warehouse, places.page)
    ErasureRun(lake, quarantine, places.warehouse, page, lambda _: None).erase([user for user, _ in people])

    for file in [places.warehouse, page, *places.lake.rglob("*.json"), *places.lake.rglob("*.ndjson")]:
        content = file.read_bytes()
        assert not [value for person in people for value in person if value.encode() in content], file
    after = audit(places, lambda _: None)
    assert after.holds, after.reasons
    assert after.erased > 0
    result = build(places.lake, places.quarantine, places.warehouse, "duckdb")
    assert result.succeeded, result.failures
    assert result.lake_dates
    erased = _published(places.warehouse)
    assert len(erased) > 8
    assert build(places.lake, places.quarantine, places.warehouse, "duckdb", full_refresh=True).succeeded
    assert _published(places.warehouse) == erased


def _published(warehouse: Path) -> dict[str, str]:
    """Digest of every published report."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'reporting' order by all"
        ).fetchall()
        return {
            name: hashlib.sha256(
                repr(connection.execute(f"from reporting.{name} order by all").fetchall()).encode()
            ).hexdigest()
            for (name,) in names
            if name != "rpt_data_quality"
        }
