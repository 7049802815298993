"""What to simulate, checked once, and the plan that follows from it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from producer.curves import mix
from producer.timestamps import HOUR, micros

MESSAGES_PER_DAY: Final = 10_000
"""Traffic of the shop when only days are asked for."""

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 366
MAX_LATE_DAYS: Final = 366
_MESSAGES_PER_TICK: Final = 5_000
_LIVE_LAG: Final = timedelta(minutes=15)
_EARLIEST: Final = datetime(2000, 1, 2, tzinfo=UTC)


class ConfigError(ValueError):
    """A setting that cannot be: `setting` is the field's name, the text names the value and what to do."""

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting}: {problem}")


class Tick(NamedTuple):
    """A stretch of simulated time, in microseconds since the epoch; `due` messages must be under way by its end."""

    start: int
    end: int
    due: float


@dataclass(frozen=True, kw_only=True)
class SimulationConfig:
    """What to simulate. The same configuration makes the same bytes in the same order, given a `start`.

    Attributes:
        events: exactly so many messages in all, poison and duplicates included.
        days: simulated days. With `events`, the traffic is scaled so that they spread over these days; alone, the shop
            sends 10,000 messages a day.
        rate: messages a second in real time when publishing. Alone, without `events` and `days`, the shop runs
            without end, at the rate, on wall time.
        seed: any integer.
        start: simulated start, an aware datetime. None: a midnight (UTC) so that the days end with yesterday, or a
            quarter of an hour ago for a run without end, so that none of its events lies in the future.
        poison_rate: share of messages that break the contract.
        duplicate_rate: share of messages that repeat an earlier one, byte for byte.
        late_rate: share of messages that arrive an hour to `late_days` days after their event.
        out_of_order_rate: share of messages that some later ones overtake.
        late_days: how late the latest are, in days.

    Raises:
        ConfigError: a value is impossible.
    """

    events: int | None = None
    days: int | None = None
    rate: float | None = None
    seed: int = 1
    start: datetime | None = None
    poison_rate: float = 0.01
    duplicate_rate: float = 0.005
    late_rate: float = 0.01
    out_of_order_rate: float = 0.02
    late_days: int = 3

    def __post_init__(self) -> None:
        if self.events is not None and self.events < 1:
            raise ConfigError("events", f"{self.events} is not a number of messages: give 1 or more")
        if self.days is not None and not 1 <= self.days <= MAX_DAYS:
            raise ConfigError("days", f"{self.days} is not between 1 and {MAX_DAYS}")
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise ConfigError("rate", f"{self.rate:g} is not a number of messages a second: give more than 0")
        if not 1 <= self.late_days <= MAX_LATE_DAYS:
            raise ConfigError("late_days", f"{self.late_days} is not between 1 and {MAX_LATE_DAYS}")
        for name in ("poison_rate", "duplicate_rate", "late_rate", "out_of_order_rate"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ConfigError(name, f"{share:g} is not a share: give a number from 0 to 1, like 0.01")
        if self.duplicate_rate > 0.5:
            raise ConfigError(
                "duplicate_rate", f"{self.duplicate_rate:g} is more than 0.5: a duplicate needs an original"
            )
        shares = self.poison_rate + self.late_rate + self.out_of_order_rate + 2 * self.duplicate_rate
        if shares > 1 + 1e-9:
            raise ConfigError(
                "poison_rate",
                f"the shares of poison, late, out-of-order and duplicate messages (these count twice: with their"
                f" originals) make {shares:g}: lower them to at most 1 together",
            )
        if self.start is not None:
            if self.start.tzinfo is None:
                raise ConfigError(
                    "start", f"{self.start.isoformat()} has no offset from UTC: add Z, or one like +02:00"
                )
            if self.start < _EARLIEST:
                raise ConfigError("start", f"{self.start.isoformat()} is too early: events before 2000 are refused")

    @property
    def endless(self) -> bool:
        """The run has no end of its own."""
        return self.events is None and self.days is None and self.rate is not None


@dataclass(frozen=True)
class Plan:
    """When the simulated time begins, how long it is and how much happens; None and None for a run without end."""

    start: datetime
    days: int | None
    messages: int | None
    rate: float | None = None

    @property
    def end(self) -> datetime | None:
        """The end of the simulated time, exclusive."""
        return self.start + timedelta(days=self.days) if self.days else None

    def ticks(self) -> Iterator[Tick]:
        """The simulated time in stretches of an hour or less, each with the messages due by its end.

        A run that ends follows the curves of day and week, and the last tick's `due` is the number of messages. A run
        without end is held at its rate: it must keep step with wall time, so only who comes follows the clock.
        """
        if self.days is None or self.messages is None:
            yield from self._even_ticks(self.rate or 1.0)
            return
        start = micros(self.start)
        weights = [mix(start + hour * HOUR).total for hour in range(self.days * 24)]
        total = math.fsum(weights)
        parts = math.ceil(self.messages * max(weights) / total / _MESSAGES_PER_TICK)
        passed = 0.0
        for hour, weight in enumerate(weights):
            for part in range(parts):
                begin = start + hour * HOUR + part * HOUR // parts
                end = start + hour * HOUR + (part + 1) * HOUR // parts
                due = (passed + weight * (part + 1) / parts) / total
                last = hour == len(weights) - 1 and part == parts - 1
                yield Tick(begin, end, self.messages if last else self.messages * due)
            passed += weight

    def _even_ticks(self, rate: float) -> Iterator[Tick]:
        start = begin = micros(self.start)
        parts = math.ceil(rate * 3600 / _MESSAGES_PER_TICK)
        tick = 0
        while True:
            tick += 1
            end = start + tick * HOUR // parts
            yield Tick(begin, end, rate * (end - start) / 1_000_000)
            begin = end


def make_plan(config: SimulationConfig, now: datetime | None = None) -> Plan:
    """When and how much, from what was asked for.

    Args:
        config: what was asked for.
        now: instead of the wall clock.

    Raises:
        ConfigError: neither events nor days nor rate; or the simulated time lies in the future, so that the contract
            would refuse its events.
    """
    now = now or datetime.now(UTC)
    if config.endless:
        plan = Plan(config.start or now - _LIVE_LAG, None, None, config.rate)
    elif config.events is None and config.days is None:
        raise ConfigError("events", "nothing says how much to simulate: give events, days or rate")
    else:
        days = config.days or DEFAULT_DAYS
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start = config.start or midnight - timedelta(days=days)
        plan = Plan(start, days, config.events or days * MESSAGES_PER_DAY, config.rate)
    latest = plan.end or plan.start
    if latest > now + timedelta(days=1):
        raise ConfigError(
            "start", f"the simulated time would reach {latest.isoformat()}, in the future: choose an earlier start"
        )
    return plan
