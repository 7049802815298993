"""The shop over time: who comes in an hour, who comes back, until the hour has the messages that are due."""

import heapq
from bisect import bisect_right
from itertools import count
from random import Random
from typing import Final

from producer.curves import mix
from producer.markets import MARKETS
from producer.people import Shopper, new_shopper
from producer.session import Session
from producer.timestamps import DAY, MINUTE
from producer.visit import Order

_MAX_APPOINTMENTS: Final = 200_000
"""Shoppers remembered between visits: what bounds the memory of a run without end."""

_CUSTOMERS: Final = 0.30
"""Part of the unknown visitors who registered before the simulation began."""


class Shop:
    """Draws the visits; remembers who comes back, and when."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._appointments: list[tuple[int, int, Shopper, Order | None]] = []
        self._numbers = count()

    def next_visit(self, start: int, end: int) -> Session:
        """A visit that begins between two instants: of someone who meant to come back, else of a new visitor."""
        rng = self._rng
        if self._appointments and self._appointments[0][0] < end:
            instant, _, shopper, order = heapq.heappop(self._appointments)
            begin = instant if instant >= start else rng.randrange(start, end)
            return Session(rng, shopper, begin, first=False, sent_back=order)
        begin = rng.randrange(start, end)
        return Session(rng, self._visitor(begin), begin, first=True)

    def _visitor(self, instant: int) -> Shopper:
        rng = self._rng
        awake = mix(instant)
        market = MARKETS[bisect_right(awake.cumulative, rng.random() * awake.total)]
        return new_shopper(rng, market, registered=rng.random() < _CUSTOMERS)

    def remember(self, session: Session) -> None:
        """Plans whether and when the shopper of a finished visit comes back: at about the same hour, as people do."""
        rng = self._rng
        chance = rng.random()
        if session.to_return is not None:
            days = rng.choices((1, 2, 3, 4, 5, 6), (3, 4, 3, 2, 1, 1))[0]
        elif session.unfinished and chance < 0.55:
            days = rng.choices((0, 1, 2, 3), (4, 5, 2, 1))[0]
        elif not session.unfinished and chance < (0.40 if session.shopper.user_id else 0.25):
            days = rng.choices((1, 2, 3, 4, 5, 7), (5, 4, 3, 2, 2, 3))[0]
        else:
            return
        if len(self._appointments) < _MAX_APPOINTMENTS:
            instant = session.end + days * DAY + (rng.randrange(-90, 90) if days else rng.randrange(45, 180)) * MINUTE
            heapq.heappush(self._appointments, (instant, next(self._numbers), session.shopper, session.to_return))
