"""The command `lake erase`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lake_cli.errors import LakeError
from lake_cli.lifecycle import options as opt
from lake_cli.places import Places

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def erase(
    user_id: Annotated[list[str] | None, typer.Option(help="Registered user to erase; repeatable.")] = None,
    anonymous_id: Annotated[list[str] | None, typer.Option(help="Browser or app to erase; repeatable.")] = None,
    file: Annotated[Path | None, typer.Option(help="More ids to erase, one a line.")] = None,
    pending: Annotated[
        bool,
        typer.Option(
            "--pending", help="Apply earlier orders to what was written since; without --yes, show what is due."
        ),
    ] = False,
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
    quarantine_path: opt.QuarantinePath = None,
    duckdb_path: Annotated[
        Path | None, typer.Option(help="The warehouse's file; default: FOLDER/warehouse.duckdb.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really erase; without it, only count.")] = False,
) -> None:
    """Erase persons from lake, quarantine, warehouse and page; leaves a receipt, which is a standing order.

    Counts first, by place; with --yes, objects that hold their lines are rewritten without them, and a receipt is written below
    `_control/erasures` with hashes in place of ids. `lake erase --pending --yes`, which maintenance runs, applies all receipts
    to what was written since, so a replay does not bring anyone back. Exits with 1 if an object could not be read.

    Examples: `lake erase --user-id u-42 --anonymous-id a-77` · `lake erase --file leave.txt --yes` · `lake erase --pending`
    """
    from lake_cli.lifecycle import erasure_run

    values = [*(user_id or ()), *(anonymous_id or ()), *_ids_of(file)]
    if pending == bool(values):
        raise LakeError("give either --pending, or whom to erase: --user-id, --anonymous-id or --file")
    lake, quarantine = opt.roots(folder, lake_path, quarantine_path)
    places = Places(folder)
    run = erasure_run.ErasureRun(lake, quarantine, duckdb_path or places.warehouse, places.page, typer.echo)
    if pending:
        problems = run.apply_pending() if yes else run.show_pending()
    else:
        problems = run.erase(values) if yes else run.count(values)
    for problem in problems:
        typer.echo(f"problem    {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _ids_of(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        found = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise LakeError(f"--file {file} cannot be read ({error}): give a text file with one id a line") from None
    if not found:
        raise LakeError(f"--file {file} holds no id: one a line")
    return found
