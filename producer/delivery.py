"""From what happened to what arrives: poison, duplicates, late and overtaken messages."""

import math
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import msgspec

from producer.config import SimulationConfig
from producer.messages import DUPLICATE, LATE, OUT_OF_ORDER, VALID, Message, ShopEvent
from producer.poison import Poisoner
from producer.timestamps import DAY, HOUR, MINUTE, SECOND, utc_date

_MOST_OVERTAKING: Final = 20
_encode: Final = msgspec.json.Encoder().encode

Arrival = tuple[int, Message]
"""When a message is published, in simulated microseconds since the epoch, and the message."""


class Delivery:
    """Turns each event into one message, or two. What befalls an event is drawn once: no message has two troubles."""

    def __init__(self, config: SimulationConfig, rng: Random) -> None:
        self._rng = rng
        self._poisoner = Poisoner(rng)
        self._longest_delay = config.late_days * DAY
        # The configured shares are of messages, duplicates included; these limits are per event.
        events = 1 - config.duplicate_rate
        self._poison_below = config.poison_rate / events
        self._late_below = self._poison_below + config.late_rate / events
        self._overtaken_below = self._late_below + config.out_of_order_rate / events
        self._repeated_below = self._overtaken_below + config.duplicate_rate / events

    def dispatch(self, event: ShopEvent) -> tuple[Arrival, ...]:
        """The messages that an event makes."""
        chance = self._rng.random()
        if chance < self._poison_below:
            self._poisoner.demand()
        untroubled = chance < self._poison_below or chance >= self._repeated_below
        if untroubled and self._poisoner.wanted and not event.referred_to:
            poison = self._poisoner.spoil(event)
            if poison is not None:
                return ((event.instant, poison),)
        message = _message(event)
        if untroubled:
            return ((event.instant, message),)
        if chance < self._late_below:
            return ((event.instant + self._delay(HOUR, self._longest_delay), message._replace(kind=LATE)),)
        if chance < self._overtaken_below:
            return ((event.instant, message._replace(kind=OUT_OF_ORDER)),)
        again = event.instant + self._delay(SECOND, 10 * MINUTE)
        return ((event.instant, message), (again, message._replace(kind=DUPLICATE)))

    def _delay(self, shortest: int, longest: int) -> int:
        """Most are short, some are very long: log-uniform."""
        return int(math.exp(self._rng.uniform(math.log(shortest), math.log(longest))))


def _message(event: ShopEvent) -> Message:
    fields = event.fields
    return Message(_encode(fields), fields["event_id"], fields["event_type"], VALID, None, utc_date(event.instant))


def overtake(messages: Iterable[Message], rng: Random) -> Iterator[Message]:
    """Holds each out-of-order message back until one to twenty others have gone by."""
    held: list[tuple[int, Message]] = []
    for position, message in enumerate(messages):
        if message.kind == OUT_OF_ORDER:
            held.append((position + rng.randrange(1, _MOST_OVERTAKING + 1), message))
            continue
        yield message
        if held:
            yield from (message for until, message in held if until <= position)
            held = [(until, message) for until, message in held if until > position]
    yield from (message for _, message in held)
