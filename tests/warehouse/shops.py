"""Valid messages: of a simulated shop, with duplicates and very late events; and of the worst sender that is allowed."""

from __future__ import annotations

import json
import random
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from event_contract import EVENT_TYPES, Partition, inspect
from producer import SimulationConfig, simulate
from tests.samples import event as sample

PUBLISHED = datetime(2026, 11, 22, 10, tzinfo=UTC)

Delivery = tuple[bytes, datetime, str]


def deliveries(events: int, *, days: int = 7, seed: int = 5, late_share: float = 0.0) -> list[Delivery]:
    """Payload, publish time and message id of a shop's messages, in the order of sending.

    `late_share` of the events are moved into the past by up to a year, each by itself: sessions and orders are torn apart, as
    a reader of history must expect.
    """
    rng = random.Random(seed)
    config = SimulationConfig(
        events=events,
        days=days,
        seed=seed,
        start=datetime(2026, 11, 14, tzinfo=UTC),
        poison_rate=0.0,
        duplicate_rate=0.02,
    )
    sent: list[Delivery] = []
    for position, message in enumerate(simulate(config)):
        payload = message.data
        if rng.random() < late_share:
            event = json.loads(payload)
            moved = datetime.fromisoformat(event["timestamp"]) - timedelta(days=rng.randrange(1, 365))
            payload = json.dumps({**event, "timestamp": moved.isoformat()}).encode()
        sent.append((payload, PUBLISHED + timedelta(milliseconds=position), f"m-{position:06d}"))
    return sent


_DAYS = ("2026-11-14", "2026-11-15", "2026-11-16", "2026-11-20", "2026-11-21", "2025-12-31", "2026-01-01", "2024-02-29")
_TIMES = ("00:00:00", "00:00:00.000001", "11:59:59.999999", "12:00:00", "23:59:59", "23:59:59.999999")
_AMOUNTS = ("0.00", "0.01", "0.05", "19.99", "1234.56", "999999999999.99")
_DELAYS = (0.000001, 1, 3599, 3600, 3601, 86_399, 86_400, 86_401)
_TEXTS = ("", "Mug", 'O\'Hara \\ "q"', "日本語", "e\u0301", "a#b", "--", "{{ x }}", "x" * 512, "\u2028", "\t")


def hostile(events: int, *, seed: int = 7) -> list[Delivery]:
    """Valid messages at the edges of the contract, in the order of sending.

    Ids of all kinds come from small sets, so that they collide in and across types, days and currencies; instants lie at the
    edges of days and half days, with any offset; amounts are as small and as large as is allowed; texts are odd; a tenth is
    sent twice.
    """
    rng = random.Random(seed)
    identities = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(events // 8 + 1)]
    sent: list[Delivery] = []
    while len(sent) < events:
        event_type = rng.choice(sorted(EVENT_TYPES))
        offset = rng.choice((0, 0, 14 * 60, -12 * 60, 5 * 60 + 30))
        clock = rng.choice((*_TIMES, f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.5"))
        at = datetime.fromisoformat(f"{rng.choice(_DAYS)}T{clock}+00:00")
        zone = timezone(timedelta(minutes=offset))
        identity = rng.choice(identities)
        document = {
            **sample(event_type),
            "event_id": rng.choice((identity, identity.upper())),
            "timestamp": at.astimezone(zone).isoformat(),
            "anonymous_id": rng.choice(("a", "b", "日本", "'", *(f"a-{n}" for n in range(20)))),
            "user_id": rng.choice((*(None for _ in range(5)), *(f"u-{n}" for n in range(12)))),
            "session_id": f"s-{rng.randrange(events // 10 + 1)}",
            "device": rng.choice(("mobile", "desktop", "tablet")),
            "location": rng.choice(("DE", "US", "IN", "NZ", "AQ")),
        }
        own = {
            "product_name": rng.choice(_TEXTS),
            "category": rng.choice(_TEXTS),
            "unit_price": rng.choice(_AMOUNTS),
            "currency": rng.choice(("EUR", "USD")),
            "quantity": rng.choice((1, 2, 1000)),
            "cart_id": f"cart-{rng.randrange(15)}",
            "order_id": f"o-{rng.randrange(40)}",
            "refund_id": f"r-{rng.randrange(40)}",
            "campaign_id": f"c-{rng.randrange(4)}",
            "product_id": f"p-{rng.randrange(9)}",
            "referrer": rng.choice((None, "example.com", *_TEXTS)),
            "amount": rng.choice(_AMOUNTS),
        }
        document |= {name: value for name, value in own.items() if name in document}
        if event_type == "user_registered":
            document |= {"user_id": f"u-{rng.randrange(12)}", "name": rng.choice(_TEXTS), "city": rng.choice(_TEXTS)}
        if "items" in document:
            document |= _priced(rng, document)
        payload = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode()
        for _ in range(1 + (rng.random() < 0.1)):
            published = at + timedelta(seconds=rng.choice(_DELAYS), microseconds=len(sent) + 1)
            if isinstance(inspect(payload, int(published.timestamp() * 1_000_000)), Partition):
                sent.append((payload, published, f"h-{len(sent):06d}"))
    return sent


def _priced(rng: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Items of one dear or several cheap products, and amounts that add up."""
    dear = rng.random() < 0.1
    items = [
        {
            "product_id": f"p-{rng.randrange(9)}",
            "product_name": rng.choice(_TEXTS),
            "category": rng.choice(_TEXTS),
            "quantity": 1 if dear else rng.choice((1, 3, 1000)),
            "unit_price": _AMOUNTS[-1] if dear else rng.choice(_AMOUNTS[:-1]),
        }
        for _ in range(1 if dear else rng.randrange(1, 5))
    ]
    goods = sum((Decimal(item["unit_price"]) * item["quantity"] for item in items), Decimal(0))
    changed: dict[str, Any] = {"items": items}
    if "subtotal" in document:
        changed["subtotal"] = f"{goods:.2f}"
    if "total" in document:
        discount = rng.choice((Decimal(0), goods, min(goods, Decimal("0.01"))))
        more = Decimal(0) if dear else Decimal(rng.choice(_AMOUNTS[:-1]))
        changed |= {"discount": f"{discount:.2f}", "shipping": f"{more:.2f}", "tax": "0.00"}
        changed["total"] = f"{goods - discount + more:.2f}"
    return changed
