"""The commands of `lake cloud`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake_cli.cloud import deploy as delivery
from lake_cli.cloud import looker
from lake_cli.cloud import status as state
from lake_cli.cloud.stage import read_stage

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The platform on Google Cloud: deliver a release, see what runs, open Looker Studio. The rest is in docs/cloud.md.",
)


@app.command()
def deploy(
    stage: Annotated[str, typer.Argument(help="Stage, as terraform/environments names it.")],
    release: Annotated[
        str | None,
        typer.Option(help="Tag of an image built before, to go back to; default: build the checked-out commit."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking.")] = False,
) -> None:
    """Build the ingestion's image and apply the stage: the running job is updated in place.

    Examples: `lake cloud deploy trial` · `lake cloud deploy production --release 1f2e3d4c5b6a`
    """
    delivery.deploy(stage, release, yes, typer.echo)


@app.command()
def status() -> None:
    """What runs in the stage that Terraform is connected to, and up to when its lake is complete."""
    for line in state.lines(read_stage()):
        typer.echo(line)


@app.command(name="looker-link")
def looker_link(
    report: Annotated[
        list[str] | None, typer.Option(help="Report to connect, may be repeated; default: all of them.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(help="Id of a Looker Studio report to copy; its data sources have the reports' names.")
    ] = None,
) -> None:
    """Print a link that opens Looker Studio with the published reports connected.

    Examples: `lake cloud looker-link` · `lake cloud looker-link --report rpt_daily_revenue`
    """
    known = looker.reports()
    names = report or known
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is no report: choose from {', '.join(known)}", param_hint="--report")
    typer.echo(looker.link(read_stage(), names, template))
