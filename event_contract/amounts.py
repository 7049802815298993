"""Do the amounts of an event add up? Exact arithmetic in minor units (cents), never a float."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.events import CheckoutStarted, Event, Item, OrderCompleted


def minor_units(money: str) -> int:
    """An amount as the contract writes it, in minor units: `"19.99"` is 1999."""
    return int(money[:-3] + money[-2:])


def money(minor: int) -> str:
    """Minor units as the contract writes amounts: 1999 is `"19.99"`; negative amounts have a leading minus."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d}"


def items_sum(items: list[Item]) -> int:
    """Sum of quantity times unit price over the items, in minor units."""
    return sum(item.quantity * minor_units(item.unit_price) for item in items)


def check_order_total(order: OrderCompleted) -> Rejection | None:
    """`total` must be the items' sum minus discount plus shipping plus tax, to the cent."""
    due = items_sum(order.items) - minor_units(order.discount) + minor_units(order.shipping) + minor_units(order.tax)
    if due == minor_units(order.total):
        return None
    return reject(
        ErrorCode.INCONSISTENT_TOTAL,
        f"total is {order.total}, but items - discount + shipping + tax is {money(due)}",
        "total",
    )


def check_subtotal(checkout: CheckoutStarted) -> Rejection | None:
    """`subtotal` must be the items' sum, to the cent."""
    due = items_sum(checkout.items)
    if due == minor_units(checkout.subtotal):
        return None
    return reject(
        ErrorCode.INCONSISTENT_TOTAL,
        f"subtotal is {checkout.subtotal}, but the items add up to {money(due)}",
        "subtotal",
    )


AMOUNT_CHECKS: Final[Mapping[type[Event], Callable[[Any], Rejection | None]]] = {
    OrderCompleted: check_order_total,
    CheckoutStarted: check_subtotal,
}
"""The check of each event type whose amounts must add up."""


def check_amounts(event: Event) -> Rejection | None:
    """What is wrong with the event's amounts, if they are of a type that must add up."""
    check = AMOUNT_CHECKS.get(type(event))
    return check(event) if check else None
