"""`lake quarantine`: look at refused messages, repair them, send them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local_platform.errors import LakeError
from local_platform.places import RUN_FOLDER
from local_platform.quarantine import options as opt

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Refused messages: count, look, repair, send again. Personal data is blotted out except in `show --raw` and files.",
)

_AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")]


@app.command()
def summary(
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    quarantine_path: opt.QuarantinePath = None,
    code: opt.Codes = None,
    event_type: opt.EventTypes = None,
    field: opt.Fields = None,
    since: opt.Since = None,
    until: opt.Until = None,
    text: opt.Text = None,
    as_json: _AsJson = False,
) -> None:
    """Counts by error code, field and time; and how many of them have been sent again since.

    Examples: `lake quarantine summary` · `lake quarantine summary --folder .lake/demo --since 2026-11-22`
    """
    from local_platform.quarantine import tables
    from local_platform.quarantine.records import read_sent
    from local_platform.quarantine.summing_up import sum_up

    root = opt.quarantine_root(folder, quarantine_path)
    chosen = opt.selection(code, event_type, field, since, until, text)
    found = sum_up(chosen.read(root), read_sent(root))
    tables.print_summary(root, found, as_json=as_json)


@app.command("list")
def list_command(
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    quarantine_path: opt.QuarantinePath = None,
    code: opt.Codes = None,
    event_type: opt.EventTypes = None,
    field: opt.Fields = None,
    since: opt.Since = None,
    until: opt.Until = None,
    text: opt.Text = None,
    limit: Annotated[int, typer.Option(min=1, help="Messages to list at most.")] = 50,
    as_json: _AsJson = False,
) -> None:
    """One line a message: id, when, why, and whether it has been sent again.

    Examples: `lake quarantine list --code wrong_type` · `lake quarantine list --text checkout --json --limit 1000`
    """
    from local_platform.quarantine import tables
    from local_platform.quarantine.records import read_sent

    root = opt.quarantine_root(folder, quarantine_path)
    chosen = opt.selection(code, event_type, field, since, until, text)
    tables.print_list(root, chosen.read(root), read_sent(root), limit, as_json=as_json)


@app.command()
def show(
    message: Annotated[str, typer.Argument(help="Message id, or the start of a fingerprint, as `list` shows it.")],
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    quarantine_path: opt.QuarantinePath = None,
    raw: Annotated[bool, typer.Option("--raw", help="Everything as it was sent, personal data too.")] = False,
) -> None:
    """One message, raw and decoded, with a pointer at what is wrong.

    Examples: `lake quarantine show 3f2a91c07b11` · `lake quarantine show events.ndjson:17 --raw`
    """
    from local_platform.quarantine.selection import Selection
    from local_platform.quarantine.showing import described

    root = opt.quarantine_root(folder, quarantine_path)
    found = list(Selection(ids=(message,)).read(root))
    if not found:
        raise LakeError(f"no message {message} in {root}: see `lake quarantine list`")
    if len({refused.envelope.fingerprint for refused in found}) > 1:
        raise LakeError(f"{message} is the id of {len(found)} messages: give more of the fingerprint")
    latest = max(found, key=lambda refused: refused.attempt)
    for line in described(latest, raw=raw):
        typer.echo(line)
    if len(found) > 1:
        typer.echo(f"It is in quarantine {len(found)} times; this is the latest attempt.")


@app.command()
def export(
    output: Annotated[Path, typer.Option(help="File to write; readable by you alone. It may hold personal data.")],
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    quarantine_path: opt.QuarantinePath = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="payloads: as they were sent, for `lake ingest --input_files`. envelopes: as quarantine holds them."
            " repair: for a person to correct, and `lake quarantine replay --fixed`.",
        ),
    ] = "payloads",
    code: opt.Codes = None,
    event_type: opt.EventTypes = None,
    field: opt.Fields = None,
    since: opt.Since = None,
    until: opt.Until = None,
    text: opt.Text = None,
    message_id: opt.Ids = None,
) -> None:
    """Write selected messages to a file, one a line.

    Examples: `lake quarantine export --code missing_field --as repair --output fix.ndjson`
    """
    from local_platform.quarantine.exporting import export as write
    from local_platform.quarantine.repair import FORMATS

    if as_ not in FORMATS:
        raise LakeError(f"--as {as_!r} is none of {', '.join(FORMATS)}")
    root = opt.quarantine_root(folder, quarantine_path)
    chosen = opt.selection(code, event_type, field, since, until, text, message_id)
    written, unwritable = write(chosen.read(root), output, as_)
    typer.echo(f"{written:,} messages written to {output}.")
    if unwritable:
        typer.echo(f"{unwritable:,} have line breaks that belong to them: export these --as envelopes or --as repair.")


@app.command()
def replay(
    folder: opt.Folder = opt.DEFAULT_FOLDER,
    quarantine_path: opt.QuarantinePath = None,
    code: opt.Codes = None,
    event_type: opt.EventTypes = None,
    field: opt.Fields = None,
    since: opt.Since = None,
    until: opt.Until = None,
    text: opt.Text = None,
    message_id: opt.Ids = None,
    topic: Annotated[
        str | None, typer.Option(help="projects/P/topics/T; default: the topic of `lake up`, if it is up.")
    ] = None,
    to_file: Annotated[
        Path | None, typer.Option(help="Write the messages there for repair instead of sending them.")
    ] = None,
    fixed: Annotated[Path | None, typer.Option(help="Send the messages of this repaired file.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really send; without it, only say what would be sent.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, help="Messages a second, at most.")] = 500.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Messages in this replay, at most.")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, help="A message sent this often is left alone.")] = 5,
    only_valid: Annotated[bool, typer.Option(help="Only messages that the contract accepts now.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was sent already and may be on its way.")] = False,
) -> None:
    """Send selected messages to the topic again, after a fix of the contract, or of the messages.

    Messages with the same bytes are sent once. What was sent is recorded in the quarantine: the same replay again sends only
    what has come back since. The lake keeps what was sent twice twice, the warehouse holds each event once.

    Examples: `lake quarantine replay --code wrong_type` · `lake quarantine replay --to-file fix.ndjson` ·
    `lake quarantine replay --fixed fix.ndjson --yes`
    """
    from local_platform.quarantine import replaying
    from local_platform.quarantine.planning import Rules

    if fixed and (to_file or any((code, event_type, field, since, until, text, message_id))):
        raise LakeError("--fixed sends the whole file: leave out --to-file and the filters")
    replaying.replay(
        opt.quarantine_root(folder, quarantine_path),
        opt.selection(code, event_type, field, since, until, text, message_id),
        Rules(max_attempts, again, only_valid, limit),
        replaying.Destination(topic, to_file, fixed, yes, rate),
        RUN_FOLDER,
    )
