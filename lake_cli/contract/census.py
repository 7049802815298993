"""A census of the lake against the contract: fields that it does not know, and values that no longer fit. No value is kept."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from event_contract.columns import columns_of
from event_contract.events import EVENT_VERSIONS, RESERVED_FIELD
from event_contract.lake_layout import REWRITTEN
from lake_cli.lifecycle.storage import Root, in_parallel

_NAME: Final = re.compile(r"event_type=(?P<type>[a-z0-9_]+)/year=(?P<y>\d+)/month=(?P<m>\d+)/day=(?P<d>\d+)/")
_KEY_SHOWN: Final = 60
_MOST_FIELDS: Final = 500
"""Fields counted of a type: a producer that makes up keys must not fill the memory."""


@dataclass
class Seen:
    """One field in the lines of one event type.

    Attributes:
        lines: lines that have it.
        types: the JSON types of its values, with their number.
        longest: characters of its longest text.
        lowest, highest: of its whole numbers.
        first_day: the earliest event date that it was found on.
        misfits: lines whose value the contract's field refuses: readers have null there. 0 for a field that it does not know.
    """

    lines: int = 0
    types: Counter[str] = field(default_factory=Counter)
    longest: int = 0
    lowest: int = 0
    highest: int = 0
    first_day: str = ""
    misfits: int = 0

    def add(self, value: Any, day: str) -> None:
        """Counts one more value."""
        self.lines += 1
        self.types[json_type(value)] += 1
        self.first_day = min(self.first_day or day, day)
        if type(value) is str:
            self.longest = max(self.longest, len(value))
        elif type(value) is int:
            self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)


@dataclass
class Census:
    """Lines by event type, and the fields of each: unknown to the contract, and known with values that do not fit."""

    lines: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, dict[str, Seen]] = field(default_factory=dict)
    unfit: dict[str, dict[str, Seen]] = field(default_factory=dict)
    unreadable: int = 0


def json_type(value: Any) -> str:
    """What JSON calls a value, telling whole numbers from others."""
    return _JSON_TYPES[type(value)]


_JSON_TYPES: Final = {
    str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null", dict: "object", list: "list",
}  # fmt: skip


def objects(lake: Root, days: Iterable[str] = (), event_type: str = "") -> list[str]:
    """Names of the lake's objects of events, of some event dates (ISO) or all; not what compaction left unrecorded."""
    chosen = set(days)
    return [
        name
        for name in lake.sizes(f"event_type={event_type}/" if event_type else "event_type=")
        if (found := _NAME.match(name)) is not None
        and not name.endswith(REWRITTEN)
        and (not chosen or _day(found) in chosen)
    ]


def take(lake: Root, names: Iterable[str]) -> Census:
    """Reads objects and counts what is in them."""
    census = Census()
    counters = {name: _Counter(name, census) for name in EVENT_VERSIONS}
    for name, content in in_parallel(lake, names):
        found = _NAME.match(name)
        assert found is not None  # noqa: S101 - `objects` gives no other
        count = counters.get(found["type"])
        for line in _lines(name, content):
            if count is None:
                census.lines[found["type"]] += 1
            else:
                count(line, _day(found))
    return census


def _day(found: re.Match[str]) -> str:
    return f"{int(found['y']):04}-{int(found['m']):02}-{int(found['d']):02}"


def _lines(name: str, content: bytes) -> Iterator[bytes]:
    raw = gzip.decompress(content) if name.endswith(".gz") else content
    return (line for line in raw.split(b"\n") if line)


class _Counter:
    """Counts the lines of one event type."""

    def __init__(self, event_type: str, census: Census) -> None:
        self._type, self._census = event_type, census
        self._versions: dict[int, tuple[Callable[[bytes], Any], frozenset[str], dict[str, Any]]] = {}
        for version, kind in EVENT_VERSIONS[event_type].items():
            fields = {each.encode_name: each.type for each in msgspec.structs.fields(kind)}
            known = frozenset(column.name for column in columns_of(kind)) | {"event_type", RESERVED_FIELD}
            self._versions[version] = msgspec.json.Decoder(kind).decode, known, fields
        # A column of one version is a column of the table: it is no unknown field of the other.
        self._known = frozenset(name for _, known, _ in self._versions.values() for name in known)

    def __call__(self, line: bytes, day: str) -> None:
        try:
            document = msgspec.json.decode(line)
        except msgspec.DecodeError:
            self._census.unreadable += 1
            return
        self._census.lines[self._type] += 1
        for name in document.keys() - self._known:
            seen = self._census.unknown.setdefault(self._type, {})
            key = name if len(name) <= _KEY_SHOWN else f"{name[:_KEY_SHOWN]}…"
            if key in seen or len(seen) < _MOST_FIELDS:
                seen.setdefault(key, Seen()).add(document[name], day)
        version = document.get("schema_version", 1)
        if version not in self._versions:
            return
        decode, _, fields = self._versions[version]
        try:
            decode(line)
        except msgspec.ValidationError:
            self._count_unfit(document, fields, day)

    def _count_unfit(self, document: dict[str, Any], fields: dict[str, Any], day: str) -> None:
        for name, kind in fields.items():
            if name not in document:
                continue
            try:
                msgspec.convert(document[name], kind)
            except msgspec.ValidationError:
                seen = self._census.unfit.setdefault(self._type, {}).setdefault(name, Seen())
                seen.add(document[name], day)
                seen.misfits += 1
