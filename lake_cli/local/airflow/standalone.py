"""Airflow on this machine: its own folder and free ports, the repository's DAGs, the Variables of a local lake."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.local import processes
from lake_cli.local.processes import ProcessRecord
from lake_cli.places import Places

REPOSITORY: Final = Path(__file__).resolve().parents[3]
USER: Final = "admin"
_PREFERRED_PORT: Final = 8080
_START_SECONDS: Final = 240.0  # half a minute on a laptop
_STOP_GRACE_SECONDS: Final = 30.0
_PARTS: Final = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowUnavailable(LakeError):
    """Airflow is not installed, or there is nothing for it to work on."""


class AirflowDidNotStart(LakeError):
    """Airflow ended, or never became healthy; the message names its log."""

    exit_code = 1


@dataclass(frozen=True)
class Airflow:
    """A running Airflow: where it answers, how to log in, and the environment in which its command line speaks of it."""

    address: str
    password: str
    process: ProcessRecord
    log: Path
    environment: dict[str, str]


def command_line() -> str:
    """The `airflow` beside this Python, not that on the path of whoever calls."""
    return str(Path(sys.executable).with_name("airflow"))


def check_ready(places: Places) -> str | None:
    """Raises AirflowUnavailable with the remedy if Airflow or the lake is missing; returns a note on what the gate will do."""
    if importlib.util.find_spec("airflow") is None:
        raise AirflowUnavailable(
            "Airflow is not installed: run `make airflow`, or pip install -r requirements/orchestration.txt"
        )
    if not places.lake.is_dir():
        raise AirflowUnavailable(f"there is no lake in {places.folder}: run `make demo` first")
    watermark = lake_files.read_watermark(places.lake)
    if watermark is None:
        return "the lake has no watermark, so the gate will wait: ingest through Pub/Sub (`make demo` with an emulator)"
    return f"the lake is complete up to {watermark.watermark:%Y-%m-%d %H:%M:%S} UTC; days that end later will wait in the gate"


@contextlib.contextmanager
def running(home: Path, places: Places, *, paused: bool) -> Iterator[Airflow]:
    """Airflow for the time of a `with` block, healthy when it begins; `paused`: new DAGs wait to be unpaused.

    Raises:
        AirflowDidNotStart: it ended, or was not healthy in time.
    """
    home.mkdir(parents=True, exist_ok=True)
    ports = _free_ports(3)
    log = home / "standalone.log"
    its_environment = environment(home, places, ports, paused=paused)
    process = processes.start([command_line(), "standalone"], log=log, environment=its_environment)
    record = processes.record_of(process)
    try:
        address = f"http://localhost:{ports[0]}"
        _wait_until_healthy(address, record, log)
        yield Airflow(address, _password(home), record, log, its_environment)
    finally:
        _stop(record)


def environment(home: Path, places: Places, ports: tuple[int, ...], *, paused: bool) -> dict[str, str]:
    """Airflow's configuration and the DAGs' Variables; nothing is taken from another Airflow's environment."""
    web, worker_logs, trigger_logs = ports
    home, folder = home.absolute(), Places(places.folder.absolute())
    variables = {
        "home": str(REPOSITORY),
        "lake_uri": folder.lake.as_uri(),
        "quarantine_uri": folder.quarantine.as_uri(),
        "duckdb_path": str(folder.warehouse),
        "state_dir": str(home / "state"),
        "dbt_python": sys.executable,
        "lake_command": str(Path(sys.executable).with_name("lake")),
        "docs_uri": (home / "docs").as_uri(),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DBT_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(paused),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{web}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(web),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{web}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_logs),
        "ECOMMERCE_GATE_POKE_SECONDS": "30",
        **{f"AIRFLOW_VAR_ECOMMERCE_{name.upper()}": value for name, value in variables.items()},
    }


def _stop(record: ProcessRecord) -> None:
    """Ends Airflow and waits for its components, which end after their parent; what is left after the grace is killed."""
    processes.end(record, grace_seconds=_STOP_GRACE_SECONDS)
    deadline = time.monotonic() + _STOP_GRACE_SECONDS
    with contextlib.suppress(ProcessLookupError):  # the group is empty
        while time.monotonic() < deadline:
            os.killpg(record.pid, 0)
            time.sleep(0.1)
        os.killpg(record.pid, signal.SIGKILL)


def _wait_until_healthy(address: str, record: ProcessRecord, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not processes.is_running(record):
            raise AirflowDidNotStart(f"Airflow ended instead of starting: see {log}")
        if _healthy(address):
            return
        time.sleep(0.5)
    raise AirflowDidNotStart(f"Airflow was not healthy within {_START_SECONDS:.0f} s: see {log}")


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 # our own address
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return all((health.get(part) or {}).get("status") == "healthy" for part in _PARTS)


def _password(home: Path) -> str:
    passwords = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text(encoding="utf-8"))
    return str(passwords[USER])


def _free_ports(count: int) -> tuple[int, ...]:
    """Free ports, the first of them 8080 if that is free; held together while they are chosen, so that they differ."""
    with contextlib.ExitStack() as held:
        ports = []
        for wanted in (_PREFERRED_PORT, *([0] * (count - 1))):
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
        return tuple(ports)
