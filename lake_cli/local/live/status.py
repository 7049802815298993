"""`lake status`: what runs, what has been written, how far it is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from beam_pipeline.run_summary import RunSummary
from event_contract.lake_layout import CENSUS
from lake_cli import lake_files
from lake_cli.lake_files import Contents, Watermark
from lake_cli.local import ingestion, pubsub
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from lake_cli.places import Places

_ASK_SECONDS: Final = 2.0


class WarehouseFile(msgspec.Struct, frozen=True):
    """The DuckDB file: when it was last written, and its size."""

    path: str
    built_at: datetime
    bytes: int


class UnknownFields(msgspec.Struct, frozen=True):
    """The last census (`lake contract census`): fields that the contract does not know, with their share of the type's lines."""

    date: str
    shares: dict[str, float]


class Status(msgspec.Struct, frozen=True):
    """The platform at one moment. `emulator` and `ingest` are "up", "down", "ended by itself", or one that says more."""

    folder: str
    emulator: str
    ingest: str
    contents: Contents
    run: RunState | None = None
    summary: RunSummary | None = None
    watermark: Watermark | None = None
    warehouse: WarehouseFile | None = None
    unknown_fields: UnknownFields | None = None


def look(run_folder: Path, folder: Path) -> Status:
    """The status of the running platform, or, if nothing is up, of what lies in `folder`."""
    run = states.load(run_folder)
    places = Places(Path(run.folder) if run is not None else folder)
    return Status(
        folder=str(places.folder),
        emulator=_emulator(run),
        ingest=_ingest(run),
        contents=lake_files.contents(lake_files.read_manifest(places.lake)),
        run=run,
        summary=ingestion.read_summary(places.ingest_summary),
        watermark=lake_files.read_watermark(places.lake),
        warehouse=_warehouse(places.warehouse),
        unknown_fields=_unknown_fields(places.lake),
    )


def _emulator(run: RunState | None) -> str:
    if run is None:
        return "down"
    if not run.emulator_runs:
        return "ended by itself"
    return "up" if pubsub.answers(run.emulator.address, timeout_seconds=_ASK_SECONDS) else "not answering"


def _ingest(run: RunState | None) -> str:
    if run is None:
        return "down"
    if run.switching and run.rotator_runs:
        return "changing over to another subscription"
    return "up" if run.ingest_runs else "ended by itself"


def _unknown_fields(lake: Path) -> UnknownFields | None:
    results = sorted((lake / CENSUS).glob("*.json"))
    if not results:
        return None
    found = msgspec.json.decode(results[-1].read_bytes())
    shares = {
        f"{event_type}.{name}": seen["share"]
        for event_type, fields in found["unknown"].items()
        for name, seen in fields.items()
    }
    return UnknownFields(found["date"], dict(sorted(shares.items(), key=lambda each: -each[1])))


def _warehouse(file: Path) -> WarehouseFile | None:
    try:
        facts = file.stat()
    except FileNotFoundError:
        return None
    return WarehouseFile(str(file), datetime.fromtimestamp(facts.st_mtime, UTC), facts.st_size)
