"""dbt as a child process."""

import sys
from pathlib import Path

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
