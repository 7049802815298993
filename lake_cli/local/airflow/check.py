"""The daily DAG through a real scheduler: a scheduled run, a manual run and a backfill on a small lake, and a picture of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from lake_cli.errors import LakeError
from lake_cli.local.airflow.api import Api
from lake_cli.local.airflow.standalone import (
    USER,
    Airflow,
    AirflowUnavailable,
    check_ready,
    command_line,
    running,
)
from lake_cli.places import Places

DAG: Final = "ecommerce_analytics_pipeline"
_EVENTS: Final = 3000
_DAYS: Final = 3
# As docs/runbooks/airflow.md has it: one run at a time, days that were published included.
BACKFILL_OPTIONS: Final = ("--max-active-runs", "1", "--reprocess-behavior", "completed")
_FIND_SECONDS: Final = 120.0
_RUN_SECONDS: Final = 600.0
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


class CheckFailed(LakeError):
    """A run did not succeed, or the page could not be seen."""

    exit_code = 1


def check(folder: Path, announce: Callable[[str], None]) -> None:
    """Runs everything below `folder`, which is emptied first; leaves graph.png there.

    Raises:
        AirflowUnavailable: Airflow or a browser is missing.
        CheckFailed: what did not work.
    """
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise AirflowUnavailable("there is no Chromium to look at the page with: apt-get install chromium")
    shutil.rmtree(folder, ignore_errors=True)
    places = Places(folder / "demo")
    announce(f"making a lake of {_EVENTS} events")
    made = subprocess.run(
        [
            str(Path(sys.executable).with_name("lake")),
            "demo",
            "--events",
            str(_EVENTS),
            "--days",
            str(_DAYS),
            "--folder",
            str(places.folder),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise CheckFailed(f"the demo failed: {(made.stdout + made.stderr)[-500:]}")
    announce(check_ready(places) or "")
    announce("starting Airflow")
    started = time.monotonic()
    with running(folder / "airflow", places, paused=True) as airflow:
        announce(f"healthy after {time.monotonic() - started:.0f} s at {airflow.address}")
        api = Api(airflow)
        api.unpause(DAG, _FIND_SECONDS)
        scheduled = _wait_for(api, "scheduled", lambda run: run["run_type"] == "scheduled", announce)
        run_id = api.trigger(DAG, {})
        _wait_for(api, "manual", lambda run: run["dag_run_id"] == run_id, announce)
        _backfill(airflow, date.fromisoformat(scheduled["logical_date"][:10]))
        _wait_for(api, "backfill", lambda run: run["run_type"] == "backfill", announce, count=_DAYS)
        picture = folder / "graph.png"
        _look(airflow, browser, picture, run_id)
        announce(f"picture of the graph: {picture}")


def _wait_for(
    api: Api,
    kind: str,
    is_meant: Callable[[dict[str, Any]], bool],
    announce: Callable[[str], None],
    count: int = 1,
) -> dict[str, Any]:
    """Returns the last of `count` runs, when all have succeeded."""
    started = time.monotonic()
    while time.monotonic() - started < _RUN_SECONDS * count:
        meant = [run for run in api.runs(DAG) if is_meant(run)]
        failed = [run for run in meant if run["state"] == "failed"]
        if failed:
            raise CheckFailed(f"the {kind} run failed: {api.tasks(DAG, failed[0]['dag_run_id'])}")
        if len(meant) == count and all(run["state"] == "success" for run in meant):
            names = ", ".join(sorted(run["dag_run_id"] for run in meant))
            announce(f"{kind} run succeeded in {time.monotonic() - started:.0f} s: {names}")
            return meant[-1]
        time.sleep(1)
    raise CheckFailed(f"the {kind} run had not ended after {_RUN_SECONDS * count:.0f} s")


def _backfill(airflow: Airflow, last: date) -> None:
    """The runbook's command, for the days of the demo."""
    span = ["--from-date", str(last - timedelta(days=_DAYS - 1)), "--to-date", str(last)]
    made = subprocess.run(
        [command_line(), "backfill", "create", "--dag-id", DAG, *span, *BACKFILL_OPTIONS],
        env=airflow.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise CheckFailed(f"the backfill could not be created: {(made.stdout + made.stderr)[-500:]}")


def _look(airflow: Airflow, browser: str, picture: Path, run_id: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])  # containers run as root
        page = chromium.new_page(viewport={"width": 1600, "height": 1000}, device_scale_factor=2)  # tasks can be read
        page.goto(f"{airflow.address}/auth/login/")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", airflow.password)
        page.click("button[type=submit]")
        page.wait_for_url(f"{airflow.address}/")
        page.goto(f"{airflow.address}/dags/{DAG}/runs/{run_id}")
        expect(page.get_by_text("publish_reports").first).to_be_visible(timeout=60_000)
        page.keyboard.press("g")  # from the grid to the graph
        expect(page.locator(".react-flow__node").first).to_be_visible(timeout=60_000)
        page.wait_for_timeout(3000)  # the layout is animated
        page.screenshot(path=picture)
        chromium.close()
