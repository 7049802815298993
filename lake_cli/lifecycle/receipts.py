"""Receipts of erasures, below `_control/erasures` of the lake.

`<hash>.json` is the receipt of one order: when, whose ids by hash, what was removed where, and what ends when. It is a standing
order: what is written later is searched for the same persons. `objects/<name>.json` says of one rewritten object which messages
are not in it any more (ids given by Pub/Sub and hashes of bytes, no content), so that every audit can add them up.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

import msgspec

from event_contract.lake_layout import ERASURES
from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import Root, in_parallel

_SALT: Final = f"{ERASURES}/salt"
_OBJECTS: Final = f"{ERASURES}/objects/"


class Run(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One run that applied a receipt.

    `rows` counts what it removed by place: `lake/<type>`, `quarantine/<reason>`, `warehouse/<schema>.<table>`.
    """

    at: str
    rows: dict[str, int]
    objects: list[str] = []


class Receipt(msgspec.Struct, kw_only=True):
    """An order to erase persons, and what was done about it.

    Attributes:
        ordered_at: when it was given.
        subjects: HMAC-SHA-256 of their ids, with the lake's salt.
        applied_to: every object recorded as written before this instant has been searched; null until the first run has ended.
        runs: what was removed, run by run.
        remains: what could not be erased at once, and when it ends.
    """

    ordered_at: str
    subjects: list[str]
    applied_to: str | None = None
    runs: list[Run] = []
    remains: list[str] = []

    @property
    def name(self) -> str:
        """Name of its file: the same persons again are the same order."""
        return f"{ERASURES}/{hashlib.sha256(chr(10).join(sorted(self.subjects)).encode()).hexdigest()[:20]}.json"


class ErasedMessage(msgspec.Struct, omit_defaults=True):
    """A message whose line was removed; `bytes` and `crc32` are those of its body (`event_contract.ledgers`).

    `kind` is the event type in the lake, and the reason code in quarantine. Older receipts have a `digest` in place of bytes and
    CRC-32: their messages belong to ledgers of the first form, which the audit refuses.
    """

    message_id: str
    publish_time: str
    kind: str
    event_type: str
    bytes: int = 0
    crc32: int = 0
    ledger: str = ""


class ErasedFrom(msgspec.Struct):
    """What one object of a root does not hold any more; `path` is that of the object that took its place."""

    root: str
    path: str
    messages: list[ErasedMessage]


def salt(lake: Root) -> bytes:
    """The lake's salt, made when it is first asked for. Call it under the lease."""
    try:
        return lake.read(_SALT)
    except FileNotFoundError:
        lake.write(_SALT, secrets.token_hex(32).encode())
        return lake.read(_SALT)


def read(lake: Root) -> list[Receipt]:
    """All receipts, oldest first.

    Raises:
        LakeError: one cannot be understood.
    """
    names = [name for name in lake.sizes(f"{ERASURES}/") if name.endswith(".json") and not name.startswith(_OBJECTS)]
    found = []
    for name, content in in_parallel(lake, names):
        try:
            found.append(msgspec.json.decode(content, type=Receipt))
        except msgspec.DecodeError as error:
            raise LakeError(
                f"{lake.address}/{name} is no receipt ({error}): restore it, it is an order to erase"
            ) from None
    return sorted(found, key=lambda receipt: receipt.ordered_at)


def write(lake: Root, receipt: Receipt) -> None:
    """Stores a receipt, replacing its earlier version."""
    lake.write(receipt.name, msgspec.json.format(msgspec.json.encode(receipt)) + b"\n")


def write_erased(lake: Root, erased: ErasedFrom) -> None:
    """Stores what a rewritten object does not hold any more; before its manifest record, which makes it count."""
    lake.write(f"{_OBJECTS}{erased.root}-{erased.path.rpartition('/')[2]}.json", msgspec.json.encode(erased))


def erased_messages(lake: Root, recorded: Iterable[tuple[str, str]]) -> dict[str, list[ErasedMessage]]:
    """By root, the messages that were erased: those that recorded objects (root, path) do not hold any more."""
    known = set(recorded)
    found: dict[str, list[ErasedMessage]] = {}
    for name, content in in_parallel(lake, lake.sizes(_OBJECTS)):
        try:
            each = msgspec.json.decode(content, type=ErasedFrom)
        except msgspec.DecodeError as error:
            raise LakeError(f"{lake.address}/{name} does not say what was erased ({error}): restore it") from None
        if (each.root, each.path) in known:
            found.setdefault(each.root, []).extend(each.messages)
    return found
