"""What a poison kind is."""

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from event_contract import ErrorCode

Fields = dict[str, Any]
"""An event as the contract describes it."""

Recipe = Callable[[Fields, Random], bytes]
"""Makes the bytes of a poison message from a valid event, which it must not change. They never hold a newline byte, so
that a poison message is one line of a file, too."""

ORDER: Final = frozenset({"order_completed"})
CHECKOUT: Final = frozenset({"checkout_started"})
WITH_ITEMS: Final = frozenset({"checkout_started", "order_completed", "order_refunded"})
PRICED: Final = frozenset({"product_viewed", "product_added", "product_removed"})
CART_LINE: Final = frozenset({"product_added", "product_removed"})

encode: Final = msgspec.json.Encoder().encode


class PoisonKind(NamedTuple):
    """One way to break the contract.

    Attributes:
        name: the message's `kind`.
        code: the reason code that validation must find.
        recipe: makes the bytes.
        needs: event types that it can be made from; None for all.
        every: comes up in one of so many rounds of all kinds. More than 1 for kinds that are costly to send.
    """

    name: str
    code: ErrorCode
    recipe: Recipe
    needs: frozenset[str] | None = None
    every: int = 1
