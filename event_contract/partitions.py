"""Which day an event belongs to, and what can be wrong with the instant it names."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.events import EVENT_TYPES
from event_contract.lake_layout import lake_folder
from event_contract.limits import EARLIEST_YEAR, MAX_FUTURE_MICROS


class Partition(NamedTuple):
    """A Hive partition of the lake: one event type, one UTC date.

    `path` is relative to the lake's root. It is made of a name the contract knows and of digits, never of text that
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
        return cls(event_type, day.year, day.month, day.day, lake_folder(event_type, day))


# RFC 3339 narrowed to what BigQuery and DuckDB both read: upper-case T and Z, nine decimals at most, offsets to 14 h. Both
# keep microseconds: staging cuts off what follows the sixth decimal, and so does `datetime` here. Possessive, for no other
# match of the decimals could be followed by an offset: the engine keeps no way back, a sixth of the time.
_TIME: Final = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9}+)?+"
_TIMESTAMP: Final = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_TIME}(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_MICROS: Final = 86_400_000_000
_EARLIEST_DAY: Final = (datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH).days

is_time_of_day: Final = re.compile(f"{_TIME}Z").fullmatch
"""Whether the rest of a text, from a position on, is a `T`, a time of day in UTC and a `Z`."""
is_after_the_hour: Final = re.compile(r"(?::[0-5][0-9]){2}(?:\.[0-9]{1,9}+)?+[+-][0-9]{2}:00").fullmatch
"""Whether the rest of a text, from a position on, is minutes, seconds and something like an offset of whole hours."""
_HOURS_REMEMBERED: Final = 10_000


class PartitionsOfType:
    """The partitions of one event type, remembered as they are found: one for each day since EARLIEST_YEAR at most.

    `dates` has them by their UTC date, as text, each with the earliest publish time, in microseconds since the epoch,
    that no instant of that day is too far ahead of. `hours` has the same by date, hour and offset, as in `2026-11-22T10+02:00`:
    offsets of whole hours only, where an hour lies in one UTC date.
    """

    def __init__(self, event_type: str) -> None:
        self._event_type = event_type
        self._days: dict[int, tuple[Partition, int]] = {}
        self.dates: Final[dict[str, tuple[Partition, int]]] = {}
        self.hours: Final[dict[str, tuple[Partition, int]]] = {}

    def locate(self, timestamp: str, publish_micros: int) -> Partition | Rejection:
        """The partition of an event, or what is wrong with its timestamp.

        Args:
            timestamp: the event's `timestamp`, as sent.
            publish_micros: publish time of the message, in microseconds since the epoch (UTC).
        """
        match = _TIMESTAMP.fullmatch(timestamp)
        if match is None:
            return reject(
                ErrorCode.TIMESTAMP_UNPARSABLE,
                f"{timestamp!r} is not like 2026-11-22T10:00:00.123456Z or 2026-11-22T10:00:00+02:00",
                "timestamp",
            )
        if match[1] is None:
            return reject(
                ErrorCode.TIMESTAMP_NAIVE,
                f"{timestamp!r} has no offset from UTC: add Z or an offset like +02:00",
                "timestamp",
            )
        try:
            since_epoch = datetime.fromisoformat(timestamp) - _EPOCH
        except ValueError:
            return reject(
                ErrorCode.TIMESTAMP_UNPARSABLE, f"{timestamp!r} names a date that does not exist", "timestamp"
            )
        known = self._days.get(since_epoch.days)
        if known is not None and known[1] <= publish_micros:
            if match[1].endswith(":00"):
                self._remember_hour(timestamp, known)
            return known[0]
        if since_epoch.days < _EARLIEST_DAY:
            return reject(
                ErrorCode.TIMESTAMP_BEFORE_2000, f"{timestamp!r} lies before the year {EARLIEST_YEAR}", "timestamp"
            )
        if since_epoch // _MICROSECOND > publish_micros + MAX_FUTURE_MICROS:
            return reject(
                ErrorCode.TIMESTAMP_IN_FUTURE, f"{timestamp!r} lies more than a day after the publish time", "timestamp"
            )
        return self._remember(since_epoch.days)

    def _remember_hour(self, timestamp: str, known: tuple[Partition, int]) -> None:
        if len(self.hours) >= _HOURS_REMEMBERED:
            self.hours.clear()
        self.hours[timestamp[:13] + timestamp[-6:]] = known

    def _remember(self, day: int) -> Partition:
        date_of_day = _EPOCH.date() + timedelta(days=day)
        partition = Partition.of(self._event_type, date_of_day)
        earliest_publish = (day + 1) * _DAY_MICROS - 1 - MAX_FUTURE_MICROS
        self._days[day] = self.dates[date_of_day.isoformat()] = partition, earliest_publish
        return partition


PARTITIONS: Final = {name: PartitionsOfType(name) for name in EVENT_TYPES}
