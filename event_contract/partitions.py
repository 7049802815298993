"""Which day an event belongs to, and what can be wrong with the instant it names."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.limits import EARLIEST_YEAR, MAX_FUTURE_MICROS


class Partition(NamedTuple):
    """A Hive partition of the lake: one event type, one UTC date.

    ``path`` is relative to the lake's root. It is made of a name the contract knows and of digits, never of text that
    a message brought.
    """

    event_type: str
    year: int
    month: int
    day: int
    path: str

    @classmethod
    def of(cls, event_type: str, day: date) -> "Partition":
        """The partition of an event type on a UTC date."""
        path = f"event_type={event_type}/year={day.year:04d}/month={day.month:02d}/day={day.day:02d}"
        return cls(event_type, day.year, day.month, day.day, path)


# RFC 3339 narrowed to what BigQuery and DuckDB both read: upper-case T and Z, six decimals at most, offsets to 14 h.
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_MICROS: Final = 86_400_000_000

_known_days: dict[tuple[str, str], tuple[Partition, int]] = {}
"""Partition and last microsecond of each UTC day seen; bounded by event types times days since EARLIEST_YEAR."""


def locate(event_type: str, timestamp: str, publish_micros: int) -> Partition | Rejection:
    """The partition of an event, or what is wrong with its timestamp.

    Args:
        event_type: a name of the contract.
        timestamp: the event's ``timestamp``, as sent.
        publish_micros: publish time of the message, in microseconds since the epoch (UTC).
    """
    match = _TIMESTAMP.fullmatch(timestamp)
    if match is None:
        return reject(
            ErrorCode.TIMESTAMP_UNPARSABLE,
            f"{timestamp!r} is not like 2026-11-22T10:00:00.123456Z or 2026-11-22T10:00:00+02:00",
            "timestamp",
        )
    day_text, offset = match.groups()
    if offset == "Z":
        known = _known_days.get((event_type, day_text))
        if known is not None and known[1] <= publish_micros + MAX_FUTURE_MICROS:
            return known[0]
    elif offset is None:
        return reject(
            ErrorCode.TIMESTAMP_NAIVE,
            f"{timestamp!r} has no offset from UTC: add Z or an offset like +02:00",
            "timestamp",
        )
    return _locate_exactly(event_type, timestamp, offset, day_text, publish_micros)


def _locate_exactly(
    event_type: str, timestamp: str, offset: str, day_text: str, publish_micros: int
) -> Partition | Rejection:
    try:
        instant = datetime.fromisoformat(timestamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return reject(ErrorCode.TIMESTAMP_UNPARSABLE, f"{timestamp!r} names a date that does not exist", "timestamp")
    if instant.year < EARLIEST_YEAR:
        return reject(
            ErrorCode.TIMESTAMP_BEFORE_2000, f"{timestamp!r} lies before the year {EARLIEST_YEAR}", "timestamp"
        )
    micros = (instant - _EPOCH) // _MICROSECOND
    if micros > publish_micros + MAX_FUTURE_MICROS:
        return reject(
            ErrorCode.TIMESTAMP_IN_FUTURE, f"{timestamp!r} lies more than a day after the publish time", "timestamp"
        )
    partition = Partition.of(event_type, instant.date())
    if offset == "Z":
        _known_days[event_type, day_text] = partition, (micros // _DAY_MICROS + 1) * _DAY_MICROS - 1
    return partition
