"""`lake docs`: the documentation of the warehouse, every model, column, test and the lineage, as one page."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from event_contract.atomic_files import replace_file
from lake_cli.errors import LakeError
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

_PAGE: Final = "static_index.html"  # what dbt calls it below its target folder


@app.command()
def docs(
    folder: Annotated[
        Path, typer.Option(help="Holds the lake, the quarantine and the warehouse.", show_default=LIVE_FOLDER_SHOWN)
    ] = LIVE_FOLDER,
    output: Annotated[Path | None, typer.Option(help="The page; default: FOLDER/docs/index.html.")] = None,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser; default: if there is a desktop.")
    ] = None,
) -> None:
    """The warehouse documented by dbt: models, columns, tests and lineage, in one HTML file that opens without a network.

    Examples: `lake docs` · `lake docs --folder .lake/demo --no-open`
    """
    from lake_cli.console import has_desktop, open_console
    from lake_cli.display import open_display

    places = Places(folder)
    if not places.warehouse.exists():
        raise LakeError(f"there is no warehouse at {places.warehouse}: build it first (lake warehouse build)")
    page = output or folder / "docs" / "index.html"
    console = open_console()
    with open_display(console) as display:
        task = display.task("dbt docs")
        generate(places, page, lambda note: task.update(0, note))
        task.finish(f"{page.stat().st_size / 1e6:,.1f} MB")
    console.print(f"Open the documentation: {page.absolute().as_uri()}", highlight=False, soft_wrap=True)
    if browser or (browser is None and has_desktop()):
        webbrowser.open(page.absolute().as_uri())


def generate(places: Places, page: Path, tell: Callable[[str], None]) -> None:
    """Writes the page of a warehouse; `tell` hears what dbt does.

    Raises:
        LakeError: dbt failed; the message holds what it said.
    """
    from warehouse_runner.dbt_run import run_dbt

    work = places.folder.absolute() / "dbt"
    tell("starting dbt")
    run = run_dbt(
        ["docs", "generate", "--static", "--target", "duckdb"],
        {
            "LAKE_PATH": str(places.lake.absolute()),
            "QUARANTINE_PATH": str(places.quarantine.absolute()),
            "DUCKDB_PATH": str(places.warehouse.absolute()),
        },
        work,
        on_start=tell,
    )
    made = work / "target" / _PAGE
    if run.exit_status or not made.exists():
        raise LakeError(f"dbt could not write the documentation: {' | '.join(run.errors[-3:]) or 'it said nothing'}")
    page.parent.mkdir(parents=True, exist_ok=True)
    replace_file(page, made.read_bytes())
