"""When people shop: a curve over the local day and one over the local week, added up over the countries."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from producer.markets import MARKETS, Market
from producer.timestamps import HOUR, MINUTE

# Visits by local hour, relative to each other: asleep at four, a lunch break, the sofa at eight in the evening.
_BY_HOUR: Final = (22, 13, 8, 5, 4, 6, 14, 28, 44, 55, 60, 64, 72, 66, 60, 60, 64, 70, 80, 94, 100, 92, 68, 42)
_BY_WEEKDAY: Final = (1.04, 1.02, 1.00, 1.00, 0.94, 1.00, 1.00)  # Monday first; weekends are each market's own
_FRIDAY: Final = 4


@lru_cache(maxsize=4096)
def offset_minutes(market: Market, hour: int) -> int:
    """Local time minus UTC in a market, in minutes, at an hour counted from the epoch."""
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(market.zone).utcoffset()
    return int(offset.total_seconds()) // 60 if offset else 0


def activity(market: Market, instant: int) -> float:
    """How many visits a market makes at an instant, relative to its other hours and to the other markets."""
    local_hours = (instant + offset_minutes(market, instant // HOUR) * MINUTE) // HOUR
    weekday = (local_hours // 24 + 3) % 7  # the epoch was a Thursday
    week = market.weekend if weekday > _FRIDAY else _BY_WEEKDAY[weekday]
    return market.share * week * _BY_HOUR[(local_hours - market.evening) % 24]


class Mix(NamedTuple):
    """Who is awake: the activity of all markets, added up in their order."""

    cumulative: tuple[float, ...]

    @property
    def total(self) -> float:
        """Activity of all markets together."""
        return self.cumulative[-1]


@lru_cache(maxsize=4096)
def _mix(hour: int) -> Mix:
    return Mix(tuple(accumulate(activity(market, hour * HOUR) for market in MARKETS)))


def mix(instant: int) -> Mix:
    """The markets' activity in the hour of an instant."""
    return _mix(instant // HOUR)
