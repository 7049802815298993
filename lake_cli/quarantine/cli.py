"""`lake quarantine`: look at quarantined messages, repair them, send them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lake_cli.errors import LakeError
from lake_cli.places import RUN_FOLDER
from lake_cli.quarantine import options as opt
from lake_cli.quarantine.selection import Selection

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Quarantined messages: count, look, repair, send again. Personal data is masked except in `show --raw` and files.",
)

_AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")]


@app.command()
@opt.over_selection
def summary(
    root: str,
    chosen: Selection,
    *,
    as_json: _AsJson = False,
) -> None:
    """Counts by reason code, field and time; and how many of them have been sent again since.

    Examples: `lake quarantine summary` · `lake quarantine summary --folder .lake/demo --since 2026-11-22`
    """
    from lake_cli.quarantine import tables
    from lake_cli.quarantine.records import read_sent
    from lake_cli.quarantine.summing_up import sum_up

    found = sum_up(chosen.read(root), read_sent(root))
    tables.print_summary(root, found, as_json=as_json)


@app.command("list")
@opt.over_selection
def list_command(
    root: str,
    chosen: Selection,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Messages to list at most.")] = 50,
    as_json: _AsJson = False,
) -> None:
    """One line a message: id, when, why, and whether it has been sent again.

    Examples: `lake quarantine list --code wrong_type` · `lake quarantine list --text checkout --json --limit 1000`
    """
    from lake_cli.quarantine import tables
    from lake_cli.quarantine.records import read_sent

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
    from lake_cli.quarantine.showing import described

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
@opt.over_selection
def export(
    root: str,
    chosen: Selection,
    *,
    output: Annotated[Path, typer.Option(help="File to write; readable by you alone. It may hold personal data.")],
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="payloads: as they were sent, for `lake ingest --input_files`. envelopes: as quarantine holds them."
            " repair: for a person to correct, and `lake quarantine replay --fixed`.",
        ),
    ] = "payloads",
) -> None:
    """Write selected messages to a file, one a line.

    Examples: `lake quarantine export --code wrong_type --as repair --output fix.ndjson`
    """
    from lake_cli.quarantine.exporting import export as write
    from lake_cli.quarantine.repair import FORMATS

    if as_ not in FORMATS:
        raise LakeError(f"--as {as_!r} is not one of {', '.join(FORMATS)}")
    written, unwritable = write(chosen.read(root), output, as_)
    typer.echo(f"{written:,} messages written to {output}.")
    if unwritable:
        typer.echo(f"{unwritable:,} have line breaks that belong to them: export these --as envelopes or --as repair.")


@app.command()
@opt.over_selection
def replay(
    root: str,
    chosen: Selection,
    *,
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
    mappings: Annotated[
        str, typer.Option(metavar="NAME[,NAME…]", help="Mappings that the job runs with, to say what it would accept.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Also what was sent already and may be on its way.")] = False,
) -> None:
    """Send selected messages to the topic again, after a fix of the contract, or of the messages.

    Messages with the same bytes are sent once. What was sent is recorded in the quarantine: the same replay again sends only
    what has come back since. The lake keeps what was sent twice twice, the warehouse holds each event once.

    Examples: `lake quarantine replay --code wrong_type` · `lake quarantine replay --to-file fix.ndjson` ·
    `lake quarantine replay --fixed fix.ndjson --yes`
    """
    from event_contract.mapping import load
    from lake_cli.quarantine import replaying
    from lake_cli.quarantine.planning import Rules

    try:
        sources = tuple(load(name) for name in mappings.split(",") if name)
    except ValueError as error:
        raise LakeError(f"--mappings: {error}") from None
    if fixed and (to_file or chosen != Selection()):
        raise LakeError("--fixed sends the whole file: leave out --to-file and the filters")
    replaying.replay(
        root,
        chosen,
        Rules(max_attempts, again, only_valid, limit, sources),
        replaying.Destination(topic, to_file, fixed, yes, rate),
        RUN_FOLDER,
    )
