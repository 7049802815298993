"""One visit to the shop: an ad or a link, pages, products, a cart, perhaps an order; or an order sent back."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from event_contract import money
from producer.campaigns import CART_REMINDER, NEWSLETTER, Campaign, pick_paid
from producer.carts import Bill, Cart, Line, bill, goods_value, items, refund
from producer.catalogue import CURRENCY, Product, pick
from producer.curves import offset_minutes
from producer.messages import ShopEvent
from producer.people import Shopper, profile, token
from producer.timestamps import HOUR, SECOND

# Chances of one visitor of average appetite. Together they make about twelve messages a visit and an order in twelve.
_BOUNCES: Final = 0.30
_LOOKS_ON: Final = 0.80
_ADDS: Final = 0.14
_REMOVES: Final = 0.12
_CHECKS_OUT: Final = 0.52
_ORDERS: Final = 0.72
_REGISTERS_AT_CHECKOUT: Final = 0.45
_REGISTERS_UNASKED: Final = 0.03
_STAYS_LOGGED_IN: Final = 0.80
_DEVICE_APPETITE: Final = {"desktop": 1.2, "tablet": 1.0, "mobile": 0.85}
_REFERRERS: Final = (None, None, "www.google.com", "www.google.com", "www.google.com", "www.bing.com", "duckduckgo.com")
_REASONS: Final = ("changed_mind", "not_as_described", "damaged", "wrong_item", "late_delivery")
_REASON_WEIGHTS: Final = (45, 25, 13, 9, 8)
_PAYMENTS: Final = ("card", "paypal", "bank_transfer", "gift_card")
_PAYMENT_WEIGHTS: Final = (52, 33, 10, 5)


class Order(NamedTuple):
    """An order as it was placed."""

    order_id: str
    lines: list[Line]
    paid: Bill


class Session:
    """One visit of a shopper.

    Iterate `events` to its end, once; then `unfinished` and `to_return` say what may bring the shopper back. The shopper
    is changed on the way: registers, leaves a cart or takes it up again.
    """

    def __init__(
        self, rng: Random, shopper: Shopper, start: int, *, first: bool, sent_back: Order | None = None
    ) -> None:
        """
        Args:
            rng: source of all chances.
            shopper: who comes.
            start: instant of the first event, in microseconds since the epoch.
            first: nobody sends reminders or newsletters to who was never here.
            sent_back: the order that this visit is about, if it is for a refund.
        """
        self.shopper = shopper
        self.to_return: Order | None = None
        self.end = start
        self._rng = rng
        self._first = first
        self._sent_back = sent_back
        self._campaign: Campaign | None = None
        self._logged_in = shopper.user_id is not None and rng.random() < _STAYS_LOGGED_IN
        self._session_id = token(rng, "s")
        self._offset = offset_minutes(shopper.market, start // HOUR)

    @property
    def unfinished(self) -> bool:
        """The shopper left a filled cart behind."""
        return self.shopper.cart is not None

    def events(self) -> Iterator[ShopEvent]:
        """The events of the visit, in the order they happen."""
        if self._sent_back is not None:
            yield from self._refund(self._sent_back)
            return
        resumed = self.shopper.cart is not None
        yield from self._arrive()
        if resumed:
            self._wait(8)
            yield self._page("/cart", "cart")
        elif self._rng.random() < _BOUNCES / (self._campaign.appetite**0.5 if self._campaign else 1):
            return
        elif self.shopper.user_id is None and self._rng.random() < _REGISTERS_UNASKED:
            yield from self._register()
        if not resumed or self._rng.random() < 0.35:
            yield from self._browse()
        if self.shopper.cart is not None:
            yield from self._go_to_the_till(self.shopper.cart, resumed)

    def _happen(self, event_type: str, **own: Any) -> ShopEvent:
        shopper = self.shopper
        client = shopper.client
        bits = self._rng.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | (0x4 << 76 | 0x2 << 62)  # RFC 9562, version 4
        digits = f"{bits:032X}" if client.uppercase_ids else f"{bits:032x}"
        fields = {
            "event_id": f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
            "event_type": event_type,
            **client.extra,
            "timestamp": client.stamp(self.end, self._offset),
            "user_id": shopper.user_id if self._logged_in else None,
            "anonymous_id": shopper.anonymous_id,
            "session_id": self._session_id,
            "device": shopper.device,
            "location": shopper.market.country,
            **own,
        }
        return ShopEvent(self.end, fields)

    def _page(self, path: str, page_type: str, referrer: str | None = None) -> ShopEvent:
        return self._happen("page_viewed", page_path=path, page_type=page_type, referrer=referrer)

    def _wait(self, mean_seconds: float) -> None:
        self.end += SECOND // 2 + int(self._rng.expovariate(1 / mean_seconds) * SECOND)

    def _appetite(self) -> float:
        shopper = self.shopper
        brought = self._campaign.appetite if self._campaign else 1.0
        return shopper.appetite * shopper.market.appetite * _DEVICE_APPETITE[shopper.device] * brought

    def _choose_campaign(self) -> Campaign | None:
        chance = self._rng.random()
        if self.shopper.cart is not None:
            return CART_REMINDER if chance < 0.55 else None
        if self.shopper.newsletter:
            return NEWSLETTER if chance < 0.25 else None
        if self._first and self.shopper.user_id is None:
            return pick_paid(self._rng) if chance < 0.45 else None
        return None

    def _arrive(self) -> Iterator[ShopEvent]:
        rng = self._rng
        campaign = self._campaign = self._choose_campaign()
        if campaign is not None:
            yield self._happen(
                "ad_clicked",
                campaign_id=campaign.campaign_id,
                ad_id=f"{campaign.campaign_id}-{rng.randrange(campaign.ads) + 1}",
                channel=campaign.channel,
                landing_path=campaign.landing_path,
            )
            self._wait(1)
            yield self._page(campaign.landing_path, _page_type(campaign.landing_path), campaign.referrer)
        elif rng.random() < 0.6:
            yield self._page("/", "home", rng.choice(_REFERRERS))
        else:
            yield from self._look_at(pick(rng), rng.choice(_REFERRERS))

    def _browse(self) -> Iterator[ShopEvent]:
        rng = self._rng
        looks_on = True
        while looks_on:
            product = pick(rng)
            chance = rng.random()
            if chance < 0.45:
                self._wait(25)
                yield self._page(f"/category/{product.category.slug}", "category")
            elif chance < 0.60:
                self._wait(40)
                yield self._page("/search", "search")
            elif chance < 0.63:
                self._wait(60)
                yield self._page("/journal/buying-guide", "content")
            self._wait(55)
            yield from self._look_at(product)
            if rng.random() < _ADDS * self._appetite():
                yield from self._add(product)
            looks_on = rng.random() < _LOOKS_ON

    def _look_at(self, product: Product, referrer: str | None = None) -> Iterator[ShopEvent]:
        yield self._page(f"/product/{product.product_id}", "product", referrer)
        self._wait(0.3)
        yield self._happen(
            "product_viewed",
            product_id=product.product_id,
            product_name=product.name,
            category=product.category.name,
            unit_price=product.price,
            currency=CURRENCY,
        )

    def _add(self, product: Product) -> Iterator[ShopEvent]:
        quantity = self._rng.choices((1, 2, 3, 4), (84, 12, 3, 1))[0]
        cart = self.shopper.cart
        if cart is None:
            cart = self.shopper.cart = Cart(token(self._rng, "c"))
        self._wait(25)
        cart.add(product, quantity)
        yield self._cart_change("product_added", cart, product, quantity)

    def _cart_change(self, event_type: str, cart: Cart, product: Product, quantity: int) -> ShopEvent:
        line = items([(product, quantity)])[0]
        return self._happen(event_type, cart_id=cart.cart_id, currency=CURRENCY, **line)

    def _go_to_the_till(self, cart: Cart, resumed: bool) -> Iterator[ShopEvent]:
        rng = self._rng
        self._wait(30)
        yield self._page("/cart", "cart")
        if rng.random() < _REMOVES:
            product = rng.choice(list(cart.pieces))
            self._wait(10)
            yield self._cart_change("product_removed", cart, product, cart.pieces.pop(product))
            if not cart.pieces:
                self.shopper.cart = None
                return
        if rng.random() >= min(0.9, _CHECKS_OUT * self._appetite() ** 0.5 * (1.3 if resumed else 1)):
            return
        self._wait(12)
        yield self._page("/checkout", "checkout")
        yield from self._identify()
        self._wait(10)
        lines = cart.lines()
        yield self._happen(
            "checkout_started",
            cart_id=cart.cart_id,
            currency=CURRENCY,
            items=items(lines),
            subtotal=money(goods_value(lines)),
        )
        if rng.random() < min(0.95, _ORDERS * self._appetite() ** 0.25):
            self._wait(90)
            yield self._order(cart.cart_id, lines)

    def _identify(self) -> Iterator[ShopEvent]:
        """At the till: log in, register, or stay a guest."""
        if self.shopper.user_id is not None:
            self._logged_in = True
        elif self._rng.random() < _REGISTERS_AT_CHECKOUT:
            yield from self._register()

    def _register(self) -> Iterator[ShopEvent]:
        rng, shopper = self._rng, self.shopper
        self._wait(5)
        yield self._page("/account/register", "account")
        self._wait(50)
        shopper.user_id = token(rng, "u")
        shopper.newsletter = rng.random() < 0.55
        self._logged_in = True
        yield self._happen(
            "user_registered",
            **profile(rng, shopper.market)._asdict(),
            signup_method=rng.choices(("email", "google", "apple"), (60, 28, 12))[0],
            marketing_opt_in=shopper.newsletter,
        )

    def _order(self, cart_id: str, lines: list[Line]) -> ShopEvent:
        rng = self._rng
        coupon, percent = (self._campaign.coupon, self._campaign.percent) if self._campaign else (None, 0)
        order = Order(token(rng, "o"), lines, bill(lines, self.shopper.market, percent))
        event = self._happen(
            "order_completed",
            order_id=order.order_id,
            cart_id=cart_id,
            currency=CURRENCY,
            items=items(lines),
            discount=money(order.paid.discount),
            shipping=money(order.paid.shipping),
            tax=money(order.paid.tax),
            total=money(order.paid.total),
            coupon=coupon,
            payment_method=rng.choices(_PAYMENTS, _PAYMENT_WEIGHTS)[0],
        )
        self.shopper.cart = None
        if rng.random() < max(product.category.returned for product, _ in lines):
            self.to_return = order
        return event._replace(referred_to=self.to_return is not None)

    def _refund(self, order: Order) -> Iterator[ShopEvent]:
        rng = self._rng
        self._logged_in = self.shopper.user_id is not None
        yield self._page("/account/orders", "account")
        self._wait(20)
        yield self._page("/help/returns", "content")
        self._wait(60)
        back = refund(order.lines, order.paid, rng)
        yield self._happen(
            "order_refunded",
            order_id=order.order_id,
            refund_id=token(rng, "r"),
            currency=CURRENCY,
            items=items(back.lines),
            amount=money(back.amount),
            reason=rng.choices(_REASONS, _REASON_WEIGHTS)[0],
        )


def _page_type(path: str) -> str:
    if path == "/":
        return "home"
    return {"category": "category", "search": "search", "cart": "cart"}[path.split("/")[1]]
