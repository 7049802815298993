"""One run of dbt as a child process: its progress line by line, its results as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from warehouse_runner.interrupts import interrupts_held

PROJECT_DIR: Final = Path(__file__).resolve().parents[1] / "dbt"

# dbt's module rather than its script: it is found in whatever environment this Python runs in.
_DBT: Final = (sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')")

_GRACE_SECONDS: Final = 5.0

# What dbt logs before its first step, and what it does then; of FoundStats its own words ("Found 44 models, 138 data tests").
_STARTING: Final = {
    "MainReportVersion": "reading the project",
    "FoundStats": "",
    "ConcurrencyLine": "running the first models",
}


@dataclass(frozen=True)
class NodeDone:
    """One finished step of a run.

    Attributes:
        name: model, test or seed.
        kind: dbt's resource type: model, test, unit_test, seed.
        status: success, pass, warn, fail, error or skipped.
        index, total: position among the run's steps, from 1.
        seconds: how long it took.
    """

    name: str
    kind: str
    status: str
    index: int
    total: int
    seconds: float


@dataclass(frozen=True)
class DbtRun:
    """What a run left behind: its exit status, run_results.json's results, and what it said at level info or worse."""

    exit_status: int
    results: tuple[dict[str, Any], ...]
    errors: tuple[str, ...]
    messages: tuple[str, ...]


def run_dbt(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    work_dir: Path,
    on_node: Callable[[NodeDone], None] | None = None,
    on_start: Callable[[str], None] | None = None,
) -> DbtRun:
    """Runs `dbt <arguments>` on this repository's project; everything it writes goes below `work_dir`.

    `on_node` is called after every step, `on_start` with what dbt does before the first one.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    results_file = work_dir / "target" / "run_results.json"
    results_file.unlink(missing_ok=True)
    command = [
        *_DBT,
        *("--log-format", "json", "--no-use-colors", "--no-version-check", "--log-level", "info"),
        *arguments,
        *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
    ]
    errors: list[str] = []
    messages: list[str] = []
    process: subprocess.Popen[str] | None = None
    try:
        with interrupts_held():
            process = subprocess.Popen(
                command,
                env={
                    **os.environ,
                    **environment,
                    "DBT_TARGET_PATH": str(work_dir / "target"),
                    "DBT_LOG_PATH": str(work_dir / "logs"),
                    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        with process:
            for line in process.stdout or ():
                _take(line, errors, messages, on_node, on_start)
    except BaseException:  # Ctrl-C, too: dbt gets only the one of a terminal, and would go on by itself
        if process is not None:
            with process:
                _end(process)
        raise
    results: list[dict[str, Any]] = []
    if results_file.exists():
        try:
            results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
        except (ValueError, KeyError):
            errors.append(f"dbt left {results_file} incomplete: No space left on device is the usual cause")
    return DbtRun(process.returncode, tuple(results), tuple(errors), tuple(messages))


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _take(
    line: str,
    errors: list[str],
    messages: list[str],
    on_node: Callable[[NodeDone], None] | None,
    on_start: Callable[[str], None] | None,
) -> None:
    try:
        event = json.loads(line)
        info, data = event["info"], event["data"]
    except (ValueError, KeyError, TypeError):
        if line.strip():
            errors.append(line.strip())  # a traceback, or a message from before dbt set up its log
        return
    if info["level"] == "error":
        errors.append(info["msg"])
    elif info["name"] == "JinjaLogInfo":
        messages.append(info["msg"])
    if on_start is not None and info["name"] in _STARTING:
        on_start(_STARTING[info["name"]] or info["msg"])
    node = data.get("node_info")
    if on_node is not None and node and info["name"].endswith("Result") and data.get("status") and "index" in data:
        on_node(
            NodeDone(
                name=node["node_name"],
                kind=node["resource_type"],
                status=str(data["status"]).split()[0].lower(),
                index=int(data["index"]),
                total=int(data["total"] if "total" in data else data["num_models"]),
                seconds=float(data["execution_time"]),
            )
        )
