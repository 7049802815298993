"""The command `lake compact`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer

from lake_cli.lifecycle import options as opt

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def compact(
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    lake_path: opt.LakePath = None,
    quarantine_path: opt.QuarantinePath = None,
    date: opt.Dates = None,
    older_than: Annotated[
        str, typer.Option(help="A day is settled when the watermark has passed its end by this much: 90m, 6h, 2d.")
    ] = "6h",
    target_mb: Annotated[int, typer.Option(min=1, max=2048, help="Stored size that objects should reach, in MB.")] = 64,
    keep_replaced: Annotated[
        str,
        typer.Option(
            help="How long replaced objects stay, for readers that have listed them; a later run deletes them."
        ),
    ] = "1h",
    dry_run: opt.DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")] = False,
) -> None:
    """Join the small objects of settled days: as few objects a day and type as its bytes need, with the same lines.

    Lake, quarantine and the manifest's own files. Safe at any time: beside ingestion, builds and readers, and when killed; the
    next run finishes what one began. The warehouse does not rebuild a day because it was compacted. Exits with 1 if an object is
    damaged or missing, with 3 if another run works on the same lake.

    Examples: `lake compact` · `lake compact --dry-run` · `lake compact --lake-path gs://LAKE --quarantine-path gs://QUARANTINE`
    """
    from beam_pipeline.messages import now_micros
    from lake_cli.lifecycle import compaction
    from lake_cli.lifecycle.lease import lease
    from lake_cli.lifecycle.settled import settled_before

    lake, quarantine = opt.roots(folder, lake_path, quarantine_path)
    rules = compaction.Rules(
        settled_before=settled_before(lake, opt.duration("--older-than", older_than)),
        dates=opt.days(date),
        target_bytes=target_mb * 1_000_000,
        keep=opt.duration("--keep-replaced", keep_replaced) if keep_replaced != "0" else timedelta(),
    )

    def told(group: compaction.Group) -> None:
        if not as_json:
            typer.echo(f"{group.root}/{group.folder}  {len(group.records):,} objects, {group.stored_bytes:,} bytes → 1")

    if dry_run:
        done = compaction.compact(lake, quarantine, rules, now_micros(), lambda: None, told, dry_run=True)
    else:
        with lease(lake) as check:
            done = compaction.compact(lake, quarantine, rules, now_micros(), check, told)
    before = sum(len(group.records) for group in done.groups)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "joined_objects": before,
                    "into_objects": len(done.groups),
                    "joined_bytes": sum(group.stored_bytes for group in done.groups),
                    "into_bytes": done.stored_bytes,
                    "deleted_objects": done.deleted,
                    "waiting_objects": done.waiting,
                    "manifest_days_joined": done.manifest_days,
                    "manifest_files_deleted": done.manifest_deleted,
                    "problems": done.problems,
                }
            )
        )
    else:
        if rules.settled_before is None and not rules.dates:
            typer.echo("There is no watermark, so no day is known to be settled: give --date.")
        typer.echo(f"{before:,} objects {'would become' if dry_run else 'became'} {len(done.groups):,}.")
        if not dry_run:
            typer.echo(
                f"{done.deleted:,} replaced objects deleted, {done.waiting:,} stay {keep_replaced} for readers that listed them; "
                f"{done.manifest_days:,} days of the manifest joined, {done.manifest_deleted:,} of its files deleted."
            )
        for problem in done.problems:
            typer.echo(f"problem    {problem}", err=True)
    if done.problems:
        raise typer.Exit(1)
