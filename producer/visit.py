"""What every part of a visit shares: who comes, by which campaign, how late it is, and how its events are written."""

from random import Random
from typing import Any, Final, NamedTuple

from producer.campaigns import Campaign
from producer.carts import Bill, Line
from producer.curves import offset_minutes
from producer.messages import ShopEvent
from producer.people import Shopper, token
from producer.timestamps import HOUR, SECOND

_STAYS_LOGGED_IN: Final = 0.80
_DEVICE_APPETITE: Final = {"desktop": 1.2, "tablet": 1.0, "mobile": 0.85}


class Order(NamedTuple):
    """An order as it was placed."""

    order_id: str
    lines: list[Line]
    paid: Bill


class Visit:
    """State of one visit.

    Attributes:
        rng: source of all chances.
        shopper: who comes.
        campaign: what brought the shopper, or None.
        logged_in: the shop knows the user.
        end: instant of the latest event, in microseconds since the epoch.
        to_return: an order of this visit that will be sent back.
    """

    def __init__(self, rng: Random, shopper: Shopper, start: int) -> None:
        self.rng = rng
        self.shopper = shopper
        self.campaign: Campaign | None = None
        self.logged_in = shopper.user_id is not None and rng.random() < _STAYS_LOGGED_IN
        self.end = start
        self.to_return: Order | None = None
        self._session_id = token(rng, "s")
        self._offset = offset_minutes(shopper.market, start // HOUR)

    def happen(self, event_type: str, **own: Any) -> ShopEvent:
        """An event of this visit, now; `own` are the fields of its type."""
        shopper = self.shopper
        client = shopper.client
        bits = self.rng.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | (0x4 << 76 | 0x2 << 62)  # RFC 9562, version 4
        digits = f"{bits:032X}" if client.uppercase_ids else f"{bits:032x}"
        fields = {
            "event_id": f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
            "event_type": event_type,
            **client.extra,
            "timestamp": client.stamp(self.end, self._offset),
            "user_id": shopper.user_id if self.logged_in else None,
            "anonymous_id": shopper.anonymous_id,
            "session_id": self._session_id,
            "device": shopper.device,
            "location": shopper.market.country,
            **own,
        }
        return ShopEvent(self.end, fields)

    def page(self, path: str, page_type: str, referrer: str | None = None) -> ShopEvent:
        """A page is shown."""
        return self.happen("page_viewed", page_path=path, page_type=page_type, referrer=referrer)

    def wait(self, mean_seconds: float) -> None:
        """Lets time pass: half a second, and an exponentially distributed time more."""
        self.end += SECOND // 2 + int(self.rng.expovariate(1 / mean_seconds) * SECOND)

    def appetite(self) -> float:
        """How readily this visitor buys, on this device and after this ad; 1.0 on average."""
        shopper = self.shopper
        brought = self.campaign.appetite if self.campaign else 1.0
        return shopper.appetite * shopper.market.appetite * _DEVICE_APPETITE[shopper.device] * brought
