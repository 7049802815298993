"""Options that the commands of `lake quarantine` share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated

import typer

from local_platform.errors import LakeError
from local_platform.places import LIVE_FOLDER, Places
from local_platform.quarantine.selection import Selection, instant

Folder = Annotated[Path, typer.Option(help="Holds lake and quarantine, as `lake up` and `lake demo` write them.")]
QuarantinePath = Annotated[
    str | None,
    typer.Option(
        help="Root of the quarantine: a folder or gs://BUCKET or gs://BUCKET/FOLDER; default: FOLDER/quarantine."
    ),
]
Codes = Annotated[list[str] | None, typer.Option("--code", help="Error code; repeatable.")]
EventTypes = Annotated[list[str] | None, typer.Option("--event-type", help="Type the message says it is; repeatable.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="Path of the field at fault; repeatable.")]
Since = Annotated[str | None, typer.Option(help="Published then or later: a date or an instant (UTC).")]
Until = Annotated[str | None, typer.Option(help="Published before: a date or an instant (UTC).")]
Text = Annotated[str | None, typer.Option(help="Found in the message, its reason, field or id.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Message id, or the start of a fingerprint; repeatable.")]

DEFAULT_FOLDER = LIVE_FOLDER


def quarantine_root(folder: Path, quarantine_path: str | None) -> str:
    """The quarantine to work on.

    Raises:
        LakeError: it is not there, or no place.
    """
    from beam_pipeline.options import root_path

    try:
        root = root_path(quarantine_path or str(Places(folder).quarantine))
    except argparse.ArgumentTypeError as error:
        raise LakeError(f"--quarantine-path: {error}") from None
    if "://" not in root and not Path(root).is_dir():
        raise LakeError(f"there is no quarantine at {root}: give --folder, or --quarantine-path")
    return root


def selection(
    codes: list[str] | None,
    event_types: list[str] | None,
    fields: list[str] | None,
    since: str | None,
    until: str | None,
    text: str | None,
    ids: list[str] | None = None,
) -> Selection:
    """The filters of a command line.

    Raises:
        LakeError: one of them can never match.
    """
    return Selection(
        codes=tuple(codes or ()),
        event_types=tuple(event_types or ()),
        fields=tuple(fields or ()),
        since=instant("--since", since),
        until=instant("--until", until),
        text=text,
        ids=tuple(ids or ()),
    )
