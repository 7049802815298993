"""What `lake up`, `lake down` and `lake status` say."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import msgspec
from rich.table import Table

from lake_cli.console import activation, open_console, short
from lake_cli.display import counts_table
from lake_cli.local.live.start import Started
from lake_cli.local.live.status import Status, UnknownFields
from lake_cli.local.live.stop import Stopped
from lake_cli.local.processes import Ending
from lake_cli.places import RUN_FOLDER, Places

_FIELDS_NAMED = 5


def started(result: Started) -> None:
    """Where everything is, and how to publish to it."""
    state = result.state
    facts = _facts()
    facts.add_row("emulator", f"{state.emulator.address} ({state.emulator.origin})")
    facts.add_row("topic", state.topic)
    facts.add_row("subscription", state.subscription)
    facts.add_row("ingestion", f"process {state.ingest.pid if state.ingest else '?'}, log {RUN_FOLDER / 'ingest.log'}")
    facts.add_row("lake", short(Places(Path(state.folder)).lake))
    facts.add_row("quarantine", short(Places(Path(state.folder)).quarantine))
    console = open_console()
    console.print("[bold green]The platform is up already." if result.already_up else "[bold green]The platform is up.")
    console.print(facts)
    console.print("\nPublish to it, see what arrives, watch it in a browser, stop it:")
    for command in (activation(), "lake produce --rate 100", "lake status", "lake dashboard", "lake down"):
        if command is not None:
            console.print(f"    {command}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"For other publishers: export PUBSUB_EMULATOR_HOST={state.emulator.address}", highlight=False, soft_wrap=True
    )


def stopped(result: Stopped | None) -> None:
    """What was ended, and what had been written."""
    console = open_console()
    if result is None:
        console.print("Nothing is up.")
        return
    console.print(f"ingestion: {_ending(result.ingest)}")
    console.print(
        "emulator: not started by lake up, left as it is"
        if result.emulator is None
        else f"emulator: {_ending(result.emulator)}"
    )
    if result.summary is not None:
        console.print(
            f"ingested: {result.summary.messages_read:,} messages, {sum(result.summary.valid.values()):,} into the lake, "
            f"{sum(result.summary.quarantined.values()):,} into quarantine, {result.summary.objects:,} objects",
            highlight=False,
        )


def status(result: Status, *, as_json: bool) -> None:
    """The status as tables, or as one JSON document."""
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
        return
    console = open_console()
    console.print(_overview(result))
    for title, rows, total in (
        ("In the lake, by event type", result.contents.rows_by_type, result.contents.lake_rows),
        ("In quarantine, by reason code", result.contents.rows_by_code, result.contents.quarantine_rows),
    ):
        if rows:
            console.print(counts_table(title, rows, total))


def _overview(result: Status) -> Table:
    facts = _facts()
    run = result.run
    facts.add_row("emulator", f"{result.emulator}, {run.emulator.address}" if run is not None else result.emulator)
    if run is not None and run.rotator is not None and not run.rotator_runs:
        facts.add_row("rotator", "ended by itself: the emulator's memory is not freed; `lake up` starts it again")
    facts.add_row("ingestion", _ingestion(result))
    if result.summary is not None:
        summary = result.summary
        when = "since it was started" if result.ingest == "up" else "in its last run"
        facts.add_row("ingested", f"{summary.messages_read:,} messages in {summary.batches:,} batches {when}")
    contents = result.contents
    facts.add_row("folder", short(Path(result.folder)))
    objects = contents.lake_objects + contents.quarantine_objects
    facts.add_row("manifest", f"{objects:,} objects, {contents.bytes / 1e6:,.1f} MB stored")
    facts.add_row(
        "complete up to", "not known yet" if result.watermark is None else _moment(result.watermark.watermark)
    )
    warehouse = result.warehouse
    facts.add_row(
        "warehouse",
        "not built yet"
        if warehouse is None
        else f"built {_moment(warehouse.built_at)}, {warehouse.bytes / 1e6:,.1f} MB",
    )
    if result.unknown_fields is not None:
        facts.add_row("unknown fields", _unknown_fields(result.unknown_fields))
    return facts


def _unknown_fields(census: UnknownFields) -> str:
    named = [f"{name} ({share:.1%})" for name, share in list(census.shares.items())[:_FIELDS_NAMED]]
    more = len(census.shares) - len(named)
    listed = ", ".join([*named, *([f"{more} more"] if more else [])]) or "none"
    return f"{listed} on {census.date}; `lake contract census`"


def _ingestion(result: Status) -> str:
    if result.ingest == "up" and result.run is not None and result.run.ingest is not None:
        return f"up, process {result.run.ingest.pid}"
    if result.ingest == "ended by itself":
        return f"{result.ingest}; its log: {RUN_FOLDER / 'ingest.log'}; `lake up` starts it again"
    return result.ingest


def _ending(ending: Ending) -> str:
    return "had ended already" if ending is Ending.WAS_NOT_RUNNING else ending.value


def _facts() -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    return facts


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
