"""The ledger that a publisher keeps: per minute and event type, how many messages it sent and sums of their checks.

`lake audit` compares it with lake and quarantine. Any publisher can keep one, in any language: docs/lifecycle.md says how.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from isal import isal_zlib

from event_contract.ledgers import LEDGER_VERSION, Sums

Entries = dict[tuple[str, str], Sums]
"""By the attribute `ledger` of messages, and their event type."""

_MINUTE: Final = "%Y-%m-%dT%H:%MZ"


class Booking:
    """The entries of one run, appended to a file at its end, however it ends; without a file nothing is booked.

    Each run is a publisher of its own, so that two never share an entry.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._publisher = f"producer-{secrets.token_hex(4)}"
        self._entries: Entries = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            for (stamp, event_type), sums in sorted(self._entries.items()):
                publisher, _, minute = stamp.rpartition("/")
                entry = {
                    "version": LEDGER_VERSION,
                    "publisher": publisher,
                    "minute": minute,
                    "event_type": event_type,
                    "count": sums.count,
                    "bytes": sums.size,
                    "crc32": sums.crc32,
                }
                file.write(json.dumps(entry) + "\n")

    def stamp(self) -> str:
        """The attribute's value for messages that are sent now; empty if nothing is booked."""
        return f"{self._publisher}/{datetime.now(UTC).strftime(_MINUTE)}" if self._path is not None else ""

    def entries(self, stamp: str, data: Mapping[str, list[bytes]]) -> Entries:
        """What messages add to the ledger once they are acknowledged; `data` is theirs by event type, `stamp` what they carry."""
        if not stamp:
            return {}
        return {(stamp, event_type): Sums.of(messages, isal_zlib.crc32) for event_type, messages in data.items()}

    def enter(self, entries: Entries) -> None:
        """Books messages that were acknowledged."""
        for key, sums in entries.items():
            self._entries.setdefault(key, Sums()).add(sums)
