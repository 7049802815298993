"""The lake's control files, read through Airflow's object storage: a folder (file://) and a bucket (gs://) alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import ObjectStoragePath


class LakeUnreadable(RuntimeError):
    """A control file is there but says nothing that can be understood."""


@dataclass(frozen=True)
class WrittenObject:
    """A line of the manifest: one object of the lake (`event_type` set) or of quarantine (`reason` set); `bytes` as stored."""

    root: str
    path: str
    event_type: str | None
    reason: str | None
    date: date
    rows: int
    bytes: int
    published_from: datetime


def open_root(uri: str, conn_id: str) -> ObjectStoragePath:
    """The root of a lake or a quarantine; `conn_id` may be empty for a local folder.

    Nothing is cached: the gate asks again and again for a file that another machine writes.
    """
    return ObjectStoragePath(uri, conn_id=conn_id or None, **({} if uri.startswith("file:") else _UNCACHED))


_UNCACHED: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}


def read_watermark(lake: ObjectStoragePath) -> datetime | None:
    """The instant before which every message published is in the lake or in quarantine; None if none has been written.

    Raises:
        LakeUnreadable: the file is no watermark.
    """
    file = lake / "_control" / "watermark.json"
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _instant(json.loads(content)["watermark"])
    except (ValueError, KeyError, TypeError) as error:
        raise LakeUnreadable(
            f"{file} is not a watermark ({error!r}): delete it, the ingestion writes it again"
        ) from None


def manifest(lake: ObjectStoragePath, days: Iterable[date] | None = None) -> Iterator[WrittenObject]:
    """Every object that the manifest knows, once; of the windows of some days only, if they are given.

    Raises:
        LakeUnreadable: a line is no manifest record.
    """
    root = lake / "_control" / "manifest"
    folders = (
        [root] if days is None else [root / f"year={day:%Y}" / f"month={day:%m}" / f"day={day:%d}" for day in days]
    )
    seen: set[tuple[str, str]] = set()
    for folder in folders:
        for file in sorted(folder.rglob("*.ndjson"), key=str) if folder.exists() else ():
            for line in file.read_bytes().splitlines():
                written = _written_object(line, str(file))
                # A batch that was repeated recorded the same object again.
                if (written.root, written.path) not in seen:
                    seen.add((written.root, written.path))
                    yield written


def published_on(lake: ObjectStoragePath, day: date) -> Iterator[WrittenObject]:
    """The objects whose messages were published on a UTC day. Windows are publish time, filed by the day of their start."""
    for written in manifest(lake, [day - timedelta(days=1), day]):
        if written.published_from.astimezone(UTC).date() == day:
            yield written


@dataclass(frozen=True)
class Arrivals:
    """Messages of one publish day by where they went: rows in the lake, and rows in quarantine by reason."""

    lake_rows: int
    quarantined: Counter[str]

    @property
    def share(self) -> float:
        """Share of messages that were refused, 0 to 1; 0 where nothing arrived."""
        refused = self.quarantined.total()
        return refused / (refused + self.lake_rows) if refused else 0.0


def arrivals(written: Iterable[WrittenObject]) -> Arrivals:
    """Counts the rows of objects."""
    lake_rows = 0
    quarantined: Counter[str] = Counter()
    for each in written:
        if each.reason is None:
            lake_rows += each.rows
        else:
            quarantined[each.reason] += each.rows
    return Arrivals(lake_rows, quarantined)


def _written_object(line: bytes, file: str) -> WrittenObject:
    try:
        record = json.loads(line)
        return WrittenObject(
            root=record["root"],
            path=record["path"],
            event_type=record["event_type"],
            reason=record["reason"],
            date=date.fromisoformat(record["date"]),
            rows=int(record["rows"]),
            bytes=int(record["bytes"]),
            published_from=_instant(record["min_publish_time"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LakeUnreadable(f"{file} holds a line that is no manifest record ({error!r}): was it edited?") from None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment
