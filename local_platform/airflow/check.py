"""The daily DAG through a real scheduler, once: a scheduled and a manual run on a small lake, and a picture of the graph."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_platform.airflow.api import Api
from local_platform.airflow.standalone import USER, Airflow, AirflowUnavailable, check_ready, running
from local_platform.errors import LakeError
from local_platform.places import Places

DAG = "ecommerce_analytics_pipeline"
_EVENTS = 3000
_FIND_SECONDS = 120.0
_RUN_SECONDS = 600.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


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
            "3",
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
        _wait_for(api, "scheduled", lambda run: run["run_type"] == "scheduled", announce)
        run_id = api.trigger(DAG, {})
        _wait_for(api, "manual", lambda run: run["dag_run_id"] == run_id, announce)
        picture = folder / "graph.png"
        _look(airflow, browser, picture, run_id)
        announce(f"picture of the graph: {picture}")


def _wait_for(api: Api, kind: str, is_meant: Callable[[dict[str, Any]], bool], announce: Callable[[str], None]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < _RUN_SECONDS:
        run = next(filter(is_meant, api.runs(DAG)), None)
        if run is not None and run["state"] == "success":
            announce(f"{kind} run succeeded in {time.monotonic() - started:.0f} s: {run['dag_run_id']}")
            return
        if run is not None and run["state"] == "failed":
            raise CheckFailed(f"the {kind} run failed: {api.tasks(DAG, run['dag_run_id'])}")
        time.sleep(1)
    raise CheckFailed(f"the {kind} run had not ended after {_RUN_SECONDS:.0f} s")


def _look(airflow: Airflow, browser: str, picture: Path, run_id: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])  # containers run as root
        page = chromium.new_page(viewport={"width": 1600, "height": 1000})
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
