"""Processes that are started here are known, and ended, whatever interrupts."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from lake_cli.local import processes


@pytest.fixture(autouse=True)
def none_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator may be running for the tests of other modules."""
    monkeypatch.setattr(processes, "_children", {})


def test_an_interrupt_while_a_process_is_born_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    real = subprocess.Popen

    def interrupted(*args: Any, **more: Any) -> Any:
        process = real(*args, **more)
        started.append(process.pid)
        signal.raise_signal(signal.SIGINT)  # before anybody but this function knows the process
        return process

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            processes.start(["sleep", "60"], log=tmp_path / "log")
    assert psutil.pid_exists(started[0])
    processes.end_all_started(grace_seconds=5)
    assert not psutil.pid_exists(started[0])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_ended_by_itself_is_forgotten(tmp_path: Path) -> None:
    processes.start(["true"], log=tmp_path / "log").wait()
    processes.end_all_started(grace_seconds=5)
