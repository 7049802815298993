"""Runs a DAG with `dag.test()` in a process of its own, whose environment and state are Airflow's alone.

Last line of output: JSON with the run's state and that of its tasks.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any


def main(dag_id: str, logical_date: str, conf: str) -> None:
    """Runs once, for a logical date (RFC 3339, or `none` for a manual run without one) and a configuration (JSON)."""
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.definitions._internal.types import NOTSET
    from airflow.settings import DAGS_FOLDER

    folder = Path(DAGS_FOLDER)
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
    dag: Any = bag.dags[dag_id]
    # dag.test() of Airflow 3.3 cannot end a run with a deadline: it takes the serialized alert for its id. A scheduler can.
    dag.deadline = None
    moment = None if logical_date == "none" else datetime.fromisoformat(logical_date) if logical_date else NOTSET
    run = dag.test(logical_date=moment, run_conf=json.loads(conf))
    states = {instance.task_id: str(instance.state) for instance in run.get_task_instances()}
    print(json.dumps({"state": str(run.state), "tasks": states, "run_id": run.run_id}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
