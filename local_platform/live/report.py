"""What `lake up`, `lake down` and `lake status` say."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import msgspec
from rich.table import Table

from local_platform.console import open_console
from local_platform.live.start import Started
from local_platform.live.status import Status
from local_platform.live.stop import Stopped
from local_platform.places import RUN_FOLDER, Places
from local_platform.processes import Ending


def started(result: Started) -> None:
    """Where everything is, and how to publish to it."""
    state = result.state
    facts = _facts()
    facts.add_row("emulator", f"{state.emulator.address} ({state.emulator.origin})")
    facts.add_row("topic", state.topic)
    facts.add_row("subscription", state.subscription)
    facts.add_row("ingestion", f"process {state.ingest.pid if state.ingest else '?'}, log {RUN_FOLDER / 'ingest.log'}")
    facts.add_row("lake", _short(Places(Path(state.folder)).lake))
    facts.add_row("quarantine", _short(Places(Path(state.folder)).quarantine))
    console = open_console()
    console.print("[bold green]The platform is up already." if result.already_up else "[bold green]The platform is up.")
    console.print(facts)
    console.print(
        f"\nPublish to it:\n  PUBSUB_EMULATOR_HOST={state.emulator.address} lake produce --events 10000 --topic {state.topic}"
        "\nSee what arrives: lake status. Stop it: lake down",
        highlight=False,
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
        ("In quarantine, by error code", result.contents.rows_by_code, result.contents.quarantine_rows),
    ):
        if rows:
            console.print(counts_table(title, rows, total))


def counts_table(title: str, rows: dict[str, int], total: int) -> Table:
    """Counts by name, largest first, with their total."""
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("", footer="total")
    table.add_column("messages", justify="right", footer=f"{total:,}")
    for name, count in sorted(rows.items(), key=lambda row: -row[1]):
        table.add_row(name, f"{count:,}")
    return table


def _overview(result: Status) -> Table:
    facts = _facts()
    run = result.run
    facts.add_row("emulator", f"{result.emulator}, {run.emulator.address}" if run is not None else result.emulator)
    facts.add_row("ingestion", _ingestion(result))
    if result.summary is not None:
        summary = result.summary
        when = "since it was started" if result.ingest == "up" else "in its last run"
        facts.add_row("ingested", f"{summary.messages_read:,} messages in {summary.batches:,} batches {when}")
    contents = result.contents
    facts.add_row("folder", _short(Path(result.folder)))
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
    return facts


def _ingestion(result: Status) -> str:
    if result.run is None or result.run.ingest is None:
        return result.ingest
    if result.ingest == "up":
        return f"up, process {result.run.ingest.pid}"
    return f"{result.ingest}; its log: {RUN_FOLDER / 'ingest.log'}; `lake up` starts it again"


def _ending(ending: Ending) -> str:
    return "had ended already" if ending is Ending.WAS_NOT_RUNNING else ending.value


def _facts() -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    return facts


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _short(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
