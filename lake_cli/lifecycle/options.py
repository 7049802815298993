"""Options that `lake compact`, `lake erase` and `lake audit` share."""

from __future__ import annotations

import argparse
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import Root, open_root
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places

Folder = Annotated[
    Path,
    typer.Option(
        help="Holds lake and quarantine, as `lake up` and `lake demo` write them.", show_default=LIVE_FOLDER_SHOWN
    ),
]
LakePath = Annotated[
    str | None,
    typer.Option(help="Root of the lake: a folder, gs://BUCKET or gs://BUCKET/FOLDER; default: FOLDER/lake."),
]
QuarantinePath = Annotated[
    str | None, typer.Option(help="Root of the quarantine, likewise; default: FOLDER/quarantine.")
]
Dates = Annotated[list[str] | None, typer.Option("--date", help="Only this day, YYYY-MM-DD (UTC); repeatable.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]

DEFAULT_FOLDER: Final = LIVE_FOLDER
_DURATION: Final = re.compile(r"(\d{1,6})(m|h|d)")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def roots(folder: Path, lake_path: str | None, quarantine_path: str | None) -> tuple[Root, Root]:
    """Lake and quarantine to work on.

    Raises:
        LakeError: one is no place, or not there.
    """
    from beam_pipeline.option_types import root_path

    found = []
    for option, given, default in (
        ("--lake-path", lake_path, Places(folder).lake),
        ("--quarantine-path", quarantine_path, Places(folder).quarantine),
    ):
        try:
            found.append(open_root(root_path(given or str(default))))
        except argparse.ArgumentTypeError as error:
            raise LakeError(f"{option}: {error}") from None
    return found[0], found[1]


def days(texts: list[str] | None) -> tuple[date, ...]:
    """The days of --date.

    Raises:
        LakeError: one is no date.
    """
    found = []
    for text in texts or ():
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            raise LakeError(f"--date {text!r} is no date: write it as YYYY-MM-DD") from None
    return tuple(found)


def duration(option: str, text: str) -> timedelta:
    """`90m`, `6h`, `7d`.

    Raises:
        LakeError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise LakeError(f"{option} {text!r} is no duration: write minutes, hours or days like 90m, 6h or 7d")
    return int(found[1]) * _UNITS[found[2]]
