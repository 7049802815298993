"""The running platform as the page of operations shows it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from event_contract import ManifestRecord
from event_contract.lake_layout import QUARANTINE
from lake_cli import lake_files
from lake_cli.lake_files import Contents, ManifestReader
from lake_cli.last_build import LastBuild, ReportLineage, read_last_build, read_lineage
from lake_cli.local import ingestion
from lake_cli.local.live import state as states
from lake_cli.places import Places

MINUTES: Final = 60
"""How far back the counts per minute go."""

_FRESH_SECONDS: Final = 0.5


class Minute(msgspec.Struct, frozen=True):
    """Lines that were written in one minute: `at` is its beginning, RFC 3339 in UTC."""

    at: str
    lake: int
    quarantine: int


class Operations(msgspec.Struct, frozen=True):
    """The platform at one moment.

    Attributes:
        at: this moment, RFC 3339 in UTC.
        folder: holds the lake and the quarantine.
        ingestion: "up", "down" or "ended by itself".
        lag_seconds: age of the watermark: everything published before it is written; None before the first.
        contents: totals of the manifest.
        minutes: the last `MINUTES` minutes, the current one included.
        messages_per_second: of the ingestion while it was at work; None if it has not reported.
        warehouse_built_at: RFC 3339 in UTC; None if there is none.
        watermark: everything published before it is written, RFC 3339 in UTC; None before the first.
        build: the last build of the warehouse with its data tests; None if none is known.
        lineage: every report with what it is made from.
    """

    at: str
    folder: str
    ingestion: str
    lag_seconds: float | None
    contents: Contents
    minutes: list[Minute]
    messages_per_second: float | None
    warehouse_built_at: str | None
    watermark: str | None = None
    build: LastBuild | None = None
    lineage: list[ReportLineage] = []


class LiveStatus:
    """Looks at the platform, at most twice a second however many ask."""

    def __init__(self, run_folder: Path, folder: Path) -> None:
        self._run_folder = run_folder
        self._places = Places(folder.absolute())
        self._manifest = ManifestReader(self._places.lake)
        self._lock = threading.Lock()
        self._seen: tuple[float, Operations] | None = None
        self._traced: tuple[LastBuild | None, list[ReportLineage]] | None = None

    def __call__(self) -> Operations:
        """The platform now.

        Raises:
            LakeError: a control file holds what it should not.
        """
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen[0] > _FRESH_SECONDS:
                self._seen = (time.monotonic(), self._look(datetime.now(UTC)))
            return self._seen[1]

    def _look(self, now: datetime) -> Operations:
        records = self._manifest.read()
        watermark = lake_files.read_watermark(self._places.lake)
        summary = ingestion.read_summary(self._places.ingest_summary)
        try:
            built = datetime.fromtimestamp(self._places.warehouse.stat().st_mtime, UTC).isoformat()
        except FileNotFoundError:
            built = None
        build = read_last_build(self._places)
        return Operations(
            at=now.isoformat(),
            folder=str(self._places.folder),
            ingestion=self._ingestion(),
            lag_seconds=None if watermark is None else max(0.0, (now - watermark.watermark).total_seconds()),
            contents=lake_files.contents(records),
            minutes=by_minute(records, now),
            messages_per_second=None if summary is None else summary.messages_per_second,
            warehouse_built_at=built,
            watermark=None if watermark is None else watermark.watermark.isoformat(),
            build=build,
            lineage=self._lineage(build),
        )

    def _lineage(self, build: LastBuild | None) -> list[ReportLineage]:
        if self._traced is None or self._traced[0] != build:  # dbt's manifest is large, and changes with a build only
            self._traced = build, read_lineage(self._places)
        return self._traced[1]

    def _ingestion(self) -> str:
        state = states.load(self._run_folder)
        if state is None or Path(state.folder) != self._places.folder:
            return "down"
        return "up" if state.ingest_runs else "ended by itself"


def by_minute(records: Iterable[ManifestRecord], now: datetime) -> list[Minute]:
    """Lines written per minute; what compaction and erasure wrote in the place of others is nothing new."""
    rows: Counter[tuple[str, bool]] = Counter()
    for record in records:
        if not record.replaces:
            rows[record.written_at[:16], record.root == QUARANTINE] += record.rows
    starts = [(now - timedelta(minutes=back)).strftime("%Y-%m-%dT%H:%M") for back in reversed(range(MINUTES))]
    return [Minute(f"{start}:00Z", rows[start, False], rows[start, True]) for start in starts]
