"""The dbt project itself: what every model must have, on both engines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.warm_python import RUN_VARS
from warehouse_runner.dbt_run import PROJECT_DIR

pytestmark = pytest.mark.slow


def dbt(work: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Runs dbt on the project over an empty lake; everything it writes goes below `work`."""
    places = {
        "LAKE_PATH": str(work / "lake"),
        "QUARANTINE_PATH": str(work / "quarantine"),
        "DUCKDB_PATH": str(work / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
    }
    return subprocess.run(
        [
            *(python, "-c", "from dbt.cli.main import cli; cli()", "--no-use-colors", *arguments),
            *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
        ],
        env={**os.environ, **places, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Dbt's manifest for BigQuery, parsed without a deprecation."""
    work = tmp_path_factory.mktemp("parse")
    parsed = dbt(work, "parse", "--target", "bigquery", "--show-all-deprecations", "--no-partial-parse")
    assert parsed.returncode == 0, parsed.stdout
    assert "deprecat" not in parsed.stdout.lower()
    assert "WARNING" not in parsed.stdout
    found: dict[str, Any] = json.loads((work / "target/manifest.json").read_text())
    return found


def models(manifest: dict[str, Any], *layers: str) -> list[dict[str, Any]]:
    return [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["fqn"][1] in layers
    ]


def test_every_mart_and_report_has_a_contract_and_says_its_grain(manifest: dict[str, Any]) -> None:
    found = models(manifest, "marts", "reporting")
    assert len(found) >= 23
    for model in found:
        assert model["config"]["contract"]["enforced"], model["name"]
        assert model["description"].startswith("Grain: "), model["name"]
        for column in model["columns"].values():
            assert column["description"], (model["name"], column["name"])


def test_every_mart_and_report_has_a_primary_key_test(manifest: dict[str, Any]) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "primary_key"
    }
    assert {model["unique_id"] for model in models(manifest, "marts", "reporting")} <= tested


def test_amounts_have_a_currency_in_the_same_table_and_are_no_floats(manifest: dict[str, Any]) -> None:
    for model in models(manifest, "marts", "reporting"):
        types = {name: column["data_type"] for name, column in model["columns"].items()}
        assert not [name for name, kind in types.items() if "float" in kind or "double" in kind], model["name"]
        amounts = {name for name, kind in types.items() if kind == "numeric(29, 2)"}
        if amounts - {"events_per_session", "average_duration_seconds"}:
            assert "currency" in types, model["name"]


def test_partitioned_tables_demand_a_filter_and_rebuild_literal_days(manifest: dict[str, Any]) -> None:
    incremental = [
        model
        for model in models(manifest, "intermediate", "marts", "reporting")
        if model["config"]["materialized"] == "incremental"
    ]
    assert len(incremental) > 15
    for model in incremental:
        assert model["config"]["incremental_strategy"] == "insert_overwrite", model["name"]
        assert model["config"]["require_partition_filter"] is True, model["name"]
        assert all(day.startswith("date '") for day in model["config"]["partitions"]), model["name"]


def test_personal_data_is_tagged_and_in_one_mart(manifest: dict[str, Any]) -> None:
    personal = {"name", "email", "address", "city", "postal_code"}
    for model in models(manifest, "intermediate", "marts", "reporting"):
        held = personal & set(model["columns"])
        assert not held or model["name"] in ("dim_customers", "int_registrations"), model["name"]
        for column in held:
            assert "personal_data" in model["columns"][column]["config"]["tags"], column


def test_every_report_has_a_reader(manifest: dict[str, Any]) -> None:
    read = {node for exposure in manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    assert {model["unique_id"] for model in models(manifest, "reporting")} <= read


def test_money_is_text_or_decimal_in_every_source() -> None:
    sources = yaml.safe_load((PROJECT_DIR / "models/staging/_sources.yml").read_text())["sources"]
    for table in sources[0]["tables"]:
        for column in table["columns"]:
            assert "float" not in column["data_type"], (table["name"], column["name"])


def test_what_a_run_is_given_leaves_the_parsed_project_as_it_is(tmp_path: Path, warm_dbt: str) -> None:
    """Builds of tests take the project as it was parsed without variables: `RUN_VARS` must not be read while parsing."""
    given = {
        **{key: ["2026-02-28"] for key in ("changed_dates", "changed_quarantine_dates", "changed_manifest_dates")},
        "first_date": "2026-01-01",
        "snapshot": True,
        "published_before": "2026-03-01T00:00:00Z",
        "publish": False,
    }
    assert given.keys() == RUN_VARS
    found = []
    for folder, variables in (("without", {}), ("with", {**given, "recent_days": 3})):  # another variable: parsed again
        done = dbt(tmp_path / folder, "parse", "--vars", json.dumps(variables), python=warm_dbt)
        assert done.returncode == 0, done.stdout
        manifest = json.loads((tmp_path / folder / "target/manifest.json").read_text())
        for node in manifest["nodes"].values():
            del node["created_at"]
        found.append(manifest["nodes"])
    assert found[0] == found[1]


def test_unit_tests_hold_and_documentation_builds_over_an_empty_lake(tmp_path: Path, warm_dbt: str) -> None:
    built = dbt(tmp_path, "build", python=warm_dbt)
    assert built.returncode == 0, built.stdout[-3000:]
    ran = re.search(r"(\d+) unit tests", built.stdout)
    assert ran
    assert int(ran[1]) >= 20
    documented = dbt(tmp_path, "docs", "generate", "--static", python=warm_dbt)
    assert documented.returncode == 0, documented.stdout[-3000:]
    assert (tmp_path / "target/static_index.html").stat().st_size > 100_000
