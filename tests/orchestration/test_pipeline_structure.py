"""The DAGs as files: what order they promise, and what importing them costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lake_cli.local.airflow.check import BACKFILL_OPTIONS, DAG
from tests.orchestration.home import PIPELINE, REPOSITORY, AirflowHome

_DESCRIBE = """
import json, sys, time, warnings
sys.path.insert(0, DAGS)
import airflow.sdk, airflow.providers.standard.operators.bash
from pathlib import Path
opened, answered = [], []
def audit(event, args):
    if event == 'socket.connect': answered.append(str(args[1]))
    if event == 'open' and isinstance(args[1], str) and any(c in args[1] for c in 'wax+') : opened.append(str(args[0]))
from airflow.dag_processing.dagbag import BundleDagBag
sys.addaudithook(audit)
started = time.process_time()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    bag = BundleDagBag(dag_folder=Path(DAGS), bundle_path=Path(DAGS), bundle_name='dags-folder')
seconds = time.process_time() - started
dags = {
    name: {
        'downstream': {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks},
        'rules': {t.task_id: getattr(t.trigger_rule, 'value', t.trigger_rule) for t in dag.tasks},
        'owners': sorted({t.owner for t in dag.tasks}),
        'unguarded': [t.task_id for t in dag.tasks if not getattr(t, 'on_failure_callback', None) and not t.is_mapped],
        'catchup': dag.catchup, 'max_active_runs': dag.max_active_runs, 'doc': dag.doc_md or '', 'tags': sorted(dag.tags),
        'deadline': bool(dag.deadline), 'timetable': str(dag.timetable), 'paused': dag.is_paused_upon_creation,
    } for name, dag in bag.dags.items()
}
print(json.dumps({
    'errors': bag.import_errors, 'seconds': seconds, 'dags': dags, 'written': opened, 'connected': answered,
    'warnings': [f'{w.category.__name__}: {w.message} ({w.filename})' for w in caught],
}))
"""


@pytest.fixture(scope="module")
def described(empty_home: AirflowHome) -> dict[str, Any]:
    done = empty_home.python("-W", "always", "-c", f"DAGS = {str(REPOSITORY / 'dags')!r}\n{_DESCRIBE}")
    assert done.returncode == 0, done.stdout
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def pipeline(described: dict[str, Any]) -> dict[str, Any]:
    return dict(described["dags"][PIPELINE])


def ancestors(downstream: dict[str, list[str]], task: str) -> set[str]:
    parents = {name for name, children in downstream.items() if task in children}
    return parents.union(*(ancestors(downstream, parent) for parent in parents))


def test_all_dags_are_imported_in_a_second_of_processor_time_without_errors(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert sorted(described["dags"]) == [PIPELINE, "ecommerce_lake_compaction", "ecommerce_lake_maintenance"]
    assert described["seconds"] <= 1.0, described["seconds"]


def test_importing_touches_no_network_and_writes_no_file(described: dict[str, Any]) -> None:
    assert described["connected"] == []
    assert [name for name in described["written"] if not name.endswith(".pyc") and "__pycache__" not in name] == []


def test_airflow_deprecates_nothing_that_the_dags_use(described: dict[str, Any]) -> None:
    ours = [
        text
        for text in described["warnings"]
        if "eprecat" in text and ("/dags/" in text or "irflow" in text.split(" (")[0])
    ]
    assert ours == []


@pytest.mark.parametrize(
    ("task", "gates"),
    [
        ("find_changed_days", {"wait_for_complete_day", "check_quarantine_share"}),
        ("staging", {"source_freshness"}),
        ("marts", {"staging"}),
        ("audit_reports", {"marts"}),
        (
            "publish_reports",
            {
                "wait_for_complete_day",
                "check_quarantine_share",
                "source_freshness",
                "staging",
                "marts",
                "audit_reports",
            },
        ),
        ("remember_published_days", {"publish_reports"}),
        ("docs", {"publish_reports"}),
    ],
)
def test_a_task_runs_only_after_its_gates(pipeline: dict[str, Any], task: str, gates: set[str]) -> None:
    assert gates <= ancestors(pipeline["downstream"], task)


def test_a_failure_anywhere_before_keeps_reports_from_being_published(pipeline: dict[str, Any]) -> None:
    # `none_failed` lets skipped tasks pass, those of Google Cloud on a laptop; anything laxer would publish after a failure.
    assert set(pipeline["rules"].values()) <= {"all_success", "none_failed"}
    assert {name for name, rule in pipeline["rules"].items() if rule == "none_failed"} == {
        "find_changed_days",
        "publish_reports",
    }


def test_runs_cover_a_day_one_at_a_time_and_are_documented(pipeline: dict[str, Any]) -> None:
    assert re.search("CronDataInterval", pipeline["timetable"])
    assert (pipeline["catchup"], pipeline["max_active_runs"]) == (False, 1)
    assert pipeline["owners"] == ["data-platform"]
    assert pipeline["unguarded"] == []
    assert pipeline["deadline"]
    assert {"ecommerce", "reports"} <= set(pipeline["tags"])
    assert "docs/runbooks/airflow.md" in pipeline["doc"]
    assert (REPOSITORY / "docs/runbooks/airflow.md").exists()


def test_maintenance_starts_paused_where_nobody_asked_for_it(described: dict[str, Any]) -> None:
    assert described["dags"]["ecommerce_lake_maintenance"]["paused"] is True


def test_compaction_is_on_by_default_and_skipped_where_there_is_no_lake_command(described: dict[str, Any]) -> None:
    compaction = described["dags"]["ecommerce_lake_compaction"]
    assert compaction["paused"] is False
    assert compaction["downstream"] == {"compact": ["apply_erasures"], "apply_erasures": ["census"], "census": []}


def test_the_runbook_backfills_as_the_check_through_a_scheduler_does() -> None:
    runbook = (REPOSITORY / "docs/runbooks/airflow.md").read_text()

    assert f"airflow backfill create --dag-id {DAG} " in runbook
    assert " ".join(BACKFILL_OPTIONS) in runbook


def test_every_data_test_and_model_belongs_to_a_step_of_the_dag(tmp_path: Path, warm_dbt: str) -> None:
    """What no step selects is never built or tested, and nothing says so."""
    source = (REPOSITORY / "dags/ecommerce_analytics_pipeline.py").read_text()
    steps = re.findall(r"\{BUILD\} (buildable|eager) --select ([\w: ]+)\"", source)
    assert len(steps) == 3

    def listed(*selection: str) -> set[str]:
        done = subprocess.run(
            [
                *(warm_dbt, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')", "-q", "ls"),
                *("--output", "name", "--resource-types", "model", "seed", "test", *selection),
            ],
            cwd=REPOSITORY / "dbt",
            env={**os.environ, "DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
            | {"DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")},
            capture_output=True,
            text=True,
            check=True,
        )
        return set(done.stdout.split())

    chosen = [listed("--indirect-selection", mode, "--select", *names.split()) for mode, names in steps]
    assert set.union(*chosen) == listed()
