"""The `lake` command line: the whole platform on one machine.

What a command needs is imported when it runs, so that `lake --help` answers at once.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lake_cli.errors import LakeError
from lake_cli.lazy_commands import LakeCommands, add_placeholders
from lake_cli.local import pubsub
from lake_cli.places import DEMO_FOLDER, LIVE_DEMO_FOLDER, LIVE_FOLDER, LIVE_FOLDER_SHOWN, RUN_FOLDER

app = typer.Typer(
    name="lake",
    cls=LakeCommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The e-commerce lake on one machine: Pub/Sub emulator, Apache Beam ingestion, dbt warehouse, report.",
    epilog="Start with `lake demo`. To keep a platform running: `lake up`, `lake produce`, `lake status`, `lake down`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"lake {version('ecommerce-lake')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The e-commerce lake on one machine: Pub/Sub emulator, Apache Beam ingestion, dbt warehouse, report."""


@app.command()
def demo(
    context: typer.Context,
    events: Annotated[int, typer.Option(min=100, help="Events to simulate.")] = 50_000,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of shop life that they spread over.")] = 7,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another shop; the same seed, the same shop.")] = 42,
    poison_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of messages damaged on purpose; they end in quarantine.")
    ] = 0.01,
    duplicate_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that are sent twice.")] = 0.005,
    late_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that arrive late.")] = 0.01,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where everything is written. Emptied first, if an earlier demo made it.",
            show_default=f"{DEMO_FOLDER}; with --live {LIVE_DEMO_FOLDER}",
        ),
    ] = None,
    file_mode: Annotated[
        bool, typer.Option("--file-mode", help="Without Pub/Sub: events go through a file, the rest is the same.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Stream until Ctrl-C and show throughput, lag, quarantine and revenue.")
    ] = False,
    chaos: Annotated[
        bool,
        typer.Option(
            "--chaos", help="With --live: kill the ingestion, break its storage, flood it with damaged messages."
        ),
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="With --live: end after so long, not at Ctrl-C.", show_default=False)
    ] = None,
    rate: Annotated[float, typer.Option(min=1, max=5000, help="With --live: messages a second.")] = 200,
) -> None:
    """The whole story: a simulated week of a shop, streamed into the lake, turned into a report.

    Starts Pub/Sub's emulator, publishes while the Beam job ingests, checks that every message published is in the lake or in
    quarantine, builds and tests the warehouse with dbt on DuckDB, and renders a page to open. Without an emulator it says what
    to install and goes through a file instead. Exits with 1 if a message is missing or the warehouse failed.

    With `--live` it streams, at the present, until Ctrl-C and then writes what is under way; with `--chaos` the ingestion is
    killed at random (kill -9), its storage fails for seconds, and floods of damaged messages come, a fault every few seconds.
    The account of every single message is shown all the time, and at the end it is counted anew from the files. The emulator
    and the account keep every message in memory: hours at the default rate, not days.

    Examples: `lake demo` · `lake demo --events 500000` · `lake demo --seed 7 --poison-rate 0.05` · `lake demo --live`
    · `lake demo --live --chaos --minutes 5`
    """
    from lake_cli.console import open_console

    of_live, of_once = ("chaos", "minutes", "rate"), ("events", "days", "file_mode")
    for name in of_once if live else of_live:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise LakeError(f"{option} has no meaning with --live" if live else f"{option} needs --live")
    if live:
        from lake_cli.local.demo.live import run as live_run
        from lake_cli.local.demo.live.options import LiveOptions

        chosen = LiveOptions(
            rate=rate,
            minutes=minutes,
            chaos=chaos,
            seed=seed,
            poison_rate=poison_rate,
            duplicate_rate=duplicate_rate,
            late_rate=late_rate,
            folder=folder or LIVE_DEMO_FOLDER,
        )
        raise typer.Exit(live_run.live(chosen, open_console()))

    from lake_cli.local.demo import run
    from lake_cli.local.demo.options import DemoOptions

    options = DemoOptions(
        events=events,
        days=days,
        seed=seed,
        poison_rate=poison_rate,
        duplicate_rate=duplicate_rate,
        late_rate=late_rate,
        folder=folder or DEMO_FOLDER,
        file_mode=file_mode,
    )
    raise typer.Exit(run.demo(options, open_console()))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def up(
    context: typer.Context,
    project: Annotated[
        str, typer.Option(help="Project id on the emulator; any valid one does.")
    ] = pubsub.LOCAL_PROJECT,
    topic: Annotated[str, typer.Option(help="Id of the topic.")] = pubsub.LOCAL_TOPIC,
    subscription: Annotated[str, typer.Option(help="Id of the subscription.")] = pubsub.LOCAL_SUBSCRIPTION,
    folder: Annotated[
        Path, typer.Option(help="Holds the lake, the quarantine and the warehouse.", show_default=LIVE_FOLDER_SHOWN)
    ] = LIVE_FOLDER,
) -> None:
    """Start the platform in the background: emulator, topic, subscription, and an ingestion that runs until `lake down`.

    Uses the emulator that PUBSUB_EMULATOR_HOST names, if it is set; else starts one on port 8085, or on a free port if that
    one is taken. Called again, it says what is up. Options of the job are passed on to the ingestion. State and logs are in the
    user's state directory, so every command finds the platform from any folder; `LAKE_PLATFORM=NAME` keeps several apart.

    It may run for weeks. The emulator keeps messages in memory until their subscription is deleted, so the ingestion moves to a
    new subscription whenever the messages that it has written take a fourth of that memory. Publishers notice nothing.

    Examples: `lake up` · `lake up --folder /tmp/shop` · `lake up --window_seconds=60` · `LAKE_PLATFORM=trial lake up`
    """
    from lake_cli.local.live import report, start

    route = pubsub.Route(project, topic, subscription)
    report.started(start.up(RUN_FOLDER, folder, route, typer.echo, job_options=tuple(context.args)))


@app.command()
def down(
    drain_seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Longest time for the ingestion to write what was published. Default: as long as it makes progress.",
        ),
    ] = None,
    discard: Annotated[
        bool, typer.Option("--discard", help="Stop at once and drop messages that are not written yet.")
    ] = False,
) -> None:
    """Stop what `lake up` started: first the ingestion, once it has written what was published, then the emulator.

    The emulator keeps messages in memory only: while it holds messages that are not written, it is not stopped, and the command
    says how many and exits with 1. The lake stays.

    Examples: `lake down` · `lake down --discard`
    """
    from lake_cli.local.live import report, stop

    report.stopped(stop.down(RUN_FOLDER, drain_seconds, typer.echo, discard=discard))


@app.command()
def status(
    folder: Annotated[
        Path, typer.Option(help="The lake to look at when nothing is up.", show_default=LIVE_FOLDER_SHOWN)
    ] = LIVE_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")] = False,
) -> None:
    """What runs, what has been written per event type and reason code, and up to when it is complete.

    Examples: `lake status` · `lake status --folder .lake/demo` · `lake status --json`
    """
    from lake_cli.local.live import report
    from lake_cli.local.live import status as live_status

    report.status(live_status.look(RUN_FOLDER, folder), as_json=as_json)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[OPTIONS OF THE JOB]",
)
def ingest(context: typer.Context) -> None:
    """Run the Beam job here, with the options of `python -m beam_pipeline` and local defaults for those not given.

    Defaults: `--runner=DirectRunner`, the lake and quarantine of `lake up` (`.lake/live`), and, if neither
    `--input_subscription` nor `--input_files` is given, its subscription and emulator.
    All options: `python -m beam_pipeline --help`.

    Examples: `lake ingest --stop_after_idle_seconds=5` · `lake ingest --input_files='backfill/*.ndjson.gz'`
    """
    from lake_cli.local import ingest_here

    raise typer.Exit(ingest_here.run(context.args, RUN_FOLDER, LIVE_FOLDER))


add_placeholders(app)


def main() -> None:
    """Entry point: a mistake of the user ends in one line on standard error and exit code 2, never in a traceback."""
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="lake", standalone_mode=False)
    except LakeError as error:
        code = _complain(str(error), error.exit_code)
    except _COMMAND_LINE_ERROR as error:
        code = _complain_of_options(error)
    except (typer.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    sys.exit(code)


_INTERRUPTED: Final = 130  # what a shell reports of a program ended by Ctrl-C
# Bad options, as Typer raises them: the public BadParameter is a kind of usage error, and that a kind of this.
_COMMAND_LINE_ERROR: Any = typer.BadParameter.__mro__[2]


def _complain_of_options(error: Any) -> int:
    message: str = error.format_message()
    if message:  # empty if the remedy has been printed already: the help of a group called without a command
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "lake"
        _complain(f"{' '.join(message.split())} (see {command} --help)", error.exit_code)
    return int(error.exit_code)


def _complain(line: str, code: int) -> int:
    said = f"lake: error: {line}"
    if sys.stderr.isatty():
        from lake_cli.console import wrapped

        said = wrapped(said, shutil.get_terminal_size().columns)
    typer.echo(said, err=True)
    return code
