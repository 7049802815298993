"""The countries the shop sells to: how many shoppers, when they shop, and what is added to an order there."""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo


class Market(NamedTuple):
    """One country.

    Attributes:
        country: ISO 3166-1 alpha-2 code, the event's `location`.
        zone: local time, daylight saving included.
        share: its part of the week's visits, relative to the other countries.
        names: Faker locale that names and addresses come from.
        evening: hours by which its evening peak lies later than 20:00.
        weekend: visits on a Saturday or Sunday, relative to a weekday.
        tax: tax on top of the goods, in thousandths.
        shipping: price of a parcel, in cents; free from `FREE_SHIPPING_FROM`.
        appetite: how readily its visitors buy, relative to the others.
    """

    country: str
    zone: ZoneInfo
    share: float
    names: str
    evening: int
    weekend: float
    tax: int
    shipping: int
    appetite: float


FREE_SHIPPING_FROM: Final = 60_00
"""Goods worth this much or more are sent for nothing, in cents."""

MARKETS: Final = (
    Market("DE", ZoneInfo("Europe/Berlin"), 22, "de_DE", 0, 1.15, 190, 4_90, 1.10),
    Market("FR", ZoneInfo("Europe/Paris"), 14, "fr_FR", 0, 1.10, 200, 4_90, 1.00),
    Market("GB", ZoneInfo("Europe/London"), 13, "en_GB", 0, 1.20, 200, 6_90, 1.15),
    Market("NL", ZoneInfo("Europe/Amsterdam"), 8, "nl_NL", 0, 1.05, 210, 4_90, 1.20),
    Market("IT", ZoneInfo("Europe/Rome"), 8, "it_IT", 1, 0.95, 220, 5_90, 0.85),
    Market("ES", ZoneInfo("Europe/Madrid"), 8, "es_ES", 2, 0.90, 210, 5_90, 0.80),
    Market("PL", ZoneInfo("Europe/Warsaw"), 5, "pl_PL", 0, 1.00, 230, 5_90, 0.90),
    Market("SE", ZoneInfo("Europe/Stockholm"), 4, "sv_SE", 0, 1.10, 250, 7_90, 1.10),
    Market("US", ZoneInfo("America/New_York"), 9, "en_US", 0, 1.25, 70, 14_90, 0.95),
    Market("BR", ZoneInfo("America/Sao_Paulo"), 3, "pt_BR", 1, 0.85, 170, 19_90, 0.60),
    Market("IN", ZoneInfo("Asia/Kolkata"), 2, "en_IN", 1, 1.30, 180, 17_90, 0.55),
    Market("JP", ZoneInfo("Asia/Tokyo"), 2, "ja_JP", 0, 1.35, 100, 16_90, 0.90),
    Market("AU", ZoneInfo("Australia/Sydney"), 2, "en_AU", 0, 1.10, 100, 18_90, 1.00),
)
