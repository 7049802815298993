"""Shoppers, and the names and addresses they register with."""

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final, NamedTuple

from faker import Faker

from producer.carts import Cart
from producer.clients import Client, pick_setup
from producer.markets import Market

_POOL_SIZE: Final = 150
"""Faker takes 20 to 60 µs a value: a pool of each kind, drawn from, is what a fast generator can afford."""


class _Pool(NamedTuple):
    names: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[str, ...]
    postal_codes: tuple[str, ...]


@cache
def _pool(locale: str) -> _Pool:
    """Names and addresses of one locale: the same in every run, made when its first shopper registers."""
    faker = Faker(locale, use_weighting=False)
    faker.seed_instance(locale)
    # Faker lists Italian cities in the order of a set, which changes with every process; its provinces keep theirs.
    city = faker.administrative_unit if locale == "it_IT" else faker.city
    makers = (faker.name, faker.street_address, city, faker.postcode)
    return _Pool(*(tuple(str(make()).replace("\n", ", ") for _ in range(_POOL_SIZE)) for make in makers))


class Profile(NamedTuple):
    """What a shopper types in to register."""

    name: str
    email: str
    address: str
    city: str
    postal_code: str


@dataclass(slots=True)
class Shopper:
    """A person with one device, and what the shop remembers between visits.

    Attributes:
        user_id: None until registered.
        newsletter: agreed to marketing messages.
        appetite: how readily the person buys, 1.0 on average.
        cart: filled in an earlier visit and never ordered, or None.
    """

    anonymous_id: str
    user_id: str | None
    market: Market
    device: str
    client: Client
    appetite: float
    newsletter: bool = False
    cart: Cart | None = field(default=None)


def token(rng: Random, prefix: str) -> str:
    """An identifier that no two things of a run share: a prefix and 64 random bits."""
    return f"{prefix}-{rng.getrandbits(64):016x}"


def new_shopper(rng: Random, market: Market, *, registered: bool) -> Shopper:
    """A person who has not been seen in this run; `registered` in the time before it, or not at all."""
    device, client = pick_setup(rng)
    return Shopper(
        anonymous_id=token(rng, "a"),
        user_id=token(rng, "u") if registered else None,
        market=market,
        device=device,
        client=client,
        appetite=rng.gammavariate(3.0, 1 / 3),
        newsletter=registered and rng.random() < 0.5,
    )


def profile(rng: Random, market: Market) -> Profile:
    """Name, mail and postal address as people of a market have them. Mail domains are reserved ones (RFC 2606)."""
    pool = _pool(market.names)
    name = rng.choice(pool.names)
    mailbox = "".join(letter for letter in name.lower().replace(" ", ".") if letter in _MAILBOX) or "shopper"
    return Profile(
        name=name,
        email=f"{mailbox}.{rng.getrandbits(24):x}@{rng.choice(_MAIL_DOMAINS)}",
        address=rng.choice(pool.streets),
        city=rng.choice(pool.cities),
        postal_code=rng.choice(pool.postal_codes),
    )


_MAILBOX: Final = frozenset("abcdefghijklmnopqrstuvwxyz.-")
_MAIL_DOMAINS: Final = ("example.com", "example.net", "example.org")
