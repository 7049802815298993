"""A temporary Airflow home for tests: the repository's own DAGs, a lake, a warehouse, and Variables in the environment."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tests.warehouse.lakes import Lake

REPOSITORY = Path(__file__).resolve().parents[2]
PIPELINE = "ecommerce_analytics_pipeline"
_RUN_SECONDS = 600  # far less alone; a build machine may be busy


@dataclass(frozen=True)
class Run:
    """A run to be made: its logical date (empty: now; `none`: a manual run that has none) and its configuration."""

    logical_date: str = ""
    conf: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its state, that of each task, and everything it logged."""

    state: str
    tasks: dict[str, str]
    log: str


@dataclass
class AirflowHome:
    """A folder with Airflow's database, a lake and its warehouse.

    Attributes:
        project: what the Variable ecommerce_home names.
        airflow_python: the Python that has Airflow.
        dbt_python: the Python that has dbt.
    """

    root: Path
    project: Path = REPOSITORY
    airflow_python: str = sys.executable
    dbt_python: str = sys.executable

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
            "dbt_python": self.dbt_python,
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
            [self.airflow_python, *arguments],
            env=self.environment(**variables),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def run(self, *runs: Run, dag: str = PIPELINE, **variables: str) -> list[Outcome]:
        """Runs a DAG, several times in a row if asked to; `variables` are Airflow Variables without their prefix."""
        given = json.dumps([[each.logical_date, each.conf] for each in runs])
        done = self.python("-m", "tests.orchestration.dag_run", dag, given, **variables)
        outcomes, log = [], ""
        for line in done.stdout.splitlines(keepends=True):
            if line.startswith('{"state"'):
                answer = json.loads(line)
                outcomes.append(Outcome(answer["state"].rpartition(".")[2].lower(), answer["tasks"], log))
                log = ""
            else:
                log += line
        assert len(outcomes) == len(runs), done.stdout[-5000:]
        return outcomes

    def copy_to(self, root: Path) -> AirflowHome:
        """The same lake, warehouse and database in another folder."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return dataclasses.replace(self, root=root)

    def with_project(self) -> Path:
        """Gives this home a dbt project of its own, to be spoiled; returns its folder."""
        self.project = self.root / "project"
        shutil.copytree(REPOSITORY / "dbt", self.project / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
        for package in ("warehouse_runner",):
            (self.project / package).symlink_to(REPOSITORY / package)
        return self.project / "dbt"

    def complete_until(self, moment: str) -> None:
        """Writes the watermark as the ingestion does."""
        control = self.lake.path / "_control"
        control.mkdir(parents=True, exist_ok=True)
        (control / "watermark.json").write_text(json.dumps({"watermark": moment, "written_at": moment}))

    def reports(self, schema: str = "reporting", after_run: int | None = None) -> dict[str, list[str]]:
        """Every published report as sorted rows of JSON; empty if none has been published.

        `after_run`: as it was after one of several runs, counted from 0, instead of now.
        """
        warehouse = self.lake.warehouse
        if after_run is not None:
            warehouse = warehouse.with_name(f"{warehouse.name}.{after_run}")
        if not warehouse.exists():
            return {}
        with duckdb.connect() as connection:
            connection.execute(
                f"attach '{warehouse}' as kept (read_only)"
            )  # the name of a copy is no name of a database
            names = connection.execute(
                """select table_name from duckdb_tables()
                where database_name = 'kept' and schema_name = ? and table_name like 'rpt_%' order by 1""",
                [schema],
            ).fetchall()
            rows = "select to_json(r) from kept.{}.{} r order by 1"
            return {
                name: [str(row[0]) for row in connection.execute(rows.format(schema, name)).fetchall()]
                for (name,) in names
            }
