"""Ledgers as they are found, and results of audits as they are kept: one file a publish day, below `_control/audits`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from event_contract.lake_layout import AUDITS, LEDGERS
from lake_cli.errors import LakeError
from lake_cli.lifecycle.auditing import Audited
from lake_cli.lifecycle.storage import Root, in_parallel


def ledgers(lake: Root, files: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every ledger's file: those in the lake, and others.

    Raises:
        LakeError: a file cannot be read.
    """
    yield from in_parallel(lake, lake.sizes(f"{LEDGERS}/"))
    for file in files:
        try:
            yield str(file), file.read_bytes()
        except OSError as error:
            raise LakeError(
                f"--ledger {file} cannot be read ({error.strerror}): give the file that the publisher wrote"
            ) from None


def write(lake: Root, audited: Audited) -> dict[str, Any]:
    """Keeps the result of an audit, replacing that of an earlier one of the same day."""
    result = {
        **asdict(replace(audited, minutes=Counter())),
        "day": audited.day.isoformat(),
        "audited_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "holds": audited.holds,
        "differences": [str(each) for each in audited.differences],
    }
    del result["minutes"]
    lake.write(f"{AUDITS}/{audited.day}.json", json.dumps(result, indent=2).encode() + b"\n")
    return result


def last_days(lake: Root, days: int) -> list[dict[str, Any]]:
    """The results of the last days, oldest first."""
    since = (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
    names = [name for name in lake.sizes(f"{AUDITS}/") if name.rpartition("/")[2] >= since]
    return [json.loads(content) for _, content in in_parallel(lake, names)]
