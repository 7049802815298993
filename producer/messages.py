"""What the shop tells (`ShopEvent`), and what goes over the wire (`Message`)."""

from typing import Any, Final, NamedTuple

from event_contract import ErrorCode

VALID: Final = "valid"
LATE: Final = "late"
OUT_OF_ORDER: Final = "out_of_order"
DUPLICATE: Final = "duplicate"
DELIVERIES: Final = (VALID, LATE, OUT_OF_ORDER, DUPLICATE)
"""Kinds of message that the contract accepts; every other kind is a poison kind."""


class ShopEvent(NamedTuple):
    """Something that happened in the shop.

    Attributes:
        instant: when, in microseconds since the epoch.
        fields: the event as the contract describes it, ready to encode.
        referred_to: a later event names this one (an order that is refunded). It is never poisoned: in the lake, every
            refund finds its order.
    """

    instant: int
    fields: dict[str, Any]
    referred_to: bool = False


class Message(NamedTuple):
    """One message to publish.

    Attributes:
        data: the bytes.
        event_id: of the event, or of the event that a poison message was made from.
        event_type: likewise; what the publisher believes it sends.
        kind: `valid`, `late`, `out_of_order`, `duplicate`, or the name of a poison kind.
        expected_code: the reason code that validation must find; None if it must find nothing wrong.
        date: UTC date of the event, `YYYY-MM-DD`, where its partition is; None for poison.
    """

    data: bytes
    event_id: str
    event_type: str
    kind: str
    expected_code: ErrorCode | None
    date: str | None

    @property
    def attributes(self) -> dict[str, str]:
        """The Pub/Sub attributes it is published with."""
        return {"event_id": self.event_id, "event_type": self.event_type}
