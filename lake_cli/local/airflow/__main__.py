"""`python -m lake_cli.local.airflow`: Airflow on the demo's lake until Ctrl-C; `check`: the DAG through a real scheduler once."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from lake_cli.errors import LakeError
from lake_cli.local import processes
from lake_cli.local.airflow.check import check
from lake_cli.local.airflow.standalone import USER, AirflowDidNotStart, check_ready, running
from lake_cli.places import DEMO_FOLDER, Places


def main() -> int:
    """Entry point; 2 if something is missing, 1 if something failed."""
    parser = argparse.ArgumentParser(prog="python -m lake_cli.local.airflow", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    start = commands.add_parser("start", help="start, print address and password, stop with Ctrl-C")
    start.add_argument("--folder", type=Path, default=DEMO_FOLDER, help="lake to work on (default: %(default)s)")
    start.add_argument(
        "--home", type=Path, default=Path(".lake/airflow"), help="Airflow's own folder (default: %(default)s)"
    )
    checking = commands.add_parser(
        "check", help="a scheduled and a manual run on a small lake, a backfill, and a picture of the graph"
    )
    checking.add_argument(
        "--folder", type=Path, default=Path(".lake/airflow-check"), help="emptied first (default: %(default)s)"
    )
    given = parser.parse_args(sys.argv[1:] or ["start"])
    for number in (signal.SIGTERM, signal.SIGINT):  # set, because a shell's background job would ignore Ctrl-C's
        signal.signal(number, _interrupt)
    try:
        if given.command == "check":
            check(given.folder, _say)
        else:
            _start(Places(given.folder), given.home)
    except LakeError as error:
        print(f"airflow: error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        _say("Stopped")
    return 0


def _start(places: Places, home: Path) -> None:
    note = check_ready(places)
    _say(f"Starting Airflow (log: {home / 'standalone.log'}); the first time takes a minute")
    with running(home, places, paused=False) as airflow:
        _say(f"Airflow is at {airflow.address}   user: {USER}   password: {airflow.password}")
        if note:
            _say(f"Note: {note}")
        _say("The daily DAG is unpaused. Ctrl-C stops everything")
        while processes.is_running(airflow.process):
            time.sleep(1)
    raise AirflowDidNotStart(f"Airflow ended by itself: see {airflow.log}")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 # the command's output


if __name__ == "__main__":
    sys.exit(main())
