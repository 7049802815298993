"""The ledger that a publisher keeps: per minute and event type, how many messages it sent and the sum of their digests.

`lake audit` compares it with lake and quarantine. Any publisher can keep one, in any language: docs/lifecycle.md says how.
"""

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from event_contract.ledgers import MODULUS, digest
from producer.messages import Message

_MINUTE: Final = "%Y-%m-%dT%H:%MZ"


class Booking:
    """The entries of one run, appended to a file at its end, however it ends; without a file nothing is booked.

    Each run is a publisher of its own, so that two never share an entry.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._publisher = f"producer-{secrets.token_hex(4)}"
        self._entries: dict[tuple[str, str], list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            for (stamp, event_type), (count, total) in sorted(self._entries.items()):
                publisher, _, minute = stamp.rpartition("/")
                whose = {"publisher": publisher, "minute": minute, "event_type": event_type}
                file.write(json.dumps({**whose, "count": count, "sum": f"{total % MODULUS:032x}"}) + "\n")

    def stamp(self) -> str:
        """The attribute's value for messages that are sent now; empty if nothing is booked."""
        return f"{self._publisher}/{datetime.now(UTC).strftime(_MINUTE)}" if self._path is not None else ""

    def enter(self, stamp: str, messages: Iterable[Message]) -> None:
        """Books messages that were acknowledged, under the stamp they were sent with."""
        if not stamp:
            return
        for message in messages:
            entry = self._entries.setdefault((stamp, message.event_type), [0, 0])
            entry[0] += 1
            entry[1] += digest(message.data)
