"""`lake audit`: is everything that publishers booked in the lake, in quarantine, or erased by receipt?

Lines are read from the objects themselves. A message that was delivered twice counts once (the same Pub/Sub id in the same
folder); messages of publishers without a ledger are counted apart. What is found is added up per entry: publisher, minute, type.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from beam_pipeline.messages import micros_of
from event_contract import ManifestRecord
from event_contract.lake_layout import LAKE, REWRITTEN
from event_contract.ledgers import LEDGER_VERSION, Arrived, Check, Sums, arrived_in_lake, arrived_in_quarantine
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle import receipts
from lake_cli.lifecycle.compaction import PREFIXES
from lake_cli.lifecycle.receipts import ErasedMessage
from lake_cli.lifecycle.rewriting import DamagedObject, Source
from lake_cli.lifecycle.storage import Root, in_parallel

_SLACK: Final = timedelta(hours=1) // timedelta(microseconds=1)
"""An entry's minute is by the publisher's clock, publish times are by Pub/Sub's: they differ by less than this (microseconds)."""

_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_EVENT_TYPE: Final = re.compile(r"event_type=([^/]+)/")
_REASON: Final = re.compile(r"reason=([^/]+)/")


class Entry(NamedTuple):
    """One entry of a ledger: `publisher`, its minute (`2026-11-22T10:00Z`), and the event type."""

    publisher: str
    minute: str
    event_type: str


class Difference(NamedTuple):
    """An entry that does not add up: messages booked, and found."""

    entry: Entry
    booked: int
    found: int

    def __str__(self) -> str:
        """The entry, and what is wrong, in words."""
        publisher, minute, event_type = self.entry
        more = self.found - self.booked
        what = (
            f"{abs(more):,} {'too many' if more > 0 else 'missing'}"
            if more
            else "altered: the hash of the messages differs"
        )
        return f"{minute} {event_type or 'without a type'} of {publisher}: booked {self.booked:,}, found {self.found:,}, {what}"


@dataclass
class Audited:
    """One publish day.

    Attributes:
        day: UTC.
        booked: messages in ledgers.
        lake, quarantine, erased: messages found that belong to ledgers.
        without_ledger: messages published on this day by others.
        repeated: lines of messages that were delivered again.
        minutes: all messages found, whoever published them, by minute of their publish time: `2026-11-22T10:00`.
        differences: entries that do not add up.
        problems: objects that are missing, damaged, or other than recorded.
    """

    day: date
    booked: int = 0
    lake: int = 0
    quarantine: int = 0
    erased: int = 0
    without_ledger: int = 0
    repeated: int = 0
    minutes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every entry adds up and every object is as recorded."""
        return not self.differences and not self.problems


class _LedgerLine(msgspec.Struct):
    version: int
    publisher: str
    minute: str
    event_type: str
    count: int
    bytes: int
    crc32: int


class _Version(msgspec.Struct):
    version: int | None = None
    sum: str | None = None


_decode_ledger: Final = msgspec.json.Decoder(_LedgerLine).decode
_decode_version: Final = msgspec.json.Decoder(_Version).decode


def read_ledger(texts: Iterable[tuple[str, bytes]]) -> dict[Entry, Sums]:
    """The entries of ledgers' files (name and content); lines of the same entry add up.

    Raises:
        ValueError: a line is no entry, or of another version; the text names it.
    """
    found: dict[Entry, Sums] = defaultdict(Sums)
    for name, content in texts:
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                _refuse_other_versions(line)
                read = _decode_ledger(line)
                found[Entry(read.publisher, read.minute, read.event_type)].add(Sums(read.count, read.bytes, read.crc32))
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{name}, line {number} is no entry of a ledger ({error})") from None
    return dict(found)


def _refuse_other_versions(line: bytes) -> None:
    found = _decode_version(line)
    if found.version is None and found.sum is not None:
        raise ValueError(
            "it is of the first form, with a sum of SHA-256, which this version does not compare: audit its days with the version"
            " that wrote it, then move the file away"
        )
    if found.version not in (None, LEDGER_VERSION):
        raise ValueError(f"it is of version {found.version}, this one reads version {LEDGER_VERSION}")


def audit(
    roots: dict[str, Root], ledger: dict[Entry, Sums], day: date, progress: Callable[[str], None] = lambda _: None
) -> Audited:
    """Compares the entries of a day with what lies in lake and quarantine, and with what was erased.

    Raises:
        LakeError: the manifest or a receipt cannot be understood.
    """
    result = Audited(day)
    begin = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1_000_000
    manifest = manifests.read(roots[LAKE])
    found: dict[Entry, Sums] = defaultdict(Sums)

    def take(arrived: Arrived | ErasedMessage, check: Check) -> bool:
        """Books a message that belongs to the day; whether a ledger has it."""
        result.minutes[arrived.publish_time[:16]] += 1
        publisher, _, minute = arrived.ledger.rpartition("/")
        if not publisher:
            result.without_ledger += begin <= micros_of(arrived.publish_time) < begin + _DAY
        elif minute.startswith(day.isoformat()):
            found[Entry(publisher, minute, arrived.event_type)].add_one(check)
            return True
        return False

    for name, root in roots.items():
        records = {path: record for (root_name, path), record in manifest.records.items() if root_name == name}
        replaced = manifest.replaced(name)
        present = {path for path in root.sizes(PREFIXES[name]) if path not in replaced}
        missing = records.keys() - replaced.keys() - present
        result.problems += [
            f"{name}/{path} is recorded and missing" for path in sorted(missing) if _may_hold(records[path], begin)
        ]
        chosen = [
            path
            for path in sorted(present)
            if (_may_hold(records[path], begin) if path in records else REWRITTEN not in path)
        ]
        seen: dict[str, Check] = {}
        folder = ""
        for path, stored in in_parallel(root, chosen):
            progress(f"{name}/{path}")
            if path.rpartition("/")[0] != folder:  # a message that is delivered again comes to lie in the same folder
                folder, seen = path.rpartition("/")[0], {}
            for arrived in _arrived(name, path, stored, records.get(path), result.problems):
                check = Check.of(arrived.body)
                known = seen.get(arrived.message_id)
                if known is None:
                    seen[arrived.message_id] = check
                    if take(arrived, check):
                        if name == LAKE:
                            result.lake += 1
                        else:
                            result.quarantine += 1
                elif known == check:
                    result.repeated += 1
                else:
                    result.problems.append(
                        f"{name}/{path} holds message {arrived.message_id} with other bytes than elsewhere"
                    )
    for messages in receipts.erased_messages(roots[LAKE], manifest.records).values():
        for message in {each.message_id: each for each in messages}.values():
            result.erased += take(message, Check(message.bytes, message.crc32))
    booked = {entry: each for entry, each in ledger.items() if entry.minute.startswith(day.isoformat())}
    result.booked = sum(each.count for each in booked.values())
    for entry in sorted(booked.keys() | found.keys()):
        expected, there = booked.get(entry, Sums()), found.get(entry, Sums())
        if expected != there:
            result.differences.append(Difference(entry, expected.count, there.count))
    return result


def _may_hold(record: ManifestRecord, begin: int) -> bool:
    """Whether an object may hold messages of the day that begins then."""
    return (
        micros_of(record.max_publish_time) >= begin - _SLACK
        and micros_of(record.min_publish_time) < begin + _DAY + _SLACK
    )


def _arrived(
    name: str, path: str, stored: bytes, record: ManifestRecord | None, problems: list[str]
) -> Iterator[Arrived]:
    """The messages of an object; what is wrong with it is noted."""
    try:
        lines = b"".join(Source(path, stored).texts()).splitlines(keepends=True)
    except DamagedObject as error:
        problems.append(str(error))
        return
    if record is not None and len(lines) != record.rows:
        problems.append(f"{name}/{path} holds {len(lines):,} lines, recorded are {record.rows:,}")
    event_type, reason = _EVENT_TYPE.search(path), _REASON.search(path)
    for number, line in enumerate(lines, start=1):
        try:
            if event_type is not None:
                yield arrived_in_lake(line, event_type[1])
            else:
                yield arrived_in_quarantine(line, reason[1] if reason else "")
        except ValueError as error:
            problems.append(f"{name}/{path}, line {number} is not what the ingestion writes ({error})")
