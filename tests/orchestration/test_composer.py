"""What Composer is given, what its DAGs expect, and what the documentation says of it: one thing, said in several places."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.orchestration.days import DAYS, fill, scheduled
from tests.orchestration.home import REPOSITORY, AirflowHome

MODULE = REPOSITORY / "terraform/modules/orchestration"
TERRAFORM = (MODULE / "main.tf").read_text()
PAGE = (REPOSITORY / "docs/orchestration.md").read_text()
DAGS = REPOSITORY / "dags"


def image() -> str:
    found = re.search(r'image_version = "(composer-3-airflow-[\d.]+-build\.\d+)"', TERRAFORM)
    assert found
    return found[1]


def image_packages() -> dict[str, str]:
    """What was resolved for the image: package -> version."""
    lines = (MODULE / f"{image()}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line[0] not in "# ")


def variables_of_terraform() -> set[str]:
    found = re.search(r"^  airflow_variables = \{\n(.*?)^  \}", TERRAFORM, re.M | re.S)
    assert found
    return set(re.findall(r"^    (\w+) +=", found[1], re.M))


def defaults() -> dict[str, object]:
    """The DAGs' settings with their defaults, read without Airflow."""
    for node in ast.parse((DAGS / "ecommerce_lake/settings.py").read_text()).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            return {
                ast.literal_eval(key): ast.literal_eval(value) if isinstance(value, ast.Constant) else ...
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            }
    raise AssertionError("no DEFAULTS")


def documented() -> dict[str, str]:
    """The page's table of Variables: name -> its row."""
    table = PAGE.partition("| Variable | Default | Meaning |")[2].partition("\n\n")[0]
    return {
        name: row for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if row else "")
    }


def test_the_page_explains_every_variable_that_there_is() -> None:
    assert set(documented()) == set(defaults())


def test_terraform_sets_what_bigquery_needs_and_leaves_dbt_to_the_worker() -> None:
    given = variables_of_terraform()

    assert {"home", "state_dir", "lake_uri", "quarantine_uri", "dbt_target"} <= given <= set(defaults())
    assert not {"duckdb_path", "dbt_python"} & given, "the worker makes dbt's environment"
    assert "pypi_packages" not in TERRAFORM, "nothing that could disagree with the image"
    assert "no PyPI package is\nadded to Composer" in PAGE
    assert "| `dbt_python` | made |" in PAGE


def test_the_worker_finds_the_locked_requirements_where_terraform_puts_them() -> None:
    script = (DAGS / "ecommerce_lake/in_dbt_environment.sh").read_text()
    home = re.search(r'^    home += "/home/airflow/gcs/(data/\w+)"$', TERRAFORM, re.M)

    assert home
    assert "requirements=$home/requirements/warehouse.txt\n" in script
    assert "--require-hashes -r" in script
    assert f'"{home[1]}/requirements/warehouse.txt" = var.requirements_path' in TERRAFORM
    assert "/../requirements/warehouse.txt" in (REPOSITORY / "terraform/main.tf").read_text()
    assert "`requirements/warehouse.txt`, with hashes" in PAGE


def third_party(files: Iterable[Path], ours: set[str]) -> set[str]:
    """Modules that files import from elsewhere, at once or when a function runs."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found.update(each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return {name for name in found if name.partition(".")[0] not in {*sys.stdlib_module_names, *ours}}


_LOADED = """
import json, sys
import warehouse_runner.changed_days, warehouse_runner.full_refresh_check
print(json.dumps([module.__file__ for name, module in sys.modules.items() if name.startswith('warehouse_runner')]))
"""


def test_what_the_tasks_run_needs_only_what_is_uploaded_and_locked(tmp_path: Path) -> None:
    for source in (REPOSITORY / "warehouse_runner").rglob("*.py"):
        copy = tmp_path / source.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)

    said = subprocess.run(
        ["bash", str(DAGS / "ecommerce_lake/in_dbt_environment.sh"), "python", "-c", _LOADED],
        env={**os.environ, "ECOMMERCE_HOME": str(tmp_path), "ECOMMERCE_DBT_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    files = [Path(name) for name in json.loads(said.stdout)]
    assert files, "nothing was loaded"
    assert all(file.is_relative_to(tmp_path) for file in files), "the uploaded copy was not what ran"
    locked = set(re.findall(r"^([\w.-]+)==", (REPOSITORY / "requirements/warehouse.txt").read_text(), re.M))
    packages = {"google": "google-cloud-storage"}
    needed = {name.partition(".")[0] for name in third_party(files, {"warehouse_runner"})}
    assert {"duckdb", "google"} <= needed
    assert {name for name in needed if packages.get(name, name) not in locked} == set()


def owner(module: str) -> str:
    """The package that brings a module, by the names that Airflow and Google give theirs."""
    parts = module.split(".")
    if parts[:2] == ["airflow", "providers"]:
        count = 4 if parts[2] == "common" else 3
        return "-".join(["apache", "airflow", *parts[1:count]])
    if parts[:2] == ["airflow", "sdk"]:
        return "apache-airflow-task-sdk"
    return {"airflow": "apache-airflow-core", "googleapiclient": "google-api-python-client"}.get(parts[0], parts[0])


def test_the_image_brings_whatever_the_dags_import() -> None:
    packages, modules = image_packages(), third_party(DAGS.rglob("*.py"), {"ecommerce_lake"})

    assert {"airflow.providers.google.cloud.hooks.bigquery", "googleapiclient", "asgiref.sync"} <= modules
    assert {module for module in modules if owner(module) not in packages} == set()
    assert {"gcsfs", "universal-pathlib"} <= packages.keys(), "gs:// through ObjectStoragePath"


def test_the_image_is_one_airflow_version_that_the_project_allows() -> None:
    packages = image_packages()
    asked = (REPOSITORY / "pyproject.toml").read_text().partition("orchestration = [")[2].partition("]\n")[0]

    assert packages["apache-airflow"] == packages["apache-airflow-core"]
    assert image().startswith(f"composer-3-airflow-{packages['apache-airflow']}-build.")
    assert f"`{image()}`" in PAGE
    for text in re.findall(r'"([^"]+)"', asked):
        wanted = Requirement(text)
        assert wanted.specifier.contains(packages[wanted.name]), (text, packages[wanted.name])


@pytest.mark.slow
@pytest.mark.skipif(
    "ECOMMERCE_IMAGE_PYTHON" not in os.environ,
    reason="set ECOMMERCE_IMAGE_PYTHON to the Python of an environment with the image's packages: docs/orchestration.md",
)
def test_a_day_is_published_by_the_packages_of_the_image(tmp_path: Path) -> None:
    """A whole run where Airflow and its providers have the image's versions; dbt is in the environment of the tests."""
    home = AirflowHome(tmp_path, airflow_python=os.environ["ECOMMERCE_IMAGE_PYTHON"])
    versions = (
        "import airflow, json; from airflow.utils.db import initdb; initdb(); print(json.dumps(airflow.__version__))"
    )
    made = home.python("-c", versions)
    assert made.returncode == 0, made.stdout
    assert json.loads(made.stdout.splitlines()[-1]) == image_packages()["apache-airflow"]
    fill(home)

    (outcome,) = home.run(scheduled(DAYS[-1]), docs_uri=home.docs.as_uri())

    assert outcome.state == "success", outcome.log[-6000:]
    assert home.reports()["rpt_daily_revenue"]
    assert (home.docs / "index.html").exists()
