"""The audit: is every message that was published in the lake or in quarantine? Counted from what lies in the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from event_contract import ManifestRecord
from event_contract.lake_layout import QUARANTINE
from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.lake_files import Contents
from lake_cli.lifecycle.receipts import ErasedMessage, erased_messages
from lake_cli.lifecycle.storage import FolderRoot
from lake_cli.places import Places
from producer import read_truth

_DAMAGED: Final = "damaged"


class _Ingested(msgspec.Struct):
    message_id: str


class _LakeLine(msgspec.Struct):
    ingested: _Ingested = msgspec.field(name="_ingest")


class _QuarantineLine(msgspec.Struct):
    message_id: str
    code: str


@dataclass(frozen=True)
class Counted:
    """Lines of a root, and how many different messages they are: a message delivered twice has two lines."""

    lines: int
    messages: int


@dataclass(frozen=True)
class Audit:
    """Messages published, by the producer's own record, against lines found; and against what the manifest says.

    `published_by_kind` tells how messages were sent (valid, late, duplicate, …), all damaged ones under one name; `codes_sent`
    and `codes_found` count the damaged ones by reason code, as the producer meant it and as the ingestion judged.
    """

    published: int
    published_by_kind: dict[str, int]
    codes_sent: dict[str, int]
    codes_found: dict[str, int]
    lake: Counted
    quarantine: Counted
    manifest: Contents
    erased: int = 0

    @property
    def arrived(self) -> int:
        """Different messages in the lake and in quarantine, and those that were erased by receipt."""
        return self.lake.messages + self.quarantine.messages + self.erased

    @property
    def equation(self) -> str:
        """The account in one line, equal or not."""
        sign = "=" if self.published == self.arrived else "≠"
        erased = f" + erased {self.erased:,}" if self.erased else ""
        found = f"lake {self.lake.messages:,} + quarantine {self.quarantine.messages:,}{erased}"
        return f"published {self.published:,} {sign} {found}"

    @property
    def repeated_lines(self) -> int:
        """Lines of messages that were delivered more than once; the warehouse counts each event once."""
        return self.lake.lines + self.quarantine.lines - self.lake.messages - self.quarantine.messages

    @property
    def holds(self) -> bool:
        """Whether published = lake + quarantine + erased, every code is the one meant, and the manifest knows every line."""
        return not self.reasons

    @property
    def reasons(self) -> list[str]:
        """Why it does not hold; empty if it does."""
        reasons = []
        if self.published != self.arrived:
            difference = self.published - self.arrived
            reasons.append(f"{abs(difference):,} messages {'are missing' if difference > 0 else 'too many'}")
        for name, listed, counted in (
            ("lake", self.manifest.lake_rows, self.lake.lines),
            ("quarantine", self.manifest.quarantine_rows, self.quarantine.lines),
        ):
            if listed != counted:
                reasons.append(f"the manifest lists {listed:,} lines in the {name}, there are {counted:,}")
        for code in sorted(self.codes_sent.keys() | self.codes_found.keys()):
            sent, found = self.codes_sent.get(code, 0), self.codes_found.get(code, 0)
            if sent != found:
                reasons.append(f"{sent:,} messages were sent to be refused as {code}, {found:,} were")
        return reasons


def audit(places: Places, progress: Callable[[int], None]) -> Audit:
    """Read the truth file, the manifest and every line of lake and quarantine; `progress` is told the files read so far.

    Raises LakeError if a file cannot be read for what it should be.
    """
    kinds, codes_sent = _sent(places.truth)
    files_read = 0

    def noted(root: Path) -> Iterator[Path]:
        nonlocal files_read
        for file in lake_files.data_files(root):
            yield file
            files_read += 1
            progress(files_read)

    ids_in_lake: set[str] = set()
    lines_in_lake = 0
    for line in _lines(noted(places.lake), _LAKE):
        ids_in_lake.add(line.ingested.message_id)
        lines_in_lake += 1
    code_of: dict[str, str] = {}
    lines_in_quarantine = 0
    for refused in _lines(noted(places.quarantine), _QUARANTINE):
        code_of[refused.message_id] = refused.code
        lines_in_quarantine += 1
    manifest = lake_files.read_manifest(places.lake)
    erased = _erased(places.lake, manifest)
    codes_found = Counter(code_of.values()) + Counter(each.kind for each in erased.get(QUARANTINE, {}).values())
    return Audit(
        published=sum(kinds.values()),
        published_by_kind=dict(kinds.most_common()),
        codes_sent=dict(codes_sent),
        codes_found=dict(codes_found),
        lake=Counted(lines_in_lake, len(ids_in_lake)),
        quarantine=Counted(lines_in_quarantine, len(code_of)),
        manifest=lake_files.contents(manifest),
        erased=sum(map(len, erased.values())),
    )


def _erased(lake: Path, manifest: list[ManifestRecord]) -> dict[str, dict[str, ErasedMessage]]:
    """By root, the messages that were erased by receipt, each once; none of a lake that is not there."""
    if not lake.is_dir():
        return {}
    found = erased_messages(FolderRoot(lake), [(record.root, record.path) for record in manifest])
    return {root: {each.message_id: each for each in messages} for root, messages in found.items()}


_LAKE: Final = msgspec.json.Decoder(_LakeLine)
_QUARANTINE: Final = msgspec.json.Decoder(_QuarantineLine)


_Line = TypeVar("_Line")


def _lines(files: Iterable[Path], decoder: msgspec.json.Decoder[_Line]) -> Iterator[_Line]:
    for file in files:
        for number, line in enumerate(lake_files.read_lines(file), start=1):
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise LakeError(f"{file}, line {number} is not what the ingestion writes: {error}") from None


def _sent(truth: Path) -> tuple[Counter[str], Counter[str]]:
    """Messages sent by kind, and the damaged ones by the reason code they are meant to get."""
    kinds: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for record in read_truth(truth):
        if record.expected_code is None:
            kinds[record.kind] += 1
        else:
            kinds[_DAMAGED] += 1
            codes[record.expected_code] += 1
    return kinds, codes
