"""The nine event types of the shop, as msgspec types.

Names follow Segment's e-commerce specification (https://segment.com/docs/connections/spec/ecommerce/v2/): snake case,
past tense. Unknown fields are accepted, because producers deploy before we do; every known field is strict.

``Meta(description=…)`` is the single source of the field descriptions in the generated BigQuery schemas, dbt sources
and event reference.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from event_contract.countries import Country
from event_contract.limits import MAX_ID_CHARACTERS, MAX_ITEMS, MAX_QUANTITY, MAX_TEXT_CHARACTERS

SCHEMA_VERSIONS: Final = (1,)

EventId = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z",
        extra={"rule": "UUID with hyphens"},
    ),
]
Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARACTERS)]
Text = Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)]
Path = Annotated[
    str, Meta(pattern=r"\A/", max_length=MAX_TEXT_CHARACTERS, extra={"rule": "starts with `/`, up to 512 characters"})
]
Money = Annotated[
    str, Meta(pattern=r"\A(?:0|[1-9][0-9]{0,11})\.[0-9]{2}\Z", extra={"rule": "decimal string with two decimals"})
]
"""A decimal string with two decimals: a JSON number would pass through a binary float in most readers."""
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", extra={"rule": "three capital letters"})]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Timestamp = Annotated[str, Meta(extra={"rule": "RFC 3339 with offset"})]
"""RFC 3339 with an offset. Text here: `partitions.locate` tells its faults apart and finds the day in one go."""

Device = Literal["mobile", "desktop", "tablet"]
PageType = Literal["home", "category", "search", "product", "cart", "checkout", "account", "content"]
Channel = Literal["search", "social", "display", "email", "affiliate", "video"]
SignupMethod = Literal["email", "google", "apple"]
PaymentMethod = Literal["card", "paypal", "bank_transfer", "gift_card"]
RefundReason = Literal["damaged", "wrong_item", "not_as_described", "changed_mind", "late_delivery"]


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a cart, an order or a refund."""

    product_id: Annotated[Id, Meta(description="Product, unique in the catalogue.")]
    product_name: Annotated[Text, Meta(description="Name of the product when the event happened.")]
    category: Annotated[Text, Meta(description="Category of the product when the event happened.")]
    quantity: Annotated[Quantity, Meta(description="Pieces of this product, 1 to 1000.")]
    unit_price: Annotated[Money, Meta(description="Price of one piece, in the event's currency, before discounts.")]


Items = Annotated[list[Item], Meta(min_length=1, max_length=MAX_ITEMS)]


class Event(Struct, tag_field="event_type", frozen=True, kw_only=True, gc=False):
    """The envelope that every event has."""

    event_id: Annotated[EventId, Meta(description="UUID of the event; the warehouse holds each one once.")]
    schema_version: Annotated[Literal[1], Meta(description="Version of the event type; 1 when absent.")] = 1
    timestamp: Annotated[
        Timestamp, Meta(description="When it happened, by the device's clock; its UTC date is the partition.")
    ]
    user_id: Annotated[Id | None, Meta(description="Registered user, or null before registration or log-in.")]
    anonymous_id: Annotated[Id, Meta(description="Browser or app installation, stable across sessions.")]
    session_id: Annotated[Id, Meta(description="Visit; a session may cross midnight.")]
    device: Annotated[Device, Meta(description="Kind of device.")]
    location: Annotated[Country, Meta(description="Country of the visitor, ISO 3166-1 alpha-2.")]


class _ProductFields(Event, frozen=True, kw_only=True, gc=False):
    product_id: Annotated[Id, Meta(description="Product, unique in the catalogue.")]
    product_name: Annotated[Text, Meta(description="Name of the product when the event happened.")]
    category: Annotated[Text, Meta(description="Category of the product when the event happened.")]
    unit_price: Annotated[Money, Meta(description="Price of one piece, in the event's currency.")]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]


class _CartLineFields(_ProductFields, frozen=True, kw_only=True, gc=False):
    cart_id: Annotated[Id, Meta(description="Cart the line belongs to; it may outlive a session.")]
    quantity: Annotated[Quantity, Meta(description="Pieces moved by this event, 1 to 1000.")]


class UserRegistered(Event, tag="user_registered", frozen=True, kw_only=True, gc=False):
    """A visitor opened an account. The only event with personal data."""

    user_id: Annotated[Id, Meta(description="The new user.")]
    name: Annotated[Text, Meta(description="Full name. Personal data.")]
    email: Annotated[Text, Meta(description="E-mail address. Personal data.")]
    address: Annotated[Text, Meta(description="Street address. Personal data.")]
    city: Annotated[Text, Meta(description="City. Personal data.")]
    postal_code: Annotated[Text, Meta(description="Postal code. Personal data.")]
    signup_method: Annotated[SignupMethod, Meta(description="How the account was opened.")]
    marketing_opt_in: Annotated[bool, Meta(description="Whether the user agreed to marketing messages.")]


class PageViewed(Event, tag="page_viewed", frozen=True, kw_only=True, gc=False):
    """A page was shown."""

    page_path: Annotated[Path, Meta(description="Path of the page, starting with a slash, without host and query.")]
    page_type: Annotated[PageType, Meta(description="Kind of page.")]
    referrer: Annotated[Text | None, Meta(description="Host that the visitor came from, or null.")]


class ProductViewed(_ProductFields, tag="product_viewed", frozen=True, kw_only=True, gc=False):
    """A product's page was shown."""


class AdClicked(Event, tag="ad_clicked", frozen=True, kw_only=True, gc=False):
    """A visitor came by clicking an ad."""

    campaign_id: Annotated[Id, Meta(description="Campaign that the ad belongs to.")]
    ad_id: Annotated[Id, Meta(description="The ad, unique in its campaign.")]
    channel: Annotated[Channel, Meta(description="Marketing channel.")]
    landing_path: Annotated[Path, Meta(description="Path of the page that the ad leads to.")]


class ProductAdded(_CartLineFields, tag="product_added", frozen=True, kw_only=True, gc=False):
    """A product was put into a cart."""


class ProductRemoved(_CartLineFields, tag="product_removed", frozen=True, kw_only=True, gc=False):
    """A product was taken out of a cart."""


class CheckoutStarted(Event, tag="checkout_started", frozen=True, kw_only=True, gc=False):
    """A visitor began to check out."""

    cart_id: Annotated[Id, Meta(description="Cart being checked out.")]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines of the cart.")]
    subtotal: Annotated[Money, Meta(description="Sum of quantity times unit price over the items.")]


class OrderCompleted(Event, tag="order_completed", frozen=True, kw_only=True, gc=False):
    """An order was placed and paid."""

    order_id: Annotated[Id, Meta(description="Order, unique in the shop.")]
    cart_id: Annotated[Id, Meta(description="Cart that became the order.")]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines of the order.")]
    discount: Annotated[Money, Meta(description="Taken off the items' sum, as a positive amount.")]
    shipping: Annotated[Money, Meta(description="Charged for shipping.")]
    tax: Annotated[Money, Meta(description="Tax added on top.")]
    total: Annotated[Money, Meta(description="Items' sum minus discount plus shipping plus tax: what was paid.")]
    coupon: Annotated[Text | None, Meta(description="Coupon code used, or null.")]
    payment_method: Annotated[PaymentMethod, Meta(description="How it was paid.")]


class OrderRefunded(Event, tag="order_refunded", frozen=True, kw_only=True, gc=False):
    """An order was refunded, wholly or in part."""

    order_id: Annotated[Id, Meta(description="Order refunded.")]
    refund_id: Annotated[Id, Meta(description="Refund, unique in the shop; an order may have several.")]
    currency: Annotated[Currency, Meta(description="Currency of the amount, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines returned.")]
    amount: Annotated[Money, Meta(description="Amount paid back, as a positive amount.")]
    reason: Annotated[RefundReason, Meta(description="Why.")]


AnyEvent = (
    UserRegistered
    | PageViewed
    | ProductViewed
    | AdClicked
    | ProductAdded
    | ProductRemoved
    | CheckoutStarted
    | OrderCompleted
    | OrderRefunded
)

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    "user_registered": UserRegistered,
    "page_viewed": PageViewed,
    "product_viewed": ProductViewed,
    "ad_clicked": AdClicked,
    "product_added": ProductAdded,
    "product_removed": ProductRemoved,
    "checkout_started": CheckoutStarted,
    "order_completed": OrderCompleted,
    "order_refunded": OrderRefunded,
}
"""Every event type by the name that stands in ``event_type``, in the order of a visit."""

RESERVED_FIELD: Final = "_ingest"
"""Key that the pipeline adds to every line of the lake; no message may bring it."""
