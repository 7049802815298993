"""Which days changed in the lake since the last successful build, from the ingestion manifest.

The manifest holds one record per object written. A day is changed when the set of its objects is: each manifest folder (one
per day of writing) contributes a fingerprint to every date its records name, and a date is rebuilt when any contribution
differs from the one that the last successful build saw. The manifest is listed once, only folders whose listing differs are
read again, and of the newest two only files that no run has read: so the cost follows the change and not the history, and
nothing depends on clocks: a record that arrives late, or for a date a year ago, is found all the same. Records of compacted
objects say nothing new: a day is not rebuilt because its lines were joined.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from warehouse_runner.errors import WarehouseError
from warehouse_runner.objects import ObjectStore

MANIFEST_PREFIX: Final = "_control/manifest/"
"""Repeats event_contract.lake_layout.MANIFEST: this environment has no msgspec, and so no contract package."""

WATERMARK: Final = "_control/watermark.json"
_ROOTS: Final = ("lake", "quarantine")

ManifestState = dict[str, Any]
"""folder -> {"listing": digest, "lake": {date: digest}, "quarantine": {date: digest}, "files": cursor}; JSON throughout.

The cursor, which only the newest folders have: name of a file that has been read -> digests of its records by root and date.
"""
_FOLDERS_WITH_CURSOR: Final = 2  # the day under way and the one before: others hardly ever change


class ObjectRecord(NamedTuple):
    """What the manifest says of one object.

    Attributes:
        root: lake or quarantine.
        path: below the root.
        date: event date in the lake, publish date in quarantine (ISO).
        rows: lines.
        published_until: latest publish time of its messages, RFC 3339 in UTC.
        replaces: names of the objects of the same folder whose lines it holds in their place.
        replaced_rows: lines in those.
    """

    root: str
    path: str
    date: str
    rows: int
    published_until: str
    replaces: tuple[str, ...] = ()
    replaced_rows: int = 0

    @property
    def keeps_every_line(self) -> bool:
        """Whether it is the work of compaction: other objects, the same lines."""
        return bool(self.replaces) and self.rows == self.replaced_rows

    @property
    def replaced_paths(self) -> list[str]:
        """Paths of the objects that it replaces, below the root."""
        folder = self.path.rpartition("/")[0]
        return [f"{folder}/{name}" for name in self.replaces]


@dataclass(frozen=True)
class ManifestFolder:
    """One day of writing as it was read: a digest of its listing, the names of its files, and their records."""

    listing: str
    files: tuple[str, ...]
    records: tuple[ObjectRecord, ...]


@dataclass(frozen=True)
class Changes:
    """What the lake's manifest says has changed.

    Attributes:
        lake_dates: event dates (ISO) whose lake objects changed, sorted.
        quarantine_dates: publish dates (ISO) whose quarantine objects changed, sorted.
        manifest_dates: days of writing (ISO) whose manifest changed, sorted.
        everything: there is no earlier build to compare with, or no manifest: rebuild all days.
        state: what to remember once a build of these changes has succeeded.
        read: the manifest folders that were read, because they are new or differ from what is known.
    """

    lake_dates: tuple[str, ...]
    quarantine_dates: tuple[str, ...]
    manifest_dates: tuple[str, ...]
    everything: bool
    state: ManifestState = field(repr=False)
    read: Mapping[str, ManifestFolder] = field(repr=False)

    @property
    def nothing(self) -> bool:
        """Whether nothing has changed."""
        return not (self.everything or self.lake_dates or self.quarantine_dates or self.manifest_dates)


def find_changes(
    lake: ObjectStore,
    before: ManifestState | None,
    known: Mapping[str, str] | None = None,
    complete_before: str | None = None,
) -> Changes:
    """Compares the manifest with the state that the last successful build left (None: there was none).

    Args:
        lake: root of the lake.
        before: that state.
        known: listing digests of the folders whose records the caller has (`snapshot`), so that those need not be read again;
            None: the caller needs no records.
        complete_before: RFC 3339; a run reads only what was published before. Objects that hold later messages, too, are read
            in part, so their folders are not remembered as done: the next run finds their dates changed.

    Raises:
        WarehouseError: a manifest record cannot be read.
    """
    now: ManifestState = {}
    read: dict[str, ManifestFolder] = {}
    changed: dict[str, set[str]] = {"lake": set(), "quarantine": set()}
    written: set[str] = set()
    for folder, names in _by_folder(lake.names(MANIFEST_PREFIX)).items():
        listing = _digest(names)
        seen = (before or {}).get(folder)
        unchanged = seen is not None and seen["listing"] == listing
        if unchanged and (known is None or known.get(folder) == listing):
            now[folder] = seen
            continue
        # A caller who needs the records needs all of them.
        files = (
            {}
            if known is not None or seen is None
            else {n: seen["files"][n] for n in names if n in seen.get("files", {})}
        )
        by_file = _records(lake, [name for name in names if name not in files])
        read[folder] = ManifestFolder(
            listing, tuple(names), tuple(each for records in by_file.values() for each in records)
        )
        if unchanged:
            now[folder] = seen
            continue
        in_part: dict[str, _Digests] = {}
        for name, records in by_file.items():
            whole = [each for each in records if complete_before is None or each.published_until < complete_before]
            (files if len(whole) == len(records) else in_part)[name] = _digests(whole)
        remembered = "read in part" if in_part else listing
        now[folder] = {"listing": remembered, **_fingerprints([*files.values(), *in_part.values()]), "files": files}
        written.add(_day_of(folder))
        for root, dates in changed.items():
            dates |= _differing(now[folder][root], seen[root] if seen else {})
    for folder, gone in (before or {}).items():
        if folder not in now:
            written.add(_day_of(folder))
            for root, dates in changed.items():
                dates.update(gone[root])
    for folder in sorted(now)[:-_FOLDERS_WITH_CURSOR]:
        now[folder] = {key: value for key, value in now[folder].items() if key != "files"}
    return Changes(
        lake_dates=tuple(sorted(changed["lake"])),
        quarantine_dates=tuple(sorted(changed["quarantine"])),
        manifest_dates=tuple(sorted(written)),
        everything=before is None or not now,
        state=now,
        read=read,
    )


def read_watermark(lake: ObjectStore) -> str | None:
    """The instant (RFC 3339, UTC) before which everything published is in the lake; None if it is not known.

    On BigQuery it bounds what the models of a run read: whatever is written meanwhile was published later.

    Raises:
        WarehouseError: the file holds something else.
    """
    content = lake.find(WATERMARK)
    if content is None:
        return None
    try:
        return str(json.loads(content)["watermark"])
    except (ValueError, KeyError, TypeError) as error:
        raise WarehouseError(f"{WATERMARK} is not a watermark ({error!r}): the ingestion writes it again") from error


def _by_folder(names: list[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folders[name.rpartition("/")[0]].append(name)
    return folders


def _day_of(folder: str) -> str:
    """`_control/manifest/year=2026/month=11/day=22` -> `2026-11-22`."""
    keys = dict(part.split("=", 1) for part in folder.split("/") if "=" in part)
    try:
        return f"{int(keys['year']):04}-{int(keys['month']):02}-{int(keys['day']):02}"
    except (KeyError, ValueError):
        raise WarehouseError(f"{folder} is not a folder of the manifest (year=/month=/day=); remove it") from None


def _records(lake: ObjectStore, names: list[str]) -> dict[str, list[ObjectRecord]]:
    found: dict[str, list[ObjectRecord]] = {}
    for name, content in lake.read_all(names):
        records = found.setdefault(name, [])
        for line in content.splitlines():
            try:
                record = json.loads(line)
                records.append(
                    ObjectRecord(
                        root=record["root"],
                        path=record["path"],
                        date=record["date"],
                        rows=record["rows"],
                        published_until=record["max_publish_time"],
                        replaces=tuple(record.get("replaces") or ()),
                        replaced_rows=record.get("replaced_rows") or 0,
                    )
                )
                if record["root"] not in _ROOTS:
                    raise ValueError(record["root"])
            except (ValueError, KeyError, TypeError) as error:
                raise WarehouseError(
                    f"manifest {name} holds a line that is not a manifest record ({error!r}); "
                    "run `lake manifest repair`, which writes that file anew from what the lake holds"
                ) from error
    return found


_Digests = dict[str, dict[str, list[str]]]
"""root -> date -> a digest of each record."""


def _digests(records: Iterable[ObjectRecord]) -> _Digests:
    objects: _Digests = {}
    for record in records:
        if not record.keeps_every_line:
            dates = objects.setdefault(record.root, {})
            dates.setdefault(record.date, []).append(_digest([f"{record.path} {record.rows}"])[:16])
    return objects


def _fingerprints(files: Iterable[_Digests]) -> dict[str, dict[str, str]]:
    objects: dict[str, dict[str, set[str]]] = {root: defaultdict(set) for root in _ROOTS}
    for file in files:
        for root, dates in file.items():
            for date, digests in dates.items():
                objects[root][date].update(digests)
    return {root: {date: _digest(sorted(found)) for date, found in dates.items()} for root, dates in objects.items()}


def _differing(now: dict[str, str], before: dict[str, str]) -> set[str]:
    return {date for date in now.keys() | before.keys() if now.get(date) != before.get(date)}


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
