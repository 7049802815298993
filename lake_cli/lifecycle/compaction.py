"""`lake compact`: a settled day of a type becomes as few objects as its bytes need.

Steps, each of which may be the last before a kill: write the object that holds the lines of others, under a name that follows
from its content; read it back and compare; record it in the manifest as replacing them; delete them, once readers that knew
them have had time to finish. Readers of the manifest change from the old objects to the new one at the moment of its record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from beam_pipeline.messages import micros_of
from event_contract import ManifestRecord
from event_contract.lake_layout import FAILED, LAKE, QUARANTINE, REWRITTEN
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle.lease import Check
from lake_cli.lifecycle.manifest import Manifest
from lake_cli.lifecycle.rewriting import DamagedObject, joined_object, record_of, store_verified
from lake_cli.lifecycle.storage import Root, delete_all, in_parallel

PREFIXES: Final = {LAKE: "event_type=", QUARANTINE: f"{FAILED}/reason="}
"""Beginning of the names of a root's objects."""

MAX_REPLACED: Final = 10_000
"""Objects that one object may replace: their names stand on one line of the manifest, which readers bound at a megabyte."""

_LATE_SHARE: Final = 4
LATE_OBJECTS: Final = 8
"""Small objects beside one that is more than `_LATE_SHARE` times their size together: fewer than these stay as they are."""


@dataclass(frozen=True)
class Rules:
    """What is compacted, and to what.

    Attributes:
        settled_before: days (UTC) before this one are settled; None if nothing says so.
        dates: only these days, settled or not.
        target_bytes: stored size that an object should reach.
        keep: how long replaced objects stay after their replacement was recorded.
    """

    settled_before: date | None
    dates: tuple[date, ...] = ()
    target_bytes: int = 64 * 1024 * 1024
    keep: timedelta = timedelta(hours=1)

    def includes(self, day: date) -> bool:
        """Whether a day is to be compacted."""
        return day in self.dates if self.dates else self.settled_before is not None and day < self.settled_before


@dataclass(frozen=True)
class Group:
    """Objects of one folder to become one."""

    root: str
    folder: str
    records: tuple[ManifestRecord, ...]

    @property
    def stored_bytes(self) -> int:
        """Their stored size together."""
        return sum(record.bytes for record in self.records)


@dataclass
class Compacted:
    """What a run did, or would do.

    Attributes:
        groups: joined, each into one object.
        stored_bytes: of the objects that were written.
        deleted: objects that were replaced, or left over by a run that was interrupted.
        waiting: replaced objects that stay for readers until `Rules.keep` is over.
        manifest_days: days whose manifest files were joined.
        manifest_deleted: files of the manifest that were deleted after that.
        problems: one line each: what could not be compacted, and why.
    """

    groups: list[Group] = field(default_factory=list)
    stored_bytes: int = 0
    deleted: int = 0
    waiting: int = 0
    manifest_days: int = 0
    manifest_deleted: int = 0
    problems: list[str] = field(default_factory=list)


def plan(live: dict[str, ManifestRecord], present: dict[str, int], root: str, rules: Rules) -> Iterator[Group]:
    """What is worth joining among the objects that count and are there."""
    folders: dict[tuple[str, bool], list[ManifestRecord]] = defaultdict(list)
    for path, record in live.items():
        if path in present and rules.includes(date.fromisoformat(record.date)):
            folders[path.rpartition("/")[0], path.endswith(".gz")].append(record)
    for (folder, _), records in sorted(folders.items()):
        small = sorted((each for each in records if 2 * each.bytes < rules.target_bytes), key=lambda each: each.path)
        for group in _cut(_worth_joining(small), rules.target_bytes):
            yield Group(root, folder, tuple(group))


def _worth_joining(small: list[ManifestRecord]) -> list[ManifestRecord]:
    """All small objects; without the largest if the others are so little beside it that they hardly matter to a reader.

    Late events come for weeks: rewriting a day for each of them would cost its size each time.
    """
    if len(small) < 2:
        return []
    largest = max(small, key=lambda each: each.bytes)
    others = [each for each in small if each is not largest]
    if _LATE_SHARE * sum(each.bytes for each in others) >= largest.bytes:
        return small
    return others if len(others) >= LATE_OBJECTS else []


def _cut(records: list[ManifestRecord], target_bytes: int) -> Iterator[list[ManifestRecord]]:
    """Groups of about the target's size, in order; a rest that is one object alone stays as it is."""
    group: list[ManifestRecord] = []
    size = 0
    for record in records:
        if group and (size + record.bytes > target_bytes or len(group) == MAX_REPLACED):
            if len(group) > 1:
                yield group
            group, size = [], 0
        group.append(record)
        size += record.bytes
    if len(group) > 1:
        yield group


def compact(
    lake: Root,
    quarantine: Root | None,
    rules: Rules,
    now_micros: int,
    check: Check,
    progress: Callable[[Group], None] = lambda _: None,
    *,
    dry_run: bool = False,
) -> Compacted:
    """Compacts a lake, its quarantine and its manifest, and finishes what an earlier run began.

    Raises:
        LakeError: a manifest file cannot be understood, a root cannot be used, or the lease is lost.
    """
    done = Compacted()
    manifest = manifests.read(lake)
    roots = {LAKE: lake} | ({QUARANTINE: quarantine} if quarantine is not None else {})
    for name, root in roots.items():
        present = root.sizes(PREFIXES[name])
        live = manifest.live(name)
        missing = [
            path
            for path, record in live.items()
            if path not in present and rules.includes(date.fromisoformat(record.date))
        ]
        if missing:
            done.problems.append(
                f"{len(missing):,} objects of the manifest are missing in {root.address}, {missing[0]} first"
            )
        if not dry_run:
            known = {path for root_name, path in manifest.records if root_name == name}
            left_over = [path for path in present if REWRITTEN in path and path not in known]
            check()
            delete_all(root, left_over)
            done.deleted += len(left_over)
        for group in plan(live, present, name, rules):
            progress(group)
            if dry_run:
                done.groups.append(group)
                continue
            try:
                record = _join(root, group, now_micros, check)
            except DamagedObject as error:
                done.problems.append(str(error))
                continue
            check()
            manifests.write(lake, [record], now_micros)
            manifest.add(record)
            present[record.path] = record.bytes
            done.groups.append(group)
            done.stored_bytes += record.bytes
        if not dry_run:
            _delete_replaced(root, name, manifest, present, rules, now_micros, check, done)
    if not dry_run:
        today = datetime.fromtimestamp(now_micros / 1_000_000, UTC).date()
        done.manifest_days = manifests.join_files(lake, manifest, rules.settled_before or today, now_micros)
        spare = manifests.joined_files(manifest, now_micros - rules.keep // timedelta(microseconds=1))
        check()
        delete_all(lake, spare)
        done.manifest_deleted = len(spare)
    return done


def _join(root: Root, group: Group, now_micros: int, check: Check) -> ManifestRecord:
    contents = [content for _, content in in_parallel(root, [record.path for record in group.records])]
    made = joined_object(group.records, contents)
    check()
    store_verified(root, made)
    return record_of(group.records, made, now_micros)


def _delete_replaced(
    root: Root,
    name: str,
    manifest: Manifest,
    present: dict[str, int],
    rules: Rules,
    now_micros: int,
    check: Check,
    done: Compacted,
) -> None:
    """Deletes what is replaced by an object that is there, and has been recorded for long enough."""
    due = []
    replaced = manifest.replaced(name)
    for path, record in replaced.items():
        if path not in present:
            continue
        if not _lines_are_present(record, replaced, present):
            done.problems.append(f"{record.path} is missing: {path}, whose lines it held, is kept")
        elif (
            record.keeps_every_line
            and micros_of(record.written_at) + rules.keep // timedelta(microseconds=1) > now_micros
        ):
            done.waiting += 1
        else:
            due.append(path)
    check()
    delete_all(root, due)
    done.deleted += len(due)


def _lines_are_present(record: ManifestRecord, replaced: dict[str, ManifestRecord], present: dict[str, int]) -> bool:
    """Whether the object is there, or what in turn holds its lines, or it has none left."""
    while record.rows and record.path not in present:
        after = replaced.get(record.path)
        if after is None:
            return False
        record = after
    return True
