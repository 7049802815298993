"""The command `lake produce`."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NamedTuple, NoReturn

import typer

from producer import report
from producer.config import ConfigError, Plan, SimulationConfig, make_plan
from producer.ledger import Summary
from producer.publish import PublishFailed, publish_to_topic
from producer.pubsub import EMULATOR_VARIABLE, TopicUnavailable, is_topic
from producer.simulation import simulate
from producer.write import write_to_file

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")

_HOW_MUCH: Final = "How much"
_TROUBLE: Final = "What goes wrong, as shares of all messages"
_WHERE: Final = "Where to"
_INTERRUPTED: Final = 130  # what a shell reports of a program ended by Ctrl-C


class Platform(NamedTuple):
    """A platform that runs on this machine.

    Attributes:
        topic: full name of its topic.
        emulator: host:port of its Pub/Sub emulator.
        hold_back: called with the number of messages published since the last call; returns once the ingestion is not too far
            behind, or the event is set.
    """

    topic: str
    emulator: str
    hold_back: Callable[[int, threading.Event], None]


def _no_platform() -> Platform | None:
    return None


find_platform: Callable[[], Platform | None] = _no_platform
"""Finds the platform that runs here. The `lake` command, which knows of platforms, sets it."""


def register(to: typer.Typer) -> None:
    """Adds the command `produce` to an application."""
    to.command("produce")(produce)


def produce(
    events: Annotated[
        int | None,
        typer.Option(help="Exactly so many messages, poison and duplicates included.", rich_help_panel=_HOW_MUCH),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            help="Days of shop life that the messages spread over. Default: 7. Without --events, 10,000 messages a day.",
            rich_help_panel=_HOW_MUCH,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Messages a second. Alone, without --events and --days: live traffic, until Ctrl-C.",
            rich_help_panel=_HOW_MUCH,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The same seed and start make the same messages. Default: a new one, printed at the end.",
            rich_help_panel=_HOW_MUCH,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="When the simulated time begins: 2026-11-15 (midnight UTC) or 2026-11-15T06:00:00+01:00."
            " Default: so that it ends with yesterday.",
            rich_help_panel=_HOW_MUCH,
        ),
    ] = None,
    poison_rate: Annotated[
        float, typer.Option(help="Messages that break the contract.", rich_help_panel=_TROUBLE)
    ] = SimulationConfig.poison_rate,
    duplicate_rate: Annotated[
        float, typer.Option(help="Messages that repeat an earlier one, byte for byte.", rich_help_panel=_TROUBLE)
    ] = SimulationConfig.duplicate_rate,
    late_rate: Annotated[
        float, typer.Option(help="Messages that arrive hours or days after their event.", rich_help_panel=_TROUBLE)
    ] = SimulationConfig.late_rate,
    late_days: Annotated[
        int, typer.Option(help="How late the latest of them are, in days.", rich_help_panel=_TROUBLE)
    ] = SimulationConfig.late_days,
    out_of_order_rate: Annotated[
        float, typer.Option(help="Messages that a few later ones overtake.", rich_help_panel=_TROUBLE)
    ] = SimulationConfig.out_of_order_rate,
    topic: Annotated[
        str | None,
        typer.Option(
            help="Publish to this topic, projects/P/topics/T: on the emulator of the running platform or that"
            " PUBSUB_EMULATOR_HOST names, or, with --google-cloud, on Google Cloud. Default: the running platform's topic.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    google_cloud: Annotated[
        bool, typer.Option("--google-cloud", help="The topic is on Google Cloud.", rich_help_panel=_WHERE)
    ] = False,
    create_topic: Annotated[
        bool, typer.Option("--create-topic", help="Create the topic if it is missing.", rich_help_panel=_WHERE)
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write to this file instead, one message a line; gzipped if its name ends with .gz.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Record every message sent (id, kind, expected reason code, sha256) in this file, as JSON lines.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="Append to this file how many messages of each type were published a minute, with a hash of them, for"
            " `lake audit`; messages then carry the attribute `ledger`.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
) -> None:
    """Simulate the shop: publish its events to a topic, or write them to a file.

    Shoppers come by ads and links, look, fill carts, order, send back, and return on other days. Some messages are broken,
    doubled, late or out of order, as asked for. Ctrl-C ends early, with a summary and a complete truth file.

    Examples:
    `lake produce` · `lake produce --events 50000 --days 7` · `lake produce --rate 50` ·
    `lake produce --days 30 --seed 7 --output shop.ndjson.gz --truth truth.jsonl`
    """
    if topic is not None and output is not None:
        _refuse("topic", "give either --topic projects/P/topics/T or --output FILE.ndjson")
    if topic is not None and not is_topic(topic):
        _refuse("topic", f"{topic!r} is not the full name of a topic: give one like projects/my-project/topics/events")
    if output is not None and rate is not None:
        _refuse("rate", "paces publishing only: leave it out with --output")
    if output is not None and ledger is not None:
        _refuse("ledger", "counts what is published: leave it out with --output")
    if output is not None and create_topic:
        _refuse("create-topic", "there is no topic with --output: leave it out")
    if output is not None and truth is not None and output.absolute() == truth.absolute():
        _refuse("truth", f"{truth} is the --output file, too: name another")
    try:
        config = SimulationConfig(
            events=events,
            days=days,
            rate=rate,
            seed=secrets.randbelow(1_000_000) if seed is None else seed,
            start=_instant(start) if start is not None else None,
            poison_rate=poison_rate,
            duplicate_rate=duplicate_rate,
            late_rate=late_rate,
            late_days=late_days,
            out_of_order_rate=out_of_order_rate,
        )
        now = datetime.now(UTC)
        plan = make_plan(config, now)
    except ConfigError as error:
        _refuse(error.setting.replace("_", "-"), error.problem)
    platform = None
    if output is None:
        topic, platform = _where(topic, google_cloud=google_cloud)
    messages = simulate(config, now)
    send: Callable[..., Summary]
    if output is not None:
        target = str(output)
        send = partial(write_to_file, messages, output, truth=truth)
    else:
        target = topic or ""
        send = partial(
            publish_to_topic,
            messages,
            target,
            rate=rate,
            create_topic=create_topic,
            truth=truth,
            ledger_file=ledger,
        )
    report.announce(plan, config.seed, target)
    summary = _run(send, plan, output, truth, platform)
    report.summarise(summary, plan, config.seed, target, truth)
    if summary.interrupted and not config.endless:
        raise typer.Exit(_INTERRUPTED)


def _where(topic: str | None, *, google_cloud: bool) -> tuple[str, Platform | None]:
    """The topic to publish to, with the platform that it belongs to; chooses the emulator, never Google Cloud unasked."""
    platform = None if google_cloud else find_platform()
    if topic is None:
        if platform is None:
            missing = "--topic is missing" if google_cloud else "no platform is up: run `lake up` first"
            _refuse("topic", f"{missing}, or give --topic projects/P/topics/T or --output FILE.ndjson")
        topic = platform.topic
    emulator = os.environ.get(EMULATOR_VARIABLE)
    if google_cloud and emulator:
        _refuse("google-cloud", f"{EMULATOR_VARIABLE} is {emulator}: unset it, or leave out --google-cloud")
    if platform is not None and topic == platform.topic and emulator in (None, "", platform.emulator):
        os.environ[EMULATOR_VARIABLE] = platform.emulator
        return topic, platform
    if not emulator and not google_cloud:
        _refuse("topic", f"{topic} would be one on Google Cloud: add --google-cloud, or set {EMULATOR_VARIABLE}")
    return topic, None


def _run(
    send: Callable[..., Summary], plan: Plan, output: Path | None, truth: Path | None, platform: Platform | None
) -> Summary:
    try:
        with _stopped_by_signals() as stop, report.progress_bar(plan) as progress:

            def sent(count: int) -> None:
                progress(count)
                if platform is not None:
                    platform.hold_back(count, stop)

            return send(progress=sent, stop=stop)
    except TopicUnavailable as error:
        _refuse("topic", str(error))
    except PublishFailed as error:
        report.failed(error, truth)
        raise typer.Exit(1) from None
    except OSError as error:
        about_truth = output is None or error.filename == str(truth)
        option, path = ("truth", truth) if about_truth else ("output", output)
        _refuse(option, f"{path} cannot be written ({error.strerror}): choose another place")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError("start", f"{text!r} is not a date or instant: give one like 2026-11-15T06:00:00Z") from None
    return instant.replace(tzinfo=UTC) if len(text) == len("2026-11-15") else instant


def _refuse(option: str, problem: str) -> NoReturn:
    raise typer.BadParameter(problem, param_hint=f"--{option}")


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a polite kill sets, so that a run ends between two batches; a second one ends it at once."""
    stop = threading.Event()
    previous: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def on_signal(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


register(app)
