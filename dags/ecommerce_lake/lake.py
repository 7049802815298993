"""The lake's control files, read through Airflow's object storage: a folder (file://) and a bucket (gs://) alike.

A reader of its own: Airflow has no msgspec, and so no contract package.
"""

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
    """A line of the manifest: one object of the lake (`event_type` set) or of quarantine (`reason` set); `bytes` as stored.

    `replaces`: paths of objects of the same root whose lines it holds in their place; they count no more.
    """

    root: str
    path: str
    event_type: str | None
    reason: str | None
    date: date
    rows: int
    bytes: int
    published_from: datetime
    replaces: tuple[str, ...] = ()


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
        LakeUnreadable: a line is not a manifest record.
    """
    folders = [None] if days is None else list(days)
    yield from _written_objects(lake, [name for day in folders for name in _manifest_files(lake, day)])


def published_on(lake: ObjectStoragePath, day: date) -> Iterator[WrittenObject]:
    """The objects whose messages were published on a UTC day. Windows are publish time, filed by the day of their start.

    Of the day before only the last window may reach into the day, where windows do not divide one: of its loose files, which
    are named by their window, the last window's are read. Objects that took the place of others are left out: nothing arrived
    with them.
    """
    before = _manifest_files(lake, day - timedelta(days=1))
    loose = [name for name in before if not name.endswith(_JOINED)]
    last = _window(max(loose, key=_window)) if loose else ""
    names = [name for name in before if name.endswith(_JOINED) or _window(name) == last]
    for written in _written_objects(lake, [*names, *_manifest_files(lake, day)]):
        if not written.replaces and written.published_from.astimezone(UTC).date() == day:
            yield written


_JOINED = "-rewritten.ndjson"
"""Repeats event_contract.lake_layout.REWRITTEN: a file that maintenance joined from others of its folder."""
_READ_AT_ONCE = 1000  # bounds memory; the file system opens as many connections as it holds right


def _manifest_files(lake: ObjectStoragePath, day: date | None) -> list[str]:
    """Paths of a day's manifest files, or of all: one listing, which a bucket answers in pages of a thousand."""
    folder = lake / "_control" / "manifest"
    if day is not None:
        folder = folder / f"year={day:%Y}" / f"month={day:%m}" / f"day={day:%d}"
    return sorted(name for name in folder.fs.find(folder.path) if name.endswith(".ndjson"))


def _window(name: str) -> str:
    """Start of the window that a file is named by; text that sorts by time."""
    return name.rpartition("/")[2].partition("-")[0]


def _written_objects(lake: ObjectStoragePath, names: list[str]) -> Iterator[WrittenObject]:
    seen: set[tuple[str, str]] = set()
    for first in range(0, len(names), _READ_AT_ONCE):
        chosen = names[first : first + _READ_AT_ONCE]
        contents = lake.fs.cat(chosen)
        for name in chosen:
            for line in contents[name].splitlines():
                written = _written_object(line, name)
                # A batch that was repeated recorded the same object again.
                if (written.root, written.path) not in seen:
                    seen.add((written.root, written.path))
                    yield written


def not_replaced(written: Iterable[WrittenObject]) -> list[WrittenObject]:
    """The objects of a whole manifest whose lines no other object holds in their place."""
    known = list(written)
    replaced = {(each.root, path) for each in known for path in each.replaces}
    return [each for each in known if (each.root, each.path) not in replaced]


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
        folder = record["path"].rpartition("/")[0]
        return WrittenObject(
            root=record["root"],
            path=record["path"],
            event_type=record["event_type"],
            reason=record["reason"],
            date=date.fromisoformat(record["date"]),
            rows=int(record["rows"]),
            bytes=int(record["bytes"]),
            published_from=_instant(record["min_publish_time"]),
            replaces=tuple(f"{folder}/{name}" for name in record.get("replaces", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LakeUnreadable(f"{file} holds a line that is not a manifest record ({error!r}): was it edited?") from None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment
