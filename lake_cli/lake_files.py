"""What is in a lake and its quarantine, read from the files themselves: the manifest, the watermark, the lines.

Without Beam, whose file systems take seconds to import: `lake status` answers in a tenth of one.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from event_contract.lake_layout import LAKE, MANIFEST, QUARANTINE, WATERMARK
from event_contract.lake_records import ManifestRecord
from lake_cli.errors import LakeError


class Watermark(msgspec.Struct, frozen=True):
    """Every message published before `watermark` is in the lake or in quarantine; the job said so at `written_at`."""

    watermark: datetime
    written_at: datetime


class Contents(msgspec.Struct, frozen=True):
    """What the manifest says is there: rows per event type and per reason code, number and stored size of the objects.

    `erased_rows` were there once: lines of persons who were erased, by the records of the objects that took the place of theirs.
    """

    rows_by_type: dict[str, int]
    rows_by_code: dict[str, int]
    lake_objects: int
    quarantine_objects: int
    bytes: int
    erased_rows: int = 0

    @property
    def lake_rows(self) -> int:
        """Lines in the lake, of all types."""
        return sum(self.rows_by_type.values())

    @property
    def quarantine_rows(self) -> int:
        """Lines in quarantine, of all codes."""
        return sum(self.rows_by_code.values())


class ManifestReader:
    """Reads the manifest of a lake again and again; only files that are new or were replaced are opened."""

    def __init__(self, lake: Path) -> None:
        self._folder = lake / MANIFEST
        self._known: dict[Path, tuple[tuple[int, int], list[ManifestRecord]]] = {}

    def read(self) -> list[ManifestRecord]:
        """Every object the manifest knows, once: a batch that was repeated recorded the same object again.

        Raises:
            LakeError: a file holds something else.
        """
        known: dict[Path, tuple[tuple[int, int], list[ManifestRecord]]] = {}
        for file in sorted(self._folder.rglob("*.ndjson")):
            facts = file.stat()
            version = (facts.st_mtime_ns, facts.st_size)
            before = self._known.get(file)
            known[file] = before if before is not None and before[0] == version else (version, _records(file))
        self._known = known
        return list({(each.root, each.path): each for _, records in known.values() for each in records}.values())


def read_manifest(lake: Path) -> list[ManifestRecord]:
    """Every object the manifest knows, once.

    Raises:
        LakeError: a file of it holds something else.
    """
    return ManifestReader(lake).read()


def _records(file: Path) -> list[ManifestRecord]:
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            found.append(_decode_record(line))
        except msgspec.DecodeError as error:
            raise LakeError(f"{file}, line {number} is not a manifest record ({error}): was it edited?") from None
    return found


_decode_record: Final = msgspec.json.Decoder(ManifestRecord).decode


def read_watermark(lake: Path) -> Watermark | None:
    """The watermark that the ingestion last wrote; None before its first."""
    file = lake / WATERMARK
    try:
        return msgspec.json.decode(file.read_bytes(), type=Watermark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LakeError(f"{file} is not a watermark ({error}): delete it and the next batch writes it again") from None


def contents(objects: list[ManifestRecord]) -> Contents:
    """Totals of a manifest; an object counts less what it replaced."""
    by_type: Counter[str] = Counter()
    by_code: Counter[str] = Counter()
    objects_by_root: Counter[str] = Counter()
    for written in objects:
        rows = written.rows - written.replaced_rows
        objects_by_root[written.root] += 1 - len(written.replaces)
        if written.reason is not None:
            by_code[written.reason] += rows
        else:
            by_type[written.event_type or ""] += rows
    return Contents(
        rows_by_type=dict(by_type.most_common()),
        rows_by_code=dict(by_code.most_common()),
        lake_objects=objects_by_root[LAKE],
        quarantine_objects=objects_by_root[QUARANTINE],
        bytes=sum(written.bytes - written.replaced_bytes for written in objects),
        erased_rows=sum(written.replaced_rows - written.rows for written in objects if written.replaces),
    )


def data_files(root: Path) -> Iterator[Path]:
    """The objects below a lake or a quarantine folder, in a stable order. Folders that begin with _ hold no data."""
    for file in sorted(root.rglob("*.ndjson*")):
        if not file.relative_to(root).parts[0].startswith("_"):
            yield file


def read_lines(file: Path) -> list[bytes]:
    """The lines of an object, whether it is compressed or not.

    Raises LakeError if it is damaged.
    """
    content = file.read_bytes()
    if file.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise LakeError(f"{file} is damaged: delete it and ingest its messages again") from None
    return content.removesuffix(b"\n").split(b"\n") if content else []
