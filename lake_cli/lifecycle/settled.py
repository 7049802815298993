"""Which days are settled: the watermark says so."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import msgspec

from event_contract.lake_layout import WATERMARK
from lake_cli.errors import LakeError
from lake_cli.lake_files import Watermark
from lake_cli.lifecycle.storage import Root


def settled_before(lake: Root, grace: timedelta) -> date | None:
    """The first day (UTC) that is not settled: the watermark has not passed its end by the grace period; None without one.

    Raises:
        LakeError: the watermark cannot be understood.
    """
    try:
        content = lake.read(WATERMARK)
    except FileNotFoundError:
        return None
    try:
        watermark = msgspec.json.decode(content, type=Watermark)
    except msgspec.DecodeError as error:
        raise LakeError(
            f"{lake.address}/{WATERMARK} is not a watermark ({error}): the next batch writes it again"
        ) from None
    return (watermark.watermark.astimezone(UTC) - grace).date()
