"""`make airflow` as a person uses it: start, look, Ctrl-C. Most of a minute, so only where it is asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.orchestration.days import fill
from tests.orchestration.home import REPOSITORY, AirflowHome


def processes_of(home: Path) -> list[psutil.Process]:
    """What lives and has this Airflow home, whoever its parent is by now."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.skipif(
    "ECOMMERCE_STANDALONE" not in os.environ, reason="takes a minute and much memory: set ECOMMERCE_STANDALONE=1"
)
def test_ctrl_c_stops_airflow_with_everything_that_it_started(tmp_path: Path) -> None:
    lake = AirflowHome(tmp_path)
    fill(lake)
    home = tmp_path / "airflow"
    started = subprocess.Popen(
        [sys.executable, "-m", "lake_cli.local.airflow", "start", "--folder", str(lake.lake.root), "--home", str(home)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,  # as a shell starts what is in its foreground
    )
    assert started.stdout is not None
    try:
        said = ""
        for line in started.stdout:  # ends by itself: the command gives up where Airflow does not start
            said += line
            if "Ctrl-C stops everything" in line:
                break
        address = said.partition("Airflow is at ")[2].partition(" ")[0]
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=30) as answer:  # noqa: S310 # loopback
            assert answer.status == 200
        assert len(processes_of(home)) > 4, "scheduler, triggerer, DAG processor, API server and their parent"

        os.killpg(started.pid, signal.SIGINT)
        rest, _ = started.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        left = processes_of(home)
        for process in left:
            process.kill()

    assert (started.returncode, rest.splitlines()[-1]) == (0, "Stopped"), said + rest
    assert left == []
