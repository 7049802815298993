"""dbt as a child process."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.warehouse.lakes import Lake, arrival
from warehouse_runner import WarehouseError, build, dbt_run


def test_interrupted_it_takes_dbt_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def interrupted(line: str, *_: object) -> None:
        said.append(line)
        raise KeyboardInterrupt

    slow = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    monkeypatch.setattr(dbt_run, "_DBT", (sys.executable, "-c", slow))
    monkeypatch.setattr(dbt_run, "_take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dbt_run.run_dbt([], {}, tmp_path)
    assert not psutil.pid_exists(int(said[0]))


def test_interrupted_while_dbt_starts_it_takes_dbt_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    real = subprocess.Popen

    def interrupted(*args: Any, **more: Any) -> Any:
        process = real(*args, **more)
        started.append(process.pid)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(dbt_run, "_DBT", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dbt_run.run_dbt([], {}, tmp_path)
    assert not psutil.pid_exists(started[0])


@pytest.mark.parametrize(
    ("said", "left", "told"),
    [
        (
            "Traceback (most recent call last):\\nIO Error: Could not set lock on file w: Conflicting lock",
            None,
            "another process has",
        ),
        ("OSError: [Errno 28] No space left on device", None, "the disk is full"),
        ("", '{"results": [', "the disk is full"),
        ("Traceback (most recent call last):\\n  File x\\nValueError: " + "long " * 100 + "end", None, "end"),
    ],
    ids=["locked", "full", "full while dbt ended", "whole"],
)
def test_a_build_that_cannot_start_says_why_in_one_line(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, said: str, left: str | None, told: str
) -> None:
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"))
    dying = f"""
import os, pathlib, sys
print({said!r})
if {left!r}:
    pathlib.Path(os.environ["DBT_TARGET_PATH"]).mkdir(parents=True)
    pathlib.Path(os.environ["DBT_TARGET_PATH"], "run_results.json").write_text({left!r})
sys.exit(1)
"""
    monkeypatch.setattr(dbt_run, "_DBT", (sys.executable, "-c", dying.replace("\\\\n", "\\n")))
    with pytest.raises(WarehouseError) as raised:
        build(lake.path, lake.quarantine_path, lake.warehouse)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "Traceback" not in str(raised.value)
