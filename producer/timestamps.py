"""Instants of the simulation, and how clients write them.

An instant is an `int`: microseconds since the epoch, UTC. Floats would make the bytes depend on rounding.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Stamp = Callable[[int, int], str]
"""Writes an instant as RFC 3339, given the instant and the local offset from UTC in minutes."""


def micros(instant: datetime) -> int:
    """An aware datetime in microseconds since the epoch."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def utc_date(instant: int) -> str:
    """The UTC date of an instant, like `2026-11-22`."""
    return _date(instant // DAY)


def _clock(instant: int) -> str:
    minutes, seconds = divmod(instant // SECOND % 86_400, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_date(instant // DAY)}T{hours:02d}:{minutes:02d}:{seconds:02d}"


def utc_to_the_microsecond(instant: int, offset: int) -> str:  # noqa: ARG001 - every stamp takes an offset
    """Like `2026-11-22T10:00:00.123456Z`."""
    return f"{_clock(instant)}.{instant % SECOND:06d}Z"


def utc_to_the_millisecond(instant: int, offset: int) -> str:  # noqa: ARG001 - every stamp takes an offset
    """Like `2026-11-22T10:00:00.123Z`."""
    return f"{_clock(instant)}.{instant % SECOND // 1000:03d}Z"


def utc_to_the_second(instant: int, offset: int) -> str:  # noqa: ARG001 - every stamp takes an offset
    """Like `2026-11-22T10:00:00Z`."""
    return f"{_clock(instant)}Z"


def local_to_the_millisecond(instant: int, offset: int) -> str:
    """Like `2026-11-22T11:00:00.123+01:00`: the local clock and its offset."""
    hours, minutes = divmod(abs(offset), 60)
    sign = "-" if offset < 0 else "+"
    return f"{_clock(instant + offset * MINUTE)}.{instant % SECOND // 1000:03d}{sign}{hours:02d}:{minutes:02d}"
