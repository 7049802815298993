"""Which days a DAG run has to rebuild, as commands for dbt's environment: `find` before the build, `remember` after publishing.

Between the two, what the manifest said lies in a file of the run. A run that fails leaves the warehouse's memory as it was, so
the next one finds the same days again; an object that arrives while a run builds is not in that run's file, so the next finds it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from warehouse_runner.errors import WarehouseError
from warehouse_runner.plan import make_plan
from warehouse_runner.state import DuckDBState, FileState, StateStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. `find` prints one line of JSON last: {"everything": bool, "vars": dbt's variables}."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "find":
            print(json.dumps(_find(given)))  # noqa: T201 # the task's result
        else:
            _remember(given)
    except WarehouseError as error:
        print(f"changed_days: error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _find(given: argparse.Namespace) -> dict[str, object]:
    plan = make_plan(given.lake, given.quarantine, given.target, _store(given), also=given.also)
    for each in plan.unrecorded:
        print(f"not in the manifest, read all the same: {each.root}/{each.path}", file=sys.stderr)  # noqa: T201
    for note in plan.notes:
        print(note, file=sys.stderr)  # noqa: T201
    given.pending.parent.mkdir(parents=True, exist_ok=True)
    given.pending.write_text(json.dumps(plan.changes.state), encoding="utf-8")
    return {"everything": plan.everything, "vars": {"publish": False, **plan.variables}}


def _remember(given: argparse.Namespace) -> None:
    if not given.pending.exists():
        return  # a retry after it was done
    _store(given).save(json.loads(given.pending.read_text(encoding="utf-8")))
    given.pending.unlink()


def _store(given: argparse.Namespace) -> StateStore:
    if given.target == "duckdb":
        return DuckDBState(Path(given.duckdb_path))
    return FileState(given.state_dir / f"last_success_{given.target}.json")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m warehouse_runner.changed_days", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("find", "remember"):
        command = commands.add_parser(name)
        command.add_argument("--target", required=True, help="a target of dbt/profiles.yml")
        command.add_argument("--state-dir", type=Path, required=True, help="state of a warehouse that is not a file")
        command.add_argument("--duckdb-path", default="", help="the warehouse's file, which keeps its own memory")
        command.add_argument("--pending", type=Path, required=True, help="file of this run")
        if name == "find":
            command.add_argument("--lake", required=True, help="root of the lake, a folder or gs:// address")
            command.add_argument("--quarantine", required=True, help="root of the quarantine")
            command.add_argument("--also", nargs="*", default=(), help="days to rebuild in any case")
    return parser


if __name__ == "__main__":
    sys.exit(main())
