"""dbt as a child process."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_platform.warehouse import dbt_run


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
    born: list[int] = []
    real = subprocess.Popen

    def interrupted(*args: Any, **more: Any) -> Any:
        process = real(*args, **more)
        born.append(process.pid)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(dbt_run, "_DBT", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dbt_run.run_dbt([], {}, tmp_path)
    assert not psutil.pid_exists(born[0])
