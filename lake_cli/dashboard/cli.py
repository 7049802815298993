"""`lake dashboard`, as it is called."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, RUN_FOLDER, Places

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def dashboard(
    folder: Annotated[
        Path, typer.Option(help="Holds the lake, the quarantine and the warehouse.", show_default=LIVE_FOLDER_SHOWN)
    ] = LIVE_FOLDER,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any free one.")] = 8642,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser; default: if there is a desktop.")
    ] = None,
) -> None:
    """Serve the page of the reports and a live page of operations, to this machine only, until Ctrl-C.

    The page is made again when a build has published, and reloads itself. Operations are read from the files every second:
    events per minute, how far behind the lake is, objects, and what was quarantined.

    Examples: `lake dashboard` · `lake dashboard --folder .lake/demo --port 9000`
    """
    from lake_cli.console import has_desktop
    from lake_cli.dashboard.reports import PublishedPage
    from lake_cli.dashboard.server import bound
    from lake_cli.dashboard.status import LiveStatus

    places = Places(folder)
    with bound(port, PublishedPage(places.warehouse, places.page), LiveStatus(RUN_FOLDER, folder)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        typer.echo(f"Reports:    {address}\nOperations: {address}operations\nCtrl-C ends it.")
        if browser or (browser is None and has_desktop()):
            webbrowser.open(address)
        server.serve_forever()
