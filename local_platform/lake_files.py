"""What is in a lake and its quarantine, read from the files themselves: the manifest, the watermark, the lines."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from local_platform.errors import LakeError

MANIFEST = "_control/manifest"
WATERMARK = "_control/watermark.json"


class WrittenObject(msgspec.Struct, frozen=True):
    """A line of the manifest: one object of the lake (`event_type` set) or of quarantine (`reason` set).

    `path` is relative to its root, `bytes` is the stored size.
    """

    root: str
    path: str
    rows: int
    bytes: int
    event_type: str | None = None
    reason: str | None = None


class Watermark(msgspec.Struct, frozen=True):
    """Every message published before `watermark` is in the lake or in quarantine; the job said so at `written_at`."""

    watermark: datetime
    written_at: datetime


class Contents(msgspec.Struct, frozen=True):
    """What the manifest says was written: rows per event type and per error code, number and stored size of the objects."""

    rows_by_type: dict[str, int]
    rows_by_code: dict[str, int]
    lake_objects: int
    quarantine_objects: int
    bytes: int

    @property
    def lake_rows(self) -> int:
        """Lines in the lake, of all types."""
        return sum(self.rows_by_type.values())

    @property
    def quarantine_rows(self) -> int:
        """Lines in quarantine, of all codes."""
        return sum(self.rows_by_code.values())


def read_manifest(lake: Path) -> list[WrittenObject]:
    """Every object the manifest knows, once: a batch that was repeated recorded the same object again."""
    decoder = msgspec.json.Decoder(WrittenObject)
    found: dict[tuple[str, str], WrittenObject] = {}
    for file in sorted((lake / MANIFEST).rglob("*.ndjson")):
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            try:
                written = decoder.decode(line)
            except msgspec.DecodeError as error:
                raise LakeError(f"{file}, line {number} is not a manifest record ({error}): was it edited?") from None
            found[written.root, written.path] = written
    return list(found.values())


def read_watermark(lake: Path) -> Watermark | None:
    """The watermark that the ingestion last wrote; None before its first."""
    file = lake / WATERMARK
    try:
        return msgspec.json.decode(file.read_bytes(), type=Watermark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LakeError(f"{file} is not a watermark ({error}): delete it and the next batch writes it again") from None


def contents(objects: list[WrittenObject]) -> Contents:
    """Totals of a manifest."""
    by_type: Counter[str] = Counter()
    by_code: Counter[str] = Counter()
    for written in objects:
        if written.reason is not None:
            by_code[written.reason] += written.rows
        else:
            by_type[written.event_type or ""] += written.rows
    in_quarantine = sum(1 for written in objects if written.reason is not None)
    return Contents(
        rows_by_type=dict(by_type.most_common()),
        rows_by_code=dict(by_code.most_common()),
        lake_objects=len(objects) - in_quarantine,
        quarantine_objects=in_quarantine,
        bytes=sum(written.bytes for written in objects),
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
