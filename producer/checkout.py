"""Where a visit becomes an account, an order or a refund."""

from collections.abc import Iterator
from typing import Final

from event_contract import money
from producer.carts import Cart, Line, bill, goods_value, items, refund
from producer.catalogue import CURRENCY
from producer.messages import ShopEvent
from producer.people import profile, token
from producer.visit import Order, Visit

_ORDERS: Final = 0.72
_REGISTERS: Final = 0.45
_REASONS: Final = ("changed_mind", "not_as_described", "damaged", "wrong_item", "late_delivery")
_REASON_WEIGHTS: Final = (45, 25, 13, 9, 8)
_PAYMENTS: Final = ("card", "paypal", "bank_transfer", "gift_card")
_PAYMENT_WEIGHTS: Final = (52, 33, 10, 5)


def check_out(visit: Visit, cart: Cart) -> Iterator[ShopEvent]:
    """The shopper says who it is, begins to pay, and mostly does; then the cart is gone."""
    rng = visit.rng
    visit.wait(12)
    yield visit.page("/checkout", "checkout")
    yield from _identify(visit)
    visit.wait(10)
    lines = cart.lines()
    yield visit.happen(
        "checkout_started",
        cart_id=cart.cart_id,
        currency=CURRENCY,
        items=items(lines),
        subtotal=money(goods_value(lines)),
    )
    if rng.random() < min(0.95, _ORDERS * visit.appetite() ** 0.25):
        visit.wait(90)
        yield _order(visit, cart.cart_id, lines)


def _identify(visit: Visit) -> Iterator[ShopEvent]:
    """At checkout: log in, register, or stay a guest."""
    if visit.shopper.user_id is not None:
        visit.logged_in = True
    elif visit.rng.random() < _REGISTERS:
        yield from register(visit)


def register(visit: Visit) -> Iterator[ShopEvent]:
    """The visitor opens an account."""
    rng, shopper = visit.rng, visit.shopper
    visit.wait(5)
    yield visit.page("/account/register", "account")
    visit.wait(50)
    shopper.user_id = token(rng, "u")
    shopper.newsletter = rng.random() < 0.55
    visit.logged_in = True
    yield visit.happen(
        "user_registered",
        **profile(rng, shopper.market)._asdict(),
        signup_method=rng.choices(("email", "google", "apple"), (60, 28, 12))[0],
        marketing_opt_in=shopper.newsletter,
    )


def _order(visit: Visit, cart_id: str, lines: list[Line]) -> ShopEvent:
    rng = visit.rng
    coupon, percent = (visit.campaign.coupon, visit.campaign.percent) if visit.campaign else (None, 0)
    order = Order(token(rng, "o"), lines, bill(lines, visit.shopper.market, percent))
    event = visit.happen(
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
    visit.shopper.cart = None
    if rng.random() < max(product.category.returned for product, _ in lines):
        visit.to_return = order
    return event._replace(referred_to=visit.to_return is not None)


def send_back(visit: Visit, order: Order) -> Iterator[ShopEvent]:
    """The shopper asks for the money back."""
    rng = visit.rng
    visit.logged_in = visit.shopper.user_id is not None
    yield visit.page("/account/orders", "account")
    visit.wait(20)
    yield visit.page("/help/returns", "content")
    visit.wait(60)
    back = refund(order.lines, order.paid, rng)
    yield visit.happen(
        "order_refunded",
        order_id=order.order_id,
        refund_id=token(rng, "r"),
        currency=CURRENCY,
        items=items(back.lines),
        amount=money(back.amount),
        reason=rng.choices(_REASONS, _REASON_WEIGHTS)[0],
    )
