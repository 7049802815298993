"""`lake manifest`: does the manifest name what lake and quarantine hold?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare the manifest with the objects of lake and quarantine, and repair it.",
)

_SHOWN: Final = 10

Folder = Annotated[Path, typer.Option(help="Holds lake and quarantine.", show_default=LIVE_FOLDER_SHOWN)]
LakePath = Annotated[str | None, typer.Option(help="Root of the lake: a folder or gs://…; default: FOLDER/lake.")]
QuarantinePath = Annotated[
    str | None, typer.Option(help="Root of the quarantine: a folder or gs://…; default: FOLDER/quarantine.")
]


@app.command("check")
def check_command(
    folder: Folder = LIVE_FOLDER, lake_path: LakePath = None, quarantine_path: QuarantinePath = None
) -> None:
    """Name objects without a record, records without an object, and damaged manifest files; exit with 1 if there are any.

    Objects younger than 15 minutes are not judged: the ingestion records an object after it has stored it.

    Examples: `lake manifest check` · `lake manifest check --lake-path gs://P-l --quarantine-path gs://P-q`
    """
    from lake_cli.manifest import reconcile

    found = reconcile.check(_roots(folder, lake_path, quarantine_path))
    _show("without a record", [f"{root}/{path}" for root, path, _ in found.unrecorded])
    _show("recorded and not there", [f"{record.root}/{record.path} ({record.rows:,} rows)" for record in found.missing])
    _show("damaged manifest files", found.unreadable)
    typer.echo(
        f"{found.recorded:,} objects are recorded, {len(found.unrecorded):,} are not, {len(found.missing):,} are missing,"
        f" {found.on_their_way:,} are too young to tell"
    )
    if not found.agree:
        typer.echo("Repair it: lake manifest repair")
        raise typer.Exit(1)


@app.command("repair")
def repair_command(
    folder: Folder = LIVE_FOLDER,
    lake_path: LakePath = None,
    quarantine_path: QuarantinePath = None,
    forget_missing: Annotated[
        bool,
        typer.Option(
            "--forget-missing", help="Remove the records of objects that are gone for good: their lines are lost."
        ),
    ] = False,
) -> None:
    """Record objects that have no record, and drop unreadable lines of manifest files.

    Records of missing objects are kept unless `--forget-missing` says that the objects cannot be restored. Exits with 3 while a
    compaction or an erasure works on the same lake.

    Examples: `lake manifest repair` · `lake manifest repair --forget-missing`
    """
    from event_contract.lake_layout import LAKE
    from lake_cli.lifecycle.lease import lease
    from lake_cli.lifecycle.storage import open_root
    from lake_cli.manifest import reconcile

    roots = _roots(folder, lake_path, quarantine_path)
    with lease(open_root(roots[LAKE])) as check:  # what compaction is about to record would be recorded twice
        found = reconcile.check(roots)
        missing = found.missing
        if not forget_missing:
            found.missing = []
        check()
        written = reconcile.repair(roots, found)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(
        f"{len(found.unrecorded):,} objects recorded, {len(found.missing):,} records removed,"
        f" {len(found.unreadable):,} damaged files mended"
    )
    if missing and not forget_missing:
        _show("recorded and not there", [f"{record.root}/{record.path} ({record.rows:,} rows)" for record in missing])
        typer.echo("Restore these objects, or remove their records: lake manifest repair --forget-missing")
        raise typer.Exit(1)


def _roots(folder: Path, lake_path: str | None, quarantine_path: str | None) -> dict[str, str]:
    from beam_pipeline.option_types import root_path
    from event_contract.lake_layout import LAKE, QUARANTINE

    places = Places(folder)
    found = {}
    for name, option, given in ((LAKE, "--lake-path", lake_path), (QUARANTINE, "--quarantine-path", quarantine_path)):
        try:
            root = root_path(given or str(places.lake if name == LAKE else places.quarantine))
        except argparse.ArgumentTypeError as error:
            raise LakeError(f"{option}: {error}") from None
        if "://" not in root and not Path(root).is_dir():
            raise LakeError(f"there is no {name} at {root}: give --folder, or {option}")
        found[name] = root
    return found


def _show(title: str, lines: list[str]) -> None:
    if lines:
        typer.echo(f"{title}: {len(lines):,}")
    for line in lines[:_SHOWN]:
        typer.echo(f"  {line}")
    if len(lines) > _SHOWN:
        typer.echo(f"  and {len(lines) - _SHOWN:,} more")
