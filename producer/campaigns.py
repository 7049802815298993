"""Who the shop pays to be found: campaigns that bring many visitors or good ones, rarely both."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple


class Campaign(NamedTuple):
    """One campaign.

    Attributes:
        campaign_id: the event's `campaign_id`.
        channel: a channel of the contract.
        clicks: its part of the clicks of all paid campaigns, relative to the others.
        appetite: how readily its visitors buy, relative to a visitor who came by himself.
        ads: how many ads it runs.
        landing_path: where its ads lead.
        referrer: host that its visitors come from, or None (apps and mail programs tell none).
        coupon: code that it hands out, or None.
        percent: what the coupon takes off the goods.
    """

    campaign_id: str
    channel: str
    clicks: float
    appetite: float
    ads: int
    landing_path: str
    referrer: str | None = None
    coupon: str | None = None
    percent: int = 0


PAID: Final = (
    Campaign("search-brand", "search", 22, 1.7, 3, "/", "www.google.com"),
    Campaign("search-generic", "search", 20, 1.0, 6, "/search", "www.google.com"),
    Campaign("display-prospecting", "display", 18, 0.3, 5, "/"),
    Campaign("display-retargeting", "display", 9, 1.4, 4, "/category/electronics"),
    Campaign("social-lookbook", "social", 14, 0.6, 6, "/category/women", "www.instagram.com"),
    Campaign("video-creators", "video", 8, 0.45, 4, "/category/beauty", "www.youtube.com", "CREATOR15", 15),
    Campaign("affiliate-deals", "affiliate", 9, 1.9, 3, "/", "deals.example.com", "DEAL10", 10),
)
"""Campaigns that bring new visitors."""

NEWSLETTER: Final = Campaign("email-newsletter", "email", 0, 1.5, 4, "/")
"""Brings registered shoppers back."""

CART_REMINDER: Final = Campaign("email-cart-reminder", "email", 0, 2.6, 2, "/cart", None, "COMEBACK5", 5)
"""Brings back who left a cart."""

_CLICKS: Final = tuple(accumulate(campaign.clicks for campaign in PAID))


def pick_paid(rng: Random) -> Campaign:
    """The campaign whose ad a new visitor clicked."""
    return PAID[bisect_right(_CLICKS, rng.random() * _CLICKS[-1])]
