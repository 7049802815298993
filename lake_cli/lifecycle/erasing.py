"""`lake erase`: the lines of persons leave lake and quarantine, by objects that take the place of those that held them."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from beam_pipeline.messages import micros_of
from event_contract import ManifestRecord
from event_contract.lake_layout import LAKE, REWRITTEN
from event_contract.ledgers import arrived_in_lake, arrived_in_quarantine
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle import receipts
from lake_cli.lifecycle.compaction import PREFIXES
from lake_cli.lifecycle.lease import Check
from lake_cli.lifecycle.manifest import Manifest
from lake_cli.lifecycle.receipts import ErasedFrom, ErasedMessage
from lake_cli.lifecycle.rewriting import DamagedObject, Source, object_of, record_of, store_verified
from lake_cli.lifecycle.storage import Root, delete_all, in_parallel
from lake_cli.lifecycle.subjects import Subjects

_KIND = re.compile(r"(?:event_type|reason)=([^/]+)/")


@dataclass
class Found:
    """Where lines of the persons were found, and what went wrong.

    Attributes:
        rows: lines by place: `lake/<type>`, `quarantine/<reason>`.
        objects: that held them.
        values: ids of the persons in them.
        linked: other ids in them, with how many of the lines carry them.
        problems: objects that could not be read.
    """

    rows: Counter[str] = field(default_factory=Counter)
    objects: list[str] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    linked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, path: str, removed: list[bytes], subjects: Subjects) -> None:
        """Books the lines of one object."""
        self.rows[f"{name}/{_kind(path)}"] += len(removed)
        self.objects.append(f"{name}/{path}")
        for line in removed:
            theirs, others = subjects.ids_in(line)
            self.values |= theirs
            self.linked.update(others)


def search(roots: dict[str, Root], subjects: Subjects) -> Found:
    """Where lines of the persons lie, in any object that is there, recorded or not."""
    found = Found()
    for name, root in roots.items():
        for path, stored in in_parallel(root, root.sizes(PREFIXES[name])):
            try:
                _, removed = _split(name, path, stored, subjects)
            except DamagedObject as error:
                found.problems.append(str(error))
                continue
            if removed:
                found.take(name, path, removed, subjects)
    return found


def erase(
    roots: dict[str, Root],
    subjects: Subjects,
    now_micros: int,
    check: Check,
    since: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Removes their lines from every object, and deletes the objects that held them; again, it finds nothing.

    Args:
        roots: lake and quarantine by name.
        subjects: whose lines.
        now_micros: the present.
        check: of the lease.
        since: search only objects that were recorded as written at this instant or later, or not recorded; None for all.
        progress: told each object that was rewritten.
    """
    lake = roots[LAKE]
    found = Found()
    manifest = manifests.read(lake)
    for name, root in roots.items():
        present = root.sizes(PREFIXES[name])
        live, replaced = manifest.live(name), manifest.replaced(name)
        # What is replaced, or was left over by a run that was killed, holds only lines that others hold, perhaps theirs.
        spare = [path for path in present if path in replaced or (REWRITTEN in path and path not in live)]
        check()
        delete_all(root, spare)
        chosen = [
            path
            for path in present
            if path not in spare
            and (path not in live or since is None or micros_of(live[path].written_at) >= micros_of(since))
        ]
        for path, stored in in_parallel(root, chosen):
            try:
                kept, removed = _split(name, path, stored, subjects)
            except DamagedObject as error:
                found.problems.append(str(error))
                continue
            if not removed:
                continue
            check()
            _rewrite(roots, name, path, kept, removed, manifest, live, now_micros)
            found.take(name, path, removed, subjects)
            progress(f"{name}/{path}")
    return found


def _rewrite(
    roots: dict[str, Root],
    name: str,
    path: str,
    kept: list[bytes],
    removed: list[bytes],
    manifest: Manifest,
    live: dict[str, ManifestRecord],
    now_micros: int,
) -> None:
    root, lake = roots[name], roots[LAKE]
    record = live.get(path)
    if record is None:
        # Nobody counts an object without a record (its messages were delivered again), so nothing has to be booked.
        root.write(path, object_of(kept, path, 0).stored)
        return
    made = object_of(kept, path, micros_of(record.min_publish_time))
    store_verified(root, made)
    receipts.write_erased(lake, ErasedFrom(name, made.path, [_message(name, path, line) for line in removed]))
    rewritten = record_of([record], made, now_micros)
    manifests.write(lake, [rewritten], now_micros)
    manifest.add(rewritten)
    root.delete(path)


def _split(name: str, path: str, stored: bytes, subjects: Subjects) -> tuple[list[bytes], list[bytes]]:
    """The lines that stay, in runs, and those that leave."""
    text = b"".join(Source(path, stored).texts())
    spans = subjects.lines_in_lake(text) if name == LAKE else subjects.lines_in_quarantine(text)
    kept, removed = [], []
    place = 0
    for start, end in spans:
        if start > place:
            kept.append(text[place:start])
        removed.append(text[start:end])
        place = end
    if place < len(text):
        kept.append(text[place:])
    return kept, removed


def _kind(path: str) -> str:
    found = _KIND.search(path)
    return found[1] if found else "unknown"


def _message(name: str, path: str, line: bytes) -> ErasedMessage:
    arrived = arrived_in_lake(line, _kind(path)) if name == LAKE else arrived_in_quarantine(line)
    return ErasedMessage(
        message_id=arrived.message_id,
        publish_time=arrived.publish_time,
        kind=_kind(path),
        event_type=arrived.event_type,
        bytes=len(arrived.body),
        crc32=zlib.crc32(arrived.body),
        ledger=arrived.ledger,
    )
