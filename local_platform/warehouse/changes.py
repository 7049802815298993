"""Which days changed in the lake since the last successful build, from the ingestion manifest.

The manifest holds one record per object written. A day is changed when the set of its objects is: each manifest folder (one
per day of writing) contributes a fingerprint to every date its records name, and a date is rebuilt when any contribution
differs from the one that the last successful build saw. Only folders whose listing differs are read again, so the cost
follows the change and not the history, and nothing depends on clocks: a record that arrives late, or for a date a year ago,
is found all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from local_platform.warehouse.errors import WarehouseError
from local_platform.warehouse.objects import ObjectStore

MANIFEST_PREFIX = "_control/manifest/"

ManifestState = dict[str, Any]
"""folder -> {"listing": digest, "lake": {date: digest}, "quarantine": {date: digest}}; JSON throughout."""


@dataclass(frozen=True)
class Changes:
    """What the lake's manifest says has changed.

    Attributes:
        lake_dates: event dates (ISO) whose lake objects changed, sorted.
        quarantine_dates: publish dates (ISO) whose quarantine objects changed, sorted.
        manifest_dates: days of writing (ISO) whose manifest changed, sorted.
        everything: there is no earlier build to compare with, or no manifest: rebuild all days.
        state: what to remember once a build of these changes has succeeded.
    """

    lake_dates: tuple[str, ...]
    quarantine_dates: tuple[str, ...]
    manifest_dates: tuple[str, ...]
    everything: bool
    state: ManifestState = field(repr=False)


def find_changes(lake: ObjectStore, before: ManifestState | None) -> Changes:
    """Compares the manifest with the state that the last successful build left (None: there was none).

    Raises:
        WarehouseError: a manifest record cannot be read.
    """
    now: ManifestState = {}
    changed: dict[str, set[str]] = {"lake": set(), "quarantine": set()}
    written: set[str] = set()
    for folder, names in _by_folder(lake.names(MANIFEST_PREFIX)).items():
        listing = _digest(names)
        seen = (before or {}).get(folder)
        if seen is not None and seen["listing"] == listing:
            now[folder] = seen
            continue
        now[folder] = {"listing": listing, **_fingerprints(lake, names)}
        written.add(_day_of(folder))
        for root, dates in changed.items():
            dates |= _differing(now[folder][root], seen[root] if seen else {})
    for folder, gone in (before or {}).items():
        if folder not in now:
            written.add(_day_of(folder))
            for root, dates in changed.items():
                dates.update(gone[root])
    return Changes(
        lake_dates=tuple(sorted(changed["lake"])),
        quarantine_dates=tuple(sorted(changed["quarantine"])),
        manifest_dates=tuple(sorted(written)),
        everything=before is None or not now,
        state=now,
    )


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
        raise WarehouseError(f"{folder} is no folder of the manifest (year=/month=/day=); remove it") from None


def _fingerprints(lake: ObjectStore, names: list[str]) -> dict[str, dict[str, str]]:
    objects: dict[str, dict[str, list[str]]] = {"lake": defaultdict(list), "quarantine": defaultdict(list)}
    for name in names:
        for line in lake.read(name).splitlines():
            try:
                record = json.loads(line)
                objects[record["root"]][record["date"]].append(f"{record['path']} {record['rows']}")
            except (ValueError, KeyError, TypeError) as error:
                raise WarehouseError(
                    f"manifest {name} holds a line that is no manifest record ({error!r}); "
                    "remove that file and build with --full-refresh"
                ) from error
    return {
        root: {date: _digest(sorted(set(paths))) for date, paths in dates.items()} for root, dates in objects.items()
    }


def _differing(now: dict[str, str], before: dict[str, str]) -> set[str]:
    return {date for date in now.keys() | before.keys() if now.get(date) != before.get(date)}


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
