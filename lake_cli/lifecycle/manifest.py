"""The manifest as maintenance reads and writes it: which objects count, which are replaced, and its own files joined.

Records of replaced objects stay: that keeps sums over records right (`ManifestRecord`), and days unchanged for the warehouse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from beam_pipeline.manifest import manifest_object
from beam_pipeline.messages import micros_of
from beam_pipeline.objects import object_name
from event_contract import ManifestRecord
from event_contract.lake_layout import MANIFEST, REWRITTEN, manifest_folder
from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import Root, in_parallel

_decode = msgspec.json.Decoder(ManifestRecord).decode
_MIN_FILES = 4


@dataclass
class Manifest:
    """Every record, once; and the lines of each of its files."""

    records: dict[tuple[str, str], ManifestRecord] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, record: ManifestRecord) -> None:
        """Takes up a record that has been written since."""
        self.records[record.root, record.path] = record

    def replaced(self, root: str) -> dict[str, ManifestRecord]:
        """Paths of replaced objects of a root, with the record of the object that holds their lines."""
        return {
            path: record
            for record in self.records.values()
            if record.root == root and record.replaces
            for path in record.replaced_paths
        }

    def live(self, root: str) -> dict[str, ManifestRecord]:
        """The objects of a root whose lines no other object holds in their place, by path."""
        replaced = self.replaced(root)
        return {
            record.path: record
            for record in self.records.values()
            if record.root == root and record.path not in replaced
        }


def read(lake: Root) -> Manifest:
    """The whole manifest.

    Raises:
        LakeError: a file of it cannot be understood.
    """
    found = Manifest()
    names = [name for name in lake.sizes(f"{MANIFEST}/") if name.endswith(".ndjson")]
    for name, content in in_parallel(lake, names):
        found.files[name] = content
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                found.add(_decode(line))
            except msgspec.DecodeError as error:
                raise LakeError(
                    f"{lake.address}/{name}, line {number} is not a manifest record ({error}): was it edited?"
                ) from None
    return found


def write(lake: Root, records: Iterable[ManifestRecord], written_micros: int) -> None:
    """Records objects that have been written in the place of others."""
    lake.write(*manifest_object(records, written_micros))


def join_files(lake: Root, manifest: Manifest, before: date, now_micros: int) -> int:
    """Joins the files of days of writing before a date into one a day, where there are several; returns how many days it did.

    The files that are joined stay for a while, for readers that have listed them: a record that is read twice counts once.
    """
    days = 0
    for folder, files in sorted(_folders(manifest).items()):
        joined = [name for name in files if REWRITTEN in name]
        loose = [name for name in files if REWRITTEN not in name]
        known = {line for name in joined for line in manifest.files[name].splitlines()}
        fresh = [name for name in loose if not known.issuperset(manifest.files[name].splitlines())]
        if not folder < manifest_folder(before) or len(fresh) < _MIN_FILES:
            continue
        lines = sorted({line for name in files for line in manifest.files[name].splitlines()})
        content = b"".join(line + b"\n" for line in lines)
        name = f"{folder}/{object_name([content], now_micros)}{REWRITTEN}"
        lake.write(name, content)
        if lake.read(name) != content:
            raise LakeError(f"{lake.address}/{name} reads otherwise than it was written: nothing was deleted")
        manifest.files[name] = content
        days += 1
    return days


def joined_files(manifest: Manifest, joined_before_micros: int) -> list[str]:
    """Files of the manifest all of whose records have been in a joined file of their folder since before an instant."""
    spare: list[str] = []
    for files in _folders(manifest).values():
        kept: set[bytes] = set()
        for name in sorted((name for name in files if REWRITTEN in name), reverse=True):  # the newest first
            lines = manifest.files[name].splitlines()
            if kept.issuperset(lines):
                spare.append(name)
            elif _written_micros(name) <= joined_before_micros:
                kept.update(lines)
        spare += [
            name for name in files if REWRITTEN not in name and kept.issuperset(manifest.files[name].splitlines())
        ]
    return spare


def _folders(manifest: Manifest) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = defaultdict(list)
    for name in manifest.files:
        folders[name.rpartition("/")[0]].append(name)
    return folders


def _written_micros(name: str) -> int:
    instant = name.rpartition("/")[2].partition("-")[0]
    return micros_of(datetime.strptime(instant, "%Y%m%dT%H%M%S%z").isoformat())
