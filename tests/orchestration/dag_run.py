"""Runs a DAG with `dag.test()` in a process of its own, whose environment and state are Airflow's alone.

Several runs one after the other share the process: importing Airflow takes longer than a short task. The last line of each run's
output is JSON with the run's state and that of its tasks.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any


def main(dag_id: str, runs: str) -> None:
    """Runs for a JSON list of logical date (RFC 3339, `none` for a manual run without one, empty for now) and configuration.

    After each but the last, the warehouse, if there is one, is copied to a file beside it that ends in the run's number, from 0.
    """
    given = json.loads(runs)
    for number, (logical_date, conf) in enumerate(given):
        print(json.dumps(_run(dag_id, logical_date, conf)), flush=True)  # noqa: T201
        warehouse = os.environ["AIRFLOW_VAR_ECOMMERCE_DUCKDB_PATH"]
        if number < len(given) - 1 and os.path.exists(warehouse):
            shutil.copyfile(warehouse, f"{warehouse}.{number}")


def _run(dag_id: str, logical_date: str, conf: dict[str, str]) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.definitions._internal.types import NOTSET
    from airflow.settings import DAGS_FOLDER

    folder = Path(DAGS_FOLDER)
    # Read again for each run: dag.test() leaves the parameters of a run in the DAG.
    dag: Any = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder").dags[dag_id]
    # dag.test() of Airflow 3.3 cannot end a run with a deadline: it takes the serialized alert for its id. A scheduler can.
    dag.deadline = None
    moment = None if logical_date == "none" else datetime.fromisoformat(logical_date) if logical_date else NOTSET
    run = dag.test(logical_date=moment, run_conf=conf)
    states = {instance.task_id: str(instance.state) for instance in run.get_task_instances()}
    return {"state": str(run.state), "tasks": states, "run_id": run.run_id}


def _sleep_less_in_dag_test(seconds: float) -> None:
    """dag.test() waits a second wherever no task is ready: after a failure, once for each task that will not run."""
    caller = sys._getframe(1).f_globals["__name__"]
    _sleep(0.02 if caller == "airflow.sdk.definitions.dag" else seconds)


_sleep = time.sleep
time.sleep = _sleep_less_in_dag_test

if __name__ == "__main__":
    main(*sys.argv[1:])
