"""Do objects hold the bytes that the manifest records? By the sizes of a listing, and by reading them.

damaged = cut_off(records, sizes) + altered(roots, records)
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from event_contract.lake_records import ManifestRecord
from lake_cli.lifecycle.storage import Root

_CONNECTIONS: Final = 16
_AT_ONCE: Final = 1000
"""Objects that wait for a connection: not millions."""


class Damaged(NamedTuple):
    """An object that is not what was recorded, and in what."""

    record: ManifestRecord
    what: str

    def __str__(self) -> str:
        """Which object, what is wrong, and which messages it should hold."""
        record = self.record
        return (
            f"{record.root}/{record.path}: {self.what} ({record.rows:,} rows, published {record.min_publish_time} to"
            f" {record.max_publish_time})"
        )


def cut_off(records: Iterable[ManifestRecord], sizes: Mapping[tuple[str, str], int]) -> list[Damaged]:
    """Objects that have another size than recorded; `sizes` are those of a listing, by root and path."""
    return [
        Damaged(record, f"{found:,} bytes, recorded are {record.bytes:,}")
        for record in records
        if (found := sizes.get((record.root, record.path))) is not None and found != record.bytes
    ]


def altered(
    roots: Mapping[str, Root], records: Iterable[ManifestRecord], read: Callable[[int], None] = lambda _: None
) -> list[Damaged]:
    """Reads objects, and finds those that have another CRC-32 than recorded.

    Those recorded before there were checksums are unpacked, and their lines counted.

    Args:
        roots: lake and quarantine, by name.
        records: of the objects to read.
        read: told the stored size of each object that was read, in bytes.
    """
    found = []
    waiting = iter(records)
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        while some := list(islice(waiting, _AT_ONCE)):
            for record, what in zip(some, threads.map(partial(_fault, roots), some), strict=True):
                read(record.bytes)
                if what:
                    found.append(Damaged(record, what))
    return found


def _fault(roots: Mapping[str, Root], record: ManifestRecord) -> str:
    """What is wrong with an object; empty if nothing is, or if it was replaced since it was listed."""
    try:
        stored = roots[record.root].read(record.path)
    except FileNotFoundError:
        return ""
    if record.crc32 is not None:
        crc32 = zlib.crc32(stored)
        return "" if crc32 == record.crc32 else f"CRC-32 {crc32:08x}, recorded is {record.crc32:08x}"
    try:
        rows = (gzip.decompress(stored) if record.path.endswith(".gz") else stored).count(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        return f"cannot be unpacked ({error})"
    return "" if rows == record.rows else f"{rows:,} lines, recorded are {record.rows:,}"
