"""The command `lake audit`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.lifecycle import options as opt

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

_DIFFERENCES_SHOWN: Final = 20


@app.command()
def audit(
    date: Annotated[
        list[str] | None, typer.Option("--date", help="Publish day (UTC), YYYY-MM-DD; repeatable. Default: yesterday.")
    ] = None,
    ledger: Annotated[
        list[str] | None,
        typer.Option(help="A ledger's file, repeatable; added to those in LAKE/_control/ledgers."),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            help="projects/PROJECT/topics/TOPIC: compare every hour with what Cloud Monitoring counted as published."
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Show the audits of the last 30 days, and audit nothing.")
    ] = False,
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
    quarantine_path: opt.QuarantinePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")] = False,
) -> None:
    """Is every message that publishers booked in the lake, in quarantine, or erased by receipt?

    Compares the ledgers that publishers keep, per minute and type, with the lines themselves; names each entry that does not add
    up, and each object that is missing, damaged or other than recorded. Messages of others are counted apart; with `--topic`
    their hours are compared, too. Writes `_control/audits/DATE.json`. Exits with 1 if something does not hold.

    Examples: `lake audit` · `lake audit --date 2026-11-22 --ledger shop.ledger` · `lake audit --report`
    """
    from event_contract.lake_layout import LAKE, QUARANTINE
    from lake_cli.lifecycle import auditing, audits, monitoring

    lake, quarantine = opt.roots(folder, lake_path, quarantine_path)
    if report:
        _show(audits.last_days(lake, 30), as_json=as_json)
        return
    days = opt.days(date) or (_yesterday(),)
    try:
        booked = auditing.read_ledger(audits.ledgers(lake, [Path(each) for each in ledger or ()]))
    except ValueError as error:
        raise LakeError(str(error)) from None
    done = []
    for day in days:
        counted = monitoring.published(topic, day) if topic else None
        found = auditing.audit({LAKE: lake, QUARANTINE: quarantine}, booked, day)
        if counted is not None:
            found.problems += monitoring.differences(counted, found.minutes, day)
        done.append(audits.write(lake, found))
    _show(done, as_json=as_json)
    if not all(each["holds"] for each in done):
        raise typer.Exit(1)


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _show(done: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(done))
        return
    for each in done:
        sign = "=" if each["holds"] else "≠"
        typer.echo(
            f"{each['day']}  booked {each['booked']:,} {sign} lake {each['lake']:,} + quarantine {each['quarantine']:,} + erased "
            f"{each['erased']:,}; {each['without_ledger']:,} without a ledger, {each['repeated']:,} lines repeated"
        )
        wrong = [*each["differences"], *each["problems"]]
        for line in wrong[:_DIFFERENCES_SHOWN]:
            typer.echo(f"  {line}")
        if len(wrong) > _DIFFERENCES_SHOWN:
            typer.echo(f"  and {len(wrong) - _DIFFERENCES_SHOWN:,} more: --json shows all")
    if not done:
        typer.echo("There is no audit of the last 30 days: `lake audit --date YYYY-MM-DD` makes one.")
