"""The commands `lake contract …`."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.lifecycle import options as opt

if TYPE_CHECKING:
    from lake_cli.contract.census import Census
    from lake_cli.lifecycle.storage import Root

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="The event contract: changes, census, export.",
)
_Json = Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")]


@app.command()
def diff(
    against: Annotated[
        str, typer.Option(help="What is released: a git revision, whose contract.lock is read, or a file.")
    ] = "HEAD",
    as_json: _Json = False,
) -> None:
    """What the contract as it stands changes against what is released, field by field: additive or breaking.

    A change is breaking if a message that was accepted would be refused, or if readers lose a column. Exits with 1 if one is: it
    needs a new version of its type (docs/your-own-events.md).

    Examples: `lake contract diff` · `lake contract diff --against origin/main` · `lake contract diff --against old.lock`
    """
    from event_contract.comparing import compare
    from event_contract.lock import described

    changes = compare(_released(against), described())
    if as_json:
        typer.echo(json.dumps([vars(change) for change in changes]))
    else:
        for change in changes:
            typer.echo(str(change))
        if any(change.refresh for change in changes):
            typer.echo("Days that are built already show it after `lake warehouse build --full-refresh`.")
        breaking = sum(change.breaking for change in changes)
        typer.echo(f"{len(changes)} changes against {against}, {breaking} of them breaking.")
    if any(change.breaking for change in changes):
        raise typer.Exit(1)


@app.command("check-lake")
def check_lake(
    date: opt.Dates = None,
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
    as_json: _Json = False,
) -> None:
    """What the lines that are in the lake already become with the contract as it stands.

    Reads every line (or those of the event dates given) and names fields whose values the contract refuses, which readers
    would see as null, and fields that it does not know. Exits with 1 if a value does not fit.

    Examples: `lake contract check-lake` · `lake contract check-lake --lake-path gs://BUCKET --date 2026-11-22`
    """
    lake = _lake(folder, lake_path)
    found = _census(lake, [day.isoformat() for day in opt.days(date)])
    if as_json:
        typer.echo(json.dumps(_as_json(found)))
    else:
        _show_unknown(found)
        for event_type, fields in found.unfit.items():
            for name, seen in sorted(fields.items()):
                types = ", ".join(seen.types)
                typer.echo(
                    f"DOES NOT FIT  {event_type}.{name}: {seen.misfits:,} of {found.lines[event_type]:,} lines hold {types} that"
                    f" the contract refuses (first on {seen.first_day}): readers may see null"
                )
        typer.echo(f"{sum(found.lines.values()):,} lines read, {found.unreadable:,} unreadable.")
    if found.unfit:
        raise typer.Exit(1)


@app.command()
def census(
    date: opt.Dates = None,
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
    _quarantine_path: Annotated[
        str | None, typer.Option("--quarantine-path", hidden=True, help="Not read: every nightly task is given it.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Count the fields that producers send and the contract does not know, by event type; no values.

    Of the events of yesterday (UTC), or of the dates given. Keeps the result in `_control/census/DATE.json`, where `lake status`
    finds it.

    Examples: `lake contract census` · `lake contract census --date 2026-11-22`
    """
    lake = _lake(folder, lake_path)
    days = opt.days(date) or (datetime.now(UTC).date() - timedelta(days=1),)
    for day in days:
        found = _census(lake, [day.isoformat()])
        result = {"date": day.isoformat(), **_as_json(found)}
        lake.write(f"{_folder()}/{day}.json", json.dumps(result, indent=2).encode() + b"\n")
        if as_json:
            typer.echo(json.dumps(result))
        else:
            typer.echo(f"{day}: {sum(found.lines.values()):,} events")
            _show_unknown(found)


@app.command()
def adopt(
    event_type: Annotated[str, typer.Argument(help="Event type that has the field.")],
    field: Annotated[str, typer.Argument(help="Name of the field.")],
    personal: Annotated[str, typer.Option(help="Whether it says something about a person: yes, pseudonymous or no.")],
    description: Annotated[str, typer.Option(help="What it means: one sentence.")],
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
) -> None:
    """Write a field that producers already send into the contract, as an optional one.

    Looks at every value of it in the lake, and takes a type only if all of them fit; else it says what was seen. Changes
    `event_contract/events.py`; `make generate` does the rest.

    Example: `lake contract adopt page_viewed app_version --personal no --description "Version of the app."`
    """
    from event_contract import events
    from event_contract.columns import event_columns
    from lake_cli.contract import adopting
    from lake_cli.contract import census as counting

    if event_type not in events.EVENT_TYPES:
        raise LakeError(f"no event type is named {event_type!r}; known: {', '.join(events.EVENT_TYPES)}")
    if personal not in adopting.JUDGEMENTS:
        raise LakeError(f"--personal {personal} is not one of {', '.join(adopting.JUDGEMENTS)}")
    if field in {column.name for column in event_columns(event_type)}:
        raise LakeError(f"{event_type} has {field} already")
    lake = _lake(folder, lake_path)
    found = counting.take(lake, counting.objects(lake, event_type=event_type))
    seen = found.unknown.get(event_type, {}).get(field)
    kind = adopting.type_of(event_type, field, seen)
    source = Path(events.__file__)
    changed = adopting.with_field(source.read_text(encoding="utf-8"), event_type, field, kind, description, personal)
    source.write_text(changed, encoding="utf-8")
    lines = seen.lines if seen else 0
    typer.echo(f"{source}: {event_type} has {field} now; all {lines:,} values in the lake fit.")
    typer.echo("Next: `make generate`, then `lake warehouse build --full-refresh`, so that days built already have it.")


@app.command()
def export(
    output: Annotated[Path | None, typer.Option(help="File to write; standard output if absent.")] = None,
) -> None:
    """The contract as an Open Data Contract Standard document (ODCS 3), which data catalogs read. JSON, which is YAML, too.

    Example: `lake contract export --output contract.odcs.yaml`
    """
    from event_contract.rendering_odcs import odcs

    text = odcs()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _released(against: str) -> dict[str, Any]:
    from event_contract.generate import ROOT
    from event_contract.lock import LOCK_FILE

    if Path(against).is_file():
        text = Path(against).read_text(encoding="utf-8")
    else:
        command = ["git", "-C", str(ROOT), "show", f"{against}:{LOCK_FILE}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LakeError(f"--against {against}: no {LOCK_FILE} there ({' '.join(done.stderr.split())[:200]})")
        text = done.stdout
    found: dict[str, Any] = json.loads(text)
    return found


def _lake(folder: Path, lake_path: str | None) -> Root:
    from lake_cli.lifecycle.storage import open_root
    from lake_cli.places import Places

    return open_root(lake_path or str(Places(folder).lake))


def _census(lake: Root, days: list[str]) -> Census:
    from lake_cli.contract import census as counting

    return counting.take(lake, counting.objects(lake, days))


def _folder() -> str:
    from event_contract.lake_layout import CENSUS

    return CENSUS


def _as_json(found: Census) -> dict[str, Any]:
    return {
        "lines": dict(found.lines),
        "unreadable": found.unreadable,
        "unknown": {
            event_type: {
                name: {
                    "lines": seen.lines,
                    "share": round(seen.lines / found.lines[event_type], 6),
                    "types": dict(seen.types),
                    "first_seen": seen.first_day,
                }
                for name, seen in fields.items()
            }
            for event_type, fields in found.unknown.items()
        },
        "unfit": {
            event_type: {name: {"lines": seen.misfits, "types": dict(seen.types)} for name, seen in fields.items()}
            for event_type, fields in found.unfit.items()
        },
    }


_SHOWN: Final = 50


def _show_unknown(found: Census) -> None:
    """A line for each unknown field, the most frequent first."""
    rows = [
        (seen.lines / found.lines[event_type], event_type, name, seen)
        for event_type, fields in found.unknown.items()
        for name, seen in fields.items()
    ]
    rows.sort(key=lambda row: (-row[0], row[1], row[2]))
    for share, event_type, name, seen in rows[:_SHOWN]:
        types = ", ".join(seen.types)
        typer.echo(
            f"unknown  {event_type}.{name}: {share:.1%} of {found.lines[event_type]:,} lines, {types}, first on {seen.first_day}"
        )
    if len(rows) > _SHOWN:
        typer.echo(f"and {len(rows) - _SHOWN} more: --json has all")
