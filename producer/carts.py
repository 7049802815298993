"""Carts, what an order of one costs, and what a refund pays back. All amounts are in cents."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from producer.catalogue import Product
from producer.markets import FREE_SHIPPING_FROM, Market

Line = tuple[Product, int]
"""A product and how many pieces of it."""


@dataclass(slots=True)
class Cart:
    """What a shopper has put in; outlives the session if it is not ordered."""

    cart_id: str
    pieces: dict[Product, int] = field(default_factory=dict)

    def add(self, product: Product, quantity: int) -> None:
        """Puts pieces of a product in."""
        self.pieces[product] = self.pieces.get(product, 0) + quantity

    def lines(self) -> list[Line]:
        """The products in it, in the order they came."""
        return list(self.pieces.items())


def items(lines: list[Line]) -> list[dict[str, Any]]:
    """Lines as the contract writes them."""
    return [
        {
            "product_id": product.product_id,
            "product_name": product.name,
            "category": product.category.name,
            "quantity": quantity,
            "unit_price": product.price,
        }
        for product, quantity in lines
    ]


def goods_value(lines: list[Line]) -> int:
    """Sum of quantity times price."""
    return sum(product.cents * quantity for product, quantity in lines)


class Bill(NamedTuple):
    """What an order costs: `total` is goods minus discount plus shipping plus tax."""

    goods: int
    discount: int
    shipping: int
    tax: int

    @property
    def total(self) -> int:
        """What is paid."""
        return self.goods - self.discount + self.shipping + self.tax


def bill(lines: list[Line], market: Market, percent: int) -> Bill:
    """The bill for a cart sent to a market, with a coupon of so many percent; halves of a cent are rounded up."""
    goods = goods_value(lines)
    discount = (goods * percent + 50) // 100
    shipping = 0 if goods - discount >= FREE_SHIPPING_FROM else market.shipping
    tax = ((goods - discount) * market.tax + 500) // 1000
    return Bill(goods, discount, shipping, tax)


class Refund(NamedTuple):
    """Lines that come back, and what is paid for them."""

    lines: list[Line]
    amount: int


def refund(lines: list[Line], paid: Bill, rng: Random) -> Refund:
    """A refund of a whole order, shipping included, or of some of its lines at the price that was paid for them."""
    if len(lines) == 1 or rng.random() < 0.4:
        return Refund(lines, paid.total)
    returned = rng.sample(lines, rng.randrange(1, len(lines)))
    return Refund(returned, (paid.total - paid.shipping) * goods_value(returned) // paid.goods)
