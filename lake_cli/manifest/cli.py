"""`lake manifest`: does the manifest name what lake and quarantine hold?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places

if TYPE_CHECKING:
    from lake_cli.manifest.contents import Damaged
    from lake_cli.manifest.reconcile import Findings

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare the manifest with the objects of lake and quarantine, and repair it.",
)

_SHOWN: Final = 10
_RESTORE: Final = (
    "Restore damaged objects from a copy, or from an earlier version in the bucket. Where there is none: remove them, forget them"
    " (lake manifest repair --forget-missing), and read their messages again, by the subscription or from files."
)

Folder = Annotated[Path, typer.Option(help="Holds lake and quarantine.", show_default=LIVE_FOLDER_SHOWN)]
LakePath = Annotated[str | None, typer.Option(help="Root of the lake: a folder or gs://…; default: FOLDER/lake.")]
QuarantinePath = Annotated[
    str | None, typer.Option(help="Root of the quarantine: a folder or gs://…; default: FOLDER/quarantine.")
]


@app.command("check")
def check_command(
    folder: Folder = LIVE_FOLDER,
    lake_path: LakePath = None,
    quarantine_path: QuarantinePath = None,
    read: Annotated[
        bool, typer.Option("--read", help="Read every object, too, and compare its CRC-32 with the recorded one.")
    ] = False,
) -> None:
    """Name what manifest and lake disagree about: missing, unrecorded, cut off and altered objects; exit with 1 if there are any.

    Sizes come with the listing; `--read` reads lake and quarantine once and finds bytes that were altered in place. An object
    without a record is not judged while it is younger than 15 minutes: the ingestion records an object after it has stored it.

    Examples: `lake manifest check` · `lake manifest check --read --lake-path gs://P-l --quarantine-path gs://P-q`
    """
    from lake_cli.manifest import reconcile

    roots = _roots(folder, lake_path, quarantine_path)
    found = reconcile.check(roots)
    if read:
        found.damaged += _altered(roots, found)
    _show("without a record", [f"{root}/{path}" for root, path, _ in found.unrecorded])
    _show("recorded and not there", [f"{record.root}/{record.path} ({record.rows:,} rows)" for record in found.missing])
    _show("damaged manifest files", found.unreadable)
    _show("other bytes than recorded", list(map(str, found.damaged)), most=None)
    typer.echo(
        f"{found.recorded:,} objects are recorded, {len(found.unrecorded):,} are not, {len(found.missing):,} are missing,"
        f" {len(found.damaged):,} are damaged, {found.on_their_way:,} are too young to tell"
    )
    if found.unrecorded or found.missing or found.unreadable:
        typer.echo("Repair it: lake manifest repair")
    if found.damaged:
        typer.echo(_RESTORE)
    if not found.agree:
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
    if found.damaged:
        _show("other bytes than recorded", list(map(str, found.damaged)), most=None)
        typer.echo(_RESTORE)
    if found.damaged or (missing and not forget_missing):
        raise typer.Exit(1)


def _altered(roots: dict[str, str], found: Findings) -> list[Damaged]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress

    from lake_cli.lifecycle.storage import open_root
    from lake_cli.manifest.contents import altered

    known = {(each.record.root, each.record.path) for each in found.damaged}
    records = [record for record in found.live if (record.root, record.path) not in known]
    with Progress("reading", BarColumn(), DownloadColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=sum(record.bytes for record in records))
        opened = {name: open_root(address) for name, address in roots.items()}
        return altered(opened, records, lambda size: progress.advance(task, size))


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


def _show(title: str, lines: list[str], most: int | None = _SHOWN) -> None:
    if lines:
        typer.echo(f"{title}: {len(lines):,}")
    for line in lines[:most]:
        typer.echo(f"  {line}")
    if most is not None and len(lines) > most:
        typer.echo(f"  and {len(lines) - most:,} more")
