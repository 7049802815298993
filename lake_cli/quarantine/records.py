"""The record of what was replayed, kept in the quarantine itself, so that whoever replays next knows of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from event_contract.lake_layout import REPLAYS
from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import open_root
from lake_cli.quarantine.reading import objects_below, read_lines

Sent = frozenset[tuple[str, int]]
"""What has been replayed: the case (`Refused.case`) and the attempt it was sent as."""


class ReplayRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was sent again; a line of `_control/replays/year=…/month=…/day=…/<time>-<hash>.ndjson`.

    Attributes:
        replay_of: fingerprint of the message that was first refused.
        attempt: how often it has been sent again with this one.
        fingerprint: of the bytes that were sent: another one than `replay_of` if they were repaired.
        message_id: the id that Pub/Sub gave it.
        topic: where it was sent.
        sent_at: when, RFC 3339, UTC.
    """

    replay_of: str
    attempt: int
    fingerprint: str
    message_id: str
    topic: str
    sent_at: str


_decode: Final = msgspec.json.Decoder(ReplayRecord).decode


def read_sent(root: str) -> Sent:
    """Everything the records of a quarantine know of.

    Raises:
        LakeError: a record cannot be read.
    """
    return frozenset((record.replay_of, record.attempt) for record in read_records(root))


def read_records(root: str) -> list[ReplayRecord]:
    """All records of a quarantine, in the order of their writing.

    Raises:
        LakeError: a record cannot be read.
    """
    found = []
    place = open_root(root)
    for name in sorted(objects_below(place, f"{REPLAYS}/")):
        for number, line in enumerate(read_lines(place, name), start=1):
            try:
                found.append(_decode(line))
            except msgspec.DecodeError as error:
                raise LakeError(
                    f"{root}/{name}, line {number} is no record of a replay ({error}): was it edited?"
                ) from None
    return found


def keep(root: str, records: Sequence[ReplayRecord]) -> None:
    """Stores records as one object.

    Raises:
        OSError: the quarantine cannot be written.
    """
    from beam_pipeline.messages import (
        hive_date,
        now_micros,
        rfc3339,
    )  # Beam's import costs seconds: only who sends pays
    from beam_pipeline.storage import store

    content = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    now = now_micros()
    stamp = rfc3339(now).replace("-", "").replace(":", "")
    name = f"{stamp}-{hashlib.sha256(content).hexdigest()[:12]}.ndjson"
    store(root, f"{REPLAYS}/{hive_date(now)}/{name}", content)
