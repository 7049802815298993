"""`lake status`: what runs, what has been written, how far it is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from local_platform import ingestion, lake_files, pubsub
from local_platform.ingestion import IngestSummary
from local_platform.lake_files import Contents, Watermark
from local_platform.live import state as states
from local_platform.live.state import RunState
from local_platform.places import Places

_ASK_SECONDS = 2.0


class WarehouseFile(msgspec.Struct, frozen=True):
    """The DuckDB file: when it was last written, and its size."""

    path: str
    built_at: datetime
    bytes: int


class Status(msgspec.Struct, frozen=True):
    """The platform at one moment. `emulator` and `ingest` are "up", "down", or "not answering" / "ended by itself"."""

    folder: str
    emulator: str
    ingest: str
    contents: Contents
    run: RunState | None = None
    summary: IngestSummary | None = None
    watermark: Watermark | None = None
    warehouse: WarehouseFile | None = None


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
    return "up" if run.ingest_runs else "ended by itself"


def _warehouse(file: Path) -> WarehouseFile | None:
    try:
        facts = file.stat()
    except FileNotFoundError:
        return None
    return WarehouseFile(str(file), datetime.fromtimestamp(facts.st_mtime, UTC), facts.st_size)
