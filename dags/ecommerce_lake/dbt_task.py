"""dbt as a task: one command in dbt's own environment, whose failures are told apart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import ObjectStoragePath

from ecommerce_lake import settings
from ecommerce_lake.dbt_failures import FailedNode, failed_nodes, rows_of

if TYPE_CHECKING:
    from airflow.sdk import Context

_SCRIPT = Path(__file__).with_name("in_dbt_environment.sh")
_PARSED = "partial_parse.msgpack"
_TESTS_SHOWN = 3
_ROWS_SHOWN = 5
_SHOW_SECONDS = 120

# The project's addresses, as dbt/profiles.yml and the lake's views read them.
ENVIRONMENT = {
    "ECOMMERCE_HOME": settings.template("home"),
    "ECOMMERCE_DBT_PYTHON": settings.template("dbt_python"),
    "DBT_TARGET": settings.template("dbt_target"),
    "LAKE_PATH": settings.template("lake_uri"),
    "QUARANTINE_PATH": settings.template("quarantine_uri"),
    "DUCKDB_PATH": settings.template("duckdb_path"),
    "STATE_DIR": settings.template("state_dir"),
    "GCP_PROJECT": settings.template("gcp_project"),
    "BQ_DATASET": settings.template("bq_dataset"),
    "BQ_LOCATION": settings.template("bq_location"),
    "BQ_MAXIMUM_BYTES_BILLED": settings.template("bq_maximum_bytes_billed"),
}


class InDbtEnvironment(BashOperator):
    """A `python …` or `dbt …` command line in dbt's environment; its last line of output is its XCom."""

    def __init__(self, *, command: str, **kwargs: Any) -> None:
        super().__init__(bash_command=f"bash '{_SCRIPT}' {command}", env=dict(ENVIRONMENT), append_env=True, **kwargs)

    def get_env(self, context: Context) -> dict[str, str]:
        """Addresses as dbt takes them: a local folder is a path, not a file:// address."""
        environment: dict[str, str] = super().get_env(context)
        for name in ("LAKE_PATH", "QUARANTINE_PATH"):
            environment[name] = environment[name].removeprefix("file://")
        return environment


class DbtTask(InDbtEnvironment):
    """`dbt <arguments>`: a test that found bad rows fails the task at once and shows them; anything else is tried again.

    A retry of a failing test would fail again and tell people later. A model that could not be built, a lost connection or a
    locked file may be well a minute later.

    Attributes:
        arguments: dbt's command line, templated.
        keep: file of the target folder to copy to the folder `keep_uri` (templated) afterwards; the task is skipped without one.
    """

    template_fields: Sequence[str] = (*InDbtEnvironment.template_fields, "keep_uri")

    def __init__(self, *, arguments: str, keep: str | None = None, keep_uri: str = "", **kwargs: Any) -> None:
        super().__init__(command=f"dbt {arguments}", do_xcom_push=False, **kwargs)
        self.keep = keep
        self.keep_uri = keep_uri

    def execute(self, context: Context) -> None:
        """Runs dbt with a target folder of its own, which is gone afterwards: no run sees another's results."""
        if self.keep and not self.keep_uri:
            raise AirflowSkipException("no location is set for it: see the Variable ecommerce_docs_uri")
        with tempfile.TemporaryDirectory(prefix="ecommerce-dbt-") as work:
            target = Path(work, "target")
            self.env = {**(self.env or {}), "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": f"{work}/logs"}
            parsed = ParsedProject(settings.read("home"))
            parsed.restore(target)
            try:
                super().execute(context)
                parsed.save(target)
            except AirflowException as error:
                self._tell(failed_nodes(target / "run_results.json"), error, context)
            if self.keep:
                self._copy(target / self.keep)

    def _tell(self, failures: list[FailedNode], error: AirflowException, context: Context) -> None:
        red = [failure for failure in failures if failure.status == "fail"]
        lines = [f"{failure.name}: {failure.message}" for failure in failures if failure.status == "error"]
        for index, test in enumerate(red):
            lines.append(f"test {test.name} failed: {test.message}")
            if index < _TESTS_SHOWN and test.query:
                lines += [f"  {row}" for row in self._rows(test.query, context)]
        message = "\n".join(lines) or f"{error} dbt ended before it could say more; see the log above"
        raise (AirflowFailException(message) if red else AirflowException(message)) from error

    def _rows(self, query: str, context: Context) -> list[str]:
        shown = subprocess.run(
            [
                *("bash", str(_SCRIPT), "dbt", "--quiet", "show", "--output", "json", "--limit", str(_ROWS_SHOWN)),
                *("--inline", f"select * from (\n{query}\n) as failing"),  # noqa: S608 # dbt's own SQL
            ],
            env=self.get_env(context),
            capture_output=True,
            text=True,
            timeout=_SHOW_SECONDS,
            check=False,
        )
        return rows_of(shown.stdout) or [f"its rows could not be shown: {shown.stdout[-300:]}{shown.stderr[-300:]}"]

    def _copy(self, file: Path) -> None:
        target = ObjectStoragePath(self.keep_uri, conn_id=settings.read("lake_conn_id") or None) / "index.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
        self.log.info("Wrote %s", target)


class ParsedProject:
    """The parsed project, kept on a worker between the tasks of a run: parsing takes longer than most of what is built.

    dbt checks it against files, variables and environment itself, and parses again what differs.
    """

    def __init__(self, home: str) -> None:
        name = f"ecommerce-dbt-{hashlib.sha256(home.encode()).hexdigest()[:16]}.msgpack"
        self._kept = Path(tempfile.gettempdir(), name)

    def restore(self, target: Path) -> None:
        """Puts it where dbt looks for it; a copy, so that no task reads what another writes."""
        target.mkdir(parents=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(self._kept, target / _PARSED)

    def save(self, target: Path) -> None:
        """Keeps what dbt left."""
        if (target / _PARSED).exists():
            fresh = self._kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(target / _PARSED, fresh)
            fresh.replace(self._kept)


def read_plan(output: str) -> dict[str, Any]:
    """What `find_changed_days` printed last, for the tasks after it."""
    return dict(json.loads(output))
