"""Options that the commands of `lake quarantine` share."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.places import LIVE_FOLDER, LIVE_FOLDER_SHOWN, Places
from lake_cli.quarantine.selection import Selection, instant

Folder = Annotated[
    Path,
    typer.Option(
        help="Holds lake and quarantine, as `lake up` and `lake demo` write them.", show_default=LIVE_FOLDER_SHOWN
    ),
]
QuarantinePath = Annotated[
    str | None,
    typer.Option(
        help="Root of the quarantine: a folder or gs://BUCKET or gs://BUCKET/FOLDER; default: FOLDER/quarantine."
    ),
]
Codes = Annotated[list[str] | None, typer.Option("--code", help="Reason code; repeatable.")]
EventTypes = Annotated[list[str] | None, typer.Option("--event-type", help="Type the message says it is; repeatable.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="Path of the field at fault; repeatable.")]
Since = Annotated[str | None, typer.Option(help="Published then or later: a date or an instant (UTC).")]
Until = Annotated[str | None, typer.Option(help="Published before: a date or an instant (UTC).")]
Text = Annotated[str | None, typer.Option(help="Found in the message, its reason, field or id.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Message id, or the start of a fingerprint; repeatable.")]

DEFAULT_FOLDER: Final = LIVE_FOLDER


def quarantine_root(folder: Folder = DEFAULT_FOLDER, quarantine_path: QuarantinePath = None) -> str:
    """The quarantine to work on.

    Raises:
        LakeError: it does not exist, or is not a writable location.
    """
    from beam_pipeline.option_types import root_path

    try:
        root = root_path(quarantine_path or str(Places(folder).quarantine))
    except argparse.ArgumentTypeError as error:
        raise LakeError(f"--quarantine-path: {error}") from None
    if "://" not in root and not Path(root).is_dir():
        raise LakeError(f"there is no quarantine at {root}: give --folder, or --quarantine-path")
    return root


def selection(
    code: Codes = None,
    event_type: EventTypes = None,
    field: Fields = None,
    since: Since = None,
    until: Until = None,
    text: Text = None,
    message_id: Ids = None,
) -> Selection:
    """The filters of a command line.

    Raises:
        LakeError: one of them can never match.
    """
    return Selection(
        codes=tuple(code or ()),
        event_types=tuple(event_type or ()),
        fields=tuple(field or ()),
        since=instant("--since", since),
        until=instant("--until", until),
        text=text,
        ids=tuple(message_id or ()),
    )


def over_selection(command: Callable[..., None]) -> Callable[..., None]:
    """A command of `(root, chosen, *, ...)` with the options of `quarantine_root` and `selection` in place of these two.

    Typer reads options from a signature and cannot take a group of them from elsewhere, so the signature is composed here.
    """
    parameters = [signature(part, eval_str=True).parameters for part in (quarantine_root, selection, command)]
    place, filters, own = (dict(part) for part in parameters)
    for replaced in ("root", "chosen"):
        del own[replaced]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        root = quarantine_root(**{name: given.pop(name) for name in place})
        command(root, selection(**{name: given.pop(name) for name in filters}), **given)

    composed = [each.replace(kind=Parameter.KEYWORD_ONLY) for part in (place, filters, own) for each in part.values()]
    with_options.__signature__ = Signature(composed)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in composed}
    return with_options
