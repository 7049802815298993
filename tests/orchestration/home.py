"""A temporary Airflow home for tests: the repository's own DAGs, a lake, a warehouse, and Variables in the environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.warehouse.lakes import Lake

REPOSITORY = Path(__file__).resolve().parents[2]
PIPELINE = "ecommerce_analytics_pipeline"
_RUN_SECONDS = 600  # far less alone; a build machine may be busy


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its state, that of each task, and everything it logged."""

    state: str
    tasks: dict[str, str]
    log: str


@dataclass
class AirflowHome:
    """A folder with Airflow's database, a lake and its warehouse. `project` is what the Variable ecommerce_home names."""

    root: Path
    project: Path = REPOSITORY

    @property
    def lake(self) -> Lake:
        """The lake below this folder."""
        return Lake(self.root / "data")

    @property
    def docs(self) -> Path:
        """Where the documentation goes."""
        return self.root / "docs"

    def environment(self, **variables: str) -> dict[str, str]:
        """What Airflow and its tasks see; `variables` are Airflow Variables without their prefix."""
        lake = self.lake
        values = {
            "home": str(self.project),
            "lake_uri": lake.path.as_uri(),
            "quarantine_uri": lake.quarantine_path.as_uri(),
            "duckdb_path": str(lake.warehouse),
            "state_dir": str(self.root / "state"),
            "dbt_python": sys.executable,
            **variables,
        }
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DBT_", "ECOMMERCE"))
        }
        return {
            **kept,
            "AIRFLOW_HOME": str(self.root),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.root}/airflow.db",
            "ECOMMERCE_GATE_POKE_SECONDS": "1",
            "ECOMMERCE_GATE_TIMEOUT_SECONDS": "2",
            "ECOMMERCE_RETRIES": "0",
            "ECOMMERCE_RETRY_DELAY_SECONDS": "1",
            "PYTHONPATH": str(REPOSITORY),
            "TMPDIR": str(self.root / "tmp"),
            **{f"AIRFLOW_VAR_ECOMMERCE_{name.upper()}": value for name, value in values.items()},
        }

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in this home; standard error is part of the output."""
        (self.root / "tmp").mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(**variables),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def run(
        self, logical_date: str = "", conf: dict[str, str] | None = None, dag: str = PIPELINE, **variables: str
    ) -> Outcome:
        """Runs a DAG for a logical date (empty: now; `none`: a manual run that has none)."""
        done = self.python("-m", "tests.orchestration.dag_run", dag, logical_date, json.dumps(conf or {}), **variables)
        answers = [line for line in done.stdout.splitlines() if line.startswith('{"state"')]
        assert answers, done.stdout[-5000:]
        answer = json.loads(answers[-1])
        return Outcome(answer["state"].rpartition(".")[2].lower(), answer["tasks"], done.stdout)

    def copy_to(self, root: Path) -> AirflowHome:
        """The same lake, warehouse and database in another folder."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return AirflowHome(root, self.project)

    def with_project(self) -> Path:
        """Gives this home a dbt project of its own, to be spoiled; returns its folder."""
        self.project = self.root / "project"
        shutil.copytree(REPOSITORY / "dbt", self.project / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
        for package in ("local_platform", "event_contract"):
            (self.project / package).symlink_to(REPOSITORY / package)
        return self.project / "dbt"

    def complete_until(self, moment: str) -> None:
        """Writes the watermark as the ingestion does."""
        control = self.lake.path / "_control"
        control.mkdir(parents=True, exist_ok=True)
        (control / "watermark.json").write_text(json.dumps({"watermark": moment, "written_at": moment}))

    def reports(self, schema: str = "reporting") -> dict[str, list[str]]:
        """Every published report as sorted text rows; empty if none has been published."""
        if not self.lake.warehouse.exists():
            return {}
        with duckdb.connect(str(self.lake.warehouse), read_only=True) as connection:
            names = connection.execute(
                "select table_name from information_schema.tables where table_schema = ? order by 1", [schema]
            ).fetchall()
            return {
                name: [
                    str(row[0])
                    for row in connection.execute(f"select to_json(r) from {schema}.{name} r order by 1").fetchall()  # noqa: S608
                ]
                for (name,) in names
            }
