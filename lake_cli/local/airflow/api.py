"""Airflow's REST API, as far as the check needs it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from lake_cli.local.airflow.standalone import USER, Airflow


class Api:
    """Logged in once; the token outlives any check."""

    def __init__(self, airflow: Airflow) -> None:
        self._address = airflow.address
        self._token = ""
        self._token = self._ask("POST", "/auth/token", {"username": USER, "password": airflow.password})["access_token"]

    def unpause(self, dag_id: str, seconds: float) -> None:
        """Lets a DAG be scheduled, as soon as the DAG processor has found it.

        Raises:
            TimeoutError: it was not found within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the DAG processor did not find {dag_id} within {seconds:.0f} s") from None
                time.sleep(1)
            else:
                return

    def trigger(self, dag_id: str, conf: dict[str, str]) -> str:
        """Starts a manual run without a logical date; returns its id."""
        run = self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG: dag_run_id, run_type, state, start_date, end_date and others."""
        return list(self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """State of each task of a run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/taskInstances"
        return {each["task_id"]: str(each["state"]) for each in self._ask("GET", path)["task_instances"]}

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(  # noqa: S310 # our own address
            self._address + path, None if body is None else json.dumps(body).encode(), headers, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
