"""One visit to the shop: an ad or a link, pages, products, a cart, perhaps an order; or an order sent back."""

from collections.abc import Iterator
from random import Random
from typing import Final

from producer.campaigns import CART_REMINDER, NEWSLETTER, Campaign, pick_paid
from producer.carts import Cart, items
from producer.catalogue import CURRENCY, Product, pick
from producer.checkout import check_out, register, send_back
from producer.messages import ShopEvent
from producer.people import Shopper, token
from producer.visit import Order, Visit

# Chances of one visitor of average appetite. Together they make about twelve messages a visit and an order in seven: more
# than a real shop sees, so that a week of 50,000 messages has hundreds of orders to report on.
_BOUNCES: Final = 0.30
_LOOKS_ON: Final = 0.80
_ADDS: Final = 0.14
_REMOVES: Final = 0.12
_CHECKS_OUT: Final = 0.52
_REGISTERS_UNASKED: Final = 0.03
_REFERRERS: Final = (None, None, "www.google.com", "www.google.com", "www.google.com", "www.bing.com", "duckduckgo.com")


class Session(Visit):
    """One visit of a shopper, from its first event to its last.

    Iterate `events` to its end, once; then `unfinished` and `to_return` say what may bring the shopper back. The shopper
    is changed on the way: registers, leaves a cart or takes it up again.
    """

    def __init__(
        self, rng: Random, shopper: Shopper, start: int, *, first: bool, sent_back: Order | None = None
    ) -> None:
        """Prepares a session.

        Args:
            rng: source of all chances.
            shopper: who comes.
            start: instant of the first event, in microseconds since the epoch.
            first: nobody sends reminders or newsletters to who was never here.
            sent_back: the order that this visit is about, if it is for a refund.
        """
        super().__init__(rng, shopper, start)
        self._first = first
        self._sent_back = sent_back

    @property
    def unfinished(self) -> bool:
        """The shopper left a filled cart behind."""
        return self.shopper.cart is not None

    def events(self) -> Iterator[ShopEvent]:
        """The events of the visit, in the order they happen."""
        if self._sent_back is not None:
            yield from send_back(self, self._sent_back)
            return
        resumed = self.shopper.cart is not None
        yield from self._arrive()
        if resumed:
            self.wait(8)
            yield self.page("/cart", "cart")
        elif self.rng.random() < _BOUNCES / (self.campaign.appetite**0.5 if self.campaign else 1):
            return
        elif self.shopper.user_id is None and self.rng.random() < _REGISTERS_UNASKED:
            yield from register(self)
        if not resumed or self.rng.random() < 0.35:
            yield from self._browse()
        if self.shopper.cart is not None:
            yield from self._go_to_the_till(self.shopper.cart, resumed)

    def _choose_campaign(self) -> Campaign | None:
        chance = self.rng.random()
        if self.shopper.cart is not None:
            return CART_REMINDER if chance < 0.55 else None
        if self.shopper.newsletter:
            return NEWSLETTER if chance < 0.25 else None
        if self._first and self.shopper.user_id is None:
            return pick_paid(self.rng) if chance < 0.45 else None
        return None

    def _arrive(self) -> Iterator[ShopEvent]:
        rng = self.rng
        campaign = self.campaign = self._choose_campaign()
        if campaign is not None:
            yield self.happen(
                "ad_clicked",
                campaign_id=campaign.campaign_id,
                ad_id=f"{campaign.campaign_id}-{rng.randrange(campaign.ads) + 1}",
                channel=campaign.channel,
                landing_path=campaign.landing_path,
            )
            self.wait(1)
            yield self.page(campaign.landing_path, _page_type(campaign.landing_path), campaign.referrer)
        elif rng.random() < 0.6:
            yield self.page("/", "home", rng.choice(_REFERRERS))
        else:
            yield from self._look_at(pick(rng), rng.choice(_REFERRERS))

    def _browse(self) -> Iterator[ShopEvent]:
        rng = self.rng
        looks_on = True
        while looks_on:
            product = pick(rng)
            chance = rng.random()
            if chance < 0.45:
                self.wait(25)
                yield self.page(f"/category/{product.category.slug}", "category")
            elif chance < 0.60:
                self.wait(40)
                yield self.page("/search", "search")
            elif chance < 0.63:
                self.wait(60)
                yield self.page("/journal/buying-guide", "content")
            self.wait(55)
            yield from self._look_at(product)
            if rng.random() < _ADDS * self.appetite():
                yield from self._add(product)
            looks_on = rng.random() < _LOOKS_ON

    def _look_at(self, product: Product, referrer: str | None = None) -> Iterator[ShopEvent]:
        yield self.page(f"/product/{product.product_id}", "product", referrer)
        self.wait(0.3)
        yield self.happen(
            "product_viewed",
            product_id=product.product_id,
            product_name=product.name,
            category=product.category.name,
            unit_price=product.price,
            currency=CURRENCY,
        )

    def _add(self, product: Product) -> Iterator[ShopEvent]:
        quantity = self.rng.choices((1, 2, 3, 4), (84, 12, 3, 1))[0]
        cart = self.shopper.cart
        if cart is None:
            cart = self.shopper.cart = Cart(token(self.rng, "c"))
        self.wait(25)
        cart.add(product, quantity)
        yield self._cart_change("product_added", cart, product, quantity)

    def _cart_change(self, event_type: str, cart: Cart, product: Product, quantity: int) -> ShopEvent:
        line = items([(product, quantity)])[0]
        return self.happen(event_type, cart_id=cart.cart_id, currency=CURRENCY, **line)

    def _go_to_the_till(self, cart: Cart, resumed: bool) -> Iterator[ShopEvent]:
        rng = self.rng
        self.wait(30)
        yield self.page("/cart", "cart")
        if rng.random() < _REMOVES:
            product = rng.choice(list(cart.pieces))
            self.wait(10)
            yield self._cart_change("product_removed", cart, product, cart.pieces.pop(product))
            if not cart.pieces:
                self.shopper.cart = None
                return
        if rng.random() >= min(0.9, _CHECKS_OUT * self.appetite() ** 0.5 * (1.3 if resumed else 1)):
            return
        yield from check_out(self, cart)


def _page_type(path: str) -> str:
    if path == "/":
        return "home"
    return {"category": "category", "search": "search", "cart": "cart"}[path.split("/")[1]]
