"""Who may import what: a top folder is one environment, and imports never run upwards."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_contract import lake_layout

ROOT = Path(__file__).resolve().parents[2]

OURS = {"event_contract", "producer", "beam_pipeline", "warehouse_runner", "lake_cli", "benchmarks", "tests"}

# Package -> packages of ours that it may import, beside itself.
MAY_IMPORT: dict[str, set[str]] = {
    "event_contract": set(),
    "producer": {"event_contract"},
    "beam_pipeline": {"event_contract"},
    "warehouse_runner": set(),
    "lake_cli": {"event_contract", "producer", "beam_pipeline", "warehouse_runner"},
    "dags": set(),
    "benchmarks": {"event_contract", "producer", "beam_pipeline", "warehouse_runner", "lake_cli", "tests"},
}

# Package -> the third-party modules that its environment has; None: whatever the locked group of the laptop has.
THIRD_PARTY: dict[str, set[str] | None] = {
    "event_contract": {"msgspec"},
    "producer": {"faker", "google", "grpc", "isal", "typer", "rich", "msgspec"},
    "beam_pipeline": {"apache_beam", "msgspec", "isal", "google", "requests", "grpc"},
    "warehouse_runner": {"duckdb", "google", "dbt"},
    "lake_cli": None,
    "dags": {"airflow", "asgiref", "googleapiclient", "ecommerce_lake"},
    "benchmarks": None,
}

# Modules that must start quickly, so Beam must not be loaded with them.
WITHOUT_BEAM = [
    "event_contract",
    "event_contract.lake_layout",
    "beam_pipeline.run_summary",
    "lake_cli.cli",
    "warehouse_runner",
]


def imports(source: str) -> Iterator[str]:
    """Every module that a source imports, at its top or within a function, but not for type checkers alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def violations(package: str, source: str) -> list[str]:
    """Imports of a module of a package that its environment does not have."""
    found = []
    outside = THIRD_PARTY[package]
    for module in imports(source):
        top = module.partition(".")[0]
        if top in OURS:
            if top != package and top not in MAY_IMPORT[package]:
                found.append(module)
        elif outside is not None and top not in outside and top not in sys.stdlib_module_names:
            found.append(module)
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_its_environment_has(package: str) -> None:
    found = {
        str(file.relative_to(ROOT)): bad
        for file in (ROOT / package).rglob("*.py")
        if (bad := violations(package, file.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("package", "planted"),
    [
        ("event_contract", "from beam_pipeline.messages import Message"),
        ("producer", "from lake_cli.local import pubsub"),
        ("beam_pipeline", "def run():\n    from lake_cli import lake_files"),
        ("warehouse_runner", "from event_contract.lake_layout import MANIFEST"),
        ("warehouse_runner", "import msgspec"),
        ("warehouse_runner", "import apache_beam as beam"),
        ("lake_cli", "from tests import samples"),
        ("dags", "import warehouse_runner"),
        ("dags", "import msgspec"),
    ],
)
def test_an_import_that_runs_upwards_is_found(package: str, planted: str) -> None:
    assert violations(package, planted)


def test_no_folder_holds_more_than_three_tenths_of_the_code() -> None:
    lines = {
        package: sum(len(file.read_text().splitlines()) for file in (ROOT / package).rglob("*.py"))
        for package in MAY_IMPORT
    }
    parts = {f"lake_cli/{'local' if local else 'rest'}": 0 for local in (True, False)}
    for file in (ROOT / "lake_cli").rglob("*.py"):
        parts[f"lake_cli/{'local' if 'local' in file.parts else 'rest'}"] += len(file.read_text().splitlines())
    total = sum(lines.values())
    assert {
        name: share for name, count in lines.items() if (share := count / total) > 0.30 and name != "lake_cli"
    } == {}
    assert {name: share for name, count in parts.items() if (share := count / total) > 0.30} == {}


@pytest.mark.parametrize("module", WITHOUT_BEAM)
def test_what_must_start_quickly_loads_no_beam(module: str) -> None:
    code = f"import sys, {module}; print('apache_beam' in sys.modules, 'dbt' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_readers_that_cannot_import_the_layout_repeat_it_faithfully() -> None:
    """Airflow's and dbt's environments have no msgspec, and so not the contract: their copies are held to it here."""
    warehouse = (ROOT / "warehouse_runner/changes.py").read_text()
    airflow = (ROOT / "dags/ecommerce_lake/lake.py").read_text()

    assert f'"{lake_layout.MANIFEST}/"' in warehouse
    assert f'"{lake_layout.REWRITTEN}"' in (ROOT / "warehouse_runner/snapshot.py").read_text()
    control, manifest = lake_layout.MANIFEST.split("/")
    assert f'"{control}" / "{manifest}"' in airflow
    assert f'"{control}" / "{lake_layout.WATERMARK.rpartition("/")[2]}"' in airflow


def test_production_gets_the_warehouse_runner_and_no_other_code() -> None:
    module = (ROOT / "terraform/modules/orchestration/main.tf").read_text()
    main = (ROOT / "terraform/main.tf").read_text()

    assert "/../warehouse_runner" in main
    for package in OURS - {"warehouse_runner"}:
        assert f"data/ecommerce_lake/{package}/" not in module
