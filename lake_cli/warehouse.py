"""`lake warehouse`: build the warehouse from the lake, and make its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lake_cli.errors import LakeError
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places

if TYPE_CHECKING:
    from warehouse_runner import BuildResult

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Build and test the warehouse with dbt, publish its reports, and make the page.",
)

Folder = Annotated[
    Path, typer.Option(help="Holds the lake, the quarantine and the warehouse.", show_default=LIVE_FOLDER_SHOWN)
]


@app.command("build")
def build_command(
    folder: Folder = LIVE_FOLDER,
    lake_path: Annotated[str | None, typer.Option(help="Root of the lake; default: FOLDER/lake.")] = None,
    quarantine_path: Annotated[
        str | None, typer.Option(help="Root of the quarantine; default: FOLDER/quarantine.")
    ] = None,
    duckdb_path: Annotated[
        Path | None, typer.Option(help="The warehouse's file; default: FOLDER/warehouse.duckdb.")
    ] = None,
    target: Annotated[str, typer.Option(help="duckdb, or bigquery (addresses from the environment).")] = "duckdb",
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild all days.")] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Replace existing reports even if the lake has no objects.")
    ] = False,
    date: Annotated[
        list[str] | None,
        typer.Option(help="Event date to rebuild (YYYY-MM-DD, repeatable) in place of those that changed."),
    ] = None,
    state_path: Annotated[
        Path | None, typer.Option(help="Where a BigQuery warehouse remembers its last build; default: FOLDER/dbt.")
    ] = None,
) -> None:
    """Rebuild the days that changed in the lake since the last successful build, test, and publish the reports.

    The ingestion manifest says which days changed. Reports are built and tested apart and published together: if any test
    fails, what was published before stands, and the command exits with 1.

    Examples: `lake warehouse build` · `lake warehouse build --folder .lake/demo --full-refresh`
    """
    from lake_cli.console import open_console
    from lake_cli.display import open_display
    from warehouse_runner import NodeDone, WarehouseError, build

    if target not in ("duckdb", "bigquery"):
        raise typer.BadParameter(f"{target!r} is not a target; choose duckdb or bigquery", param_hint="--target")
    for each in date or ():
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", each):
            raise typer.BadParameter(f"{each!r} is not a date; write it as YYYY-MM-DD", param_hint="--date")
    places = Places(folder)
    warehouse = duckdb_path or places.warehouse
    console = open_console()
    with open_display(console) as display:
        task = display.task("dbt")

        def done(node: NodeDone) -> None:
            task.update(node.index, f"{node.kind} {node.name}", total=node.total)

        def starting(note: str) -> None:
            task.update(0, note)

        try:
            result = build(
                lake_path or places.lake,
                quarantine_path or places.quarantine,
                warehouse,
                target,
                full_refresh=full_refresh,
                dates=tuple(date) if date else None,
                state_path=state_path,
                on_node=done,
                on_start=starting,
                allow_empty=allow_empty,
            )
        except WarehouseError as error:
            raise LakeError(str(error)) from None
        task.finish(f"{_outcome(result)}, {result.seconds:.1f} s", failed=not result.succeeded)
    days = "all days" if result.full_refresh else f"{len(result.lake_dates):,} changed days"
    console.print(f"rebuilt    {days}", highlight=False)
    for line in result.warnings:
        console.print(f"warning    {line}", highlight=False, markup=False)
    for line in result.failures:
        console.print(f"failed     {line}", highlight=False, markup=False)
    console.print(f"reports    {_reports(result)}", highlight=False)
    if target == "duckdb":
        console.print(f"warehouse  {warehouse}", highlight=False, soft_wrap=True)
    if not result.succeeded:
        raise typer.Exit(1)


def _outcome(result: BuildResult) -> str:
    if result.up_to_date:
        return "not run: nothing has changed in the lake or in the models"
    return f"{result.models_built:,} models built, {result.tests_passed:,} tests passed, {result.tests_failed:,} failed"


def _reports(result: BuildResult) -> str:
    if result.up_to_date:
        return "those of the last build stand"
    return "reports published" if result.published else "reports not published: the last published ones stand"


@app.command("report")
def report_command(
    folder: Folder = LIVE_FOLDER,
    duckdb_path: Annotated[
        Path | None, typer.Option(help="The warehouse's file; default: FOLDER/warehouse.duckdb.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The page; default: FOLDER/report/index.html.")] = None,
) -> None:
    """Make the page of the published reports: one HTML file that opens without a network."""
    from lake_cli.console import open_console
    from lake_cli.report import render

    places = Places(folder)
    page = render(duckdb_path or places.warehouse, output or places.page)
    open_console().print(f"Open the report: {page.absolute().as_uri()}", highlight=False, soft_wrap=True)
