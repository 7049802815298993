"""The event types of the shop, as msgspec types. docs/your-own-events.md says how to add a type, a field or a version.

Names follow Segment's e-commerce specification (https://segment.com/docs/connections/spec/ecommerce/v2/): snake case,
past tense. Unknown fields are accepted, because producers deploy before we do; every known field is strict.

`Meta(description=…)` is the single source of the field descriptions in the generated BigQuery schemas, dbt sources
and event reference.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from event_contract.countries import Country
from event_contract.limits import MAX_ID_CHARACTERS, MAX_ITEMS, MAX_QUANTITY, MAX_TEXT_CHARACTERS
from event_contract.registry import event_type, registered_versions

PERSONAL: Final = {"personal": True}
"""`Meta.extra` of a field that says something about a person by itself, like a name or an address."""
PSEUDONYMOUS: Final = {"personal": "pseudonymous"}
"""`Meta.extra` of a field that says something about a person only together with other data, like a user id."""
NOT_PERSONAL: Final = {"personal": False}
"""`Meta.extra` of a field that describes things, amounts or codes. Every field has one of the three: a test fails otherwise."""

NOT_OF_ONE_DIGIT: Final = r"(?!(.)(?:\1|-)*\Z)"
"""In a pattern: not one digit over and over. The nil UUID and its like are what a producer sends that makes no ids."""
EventId = Annotated[
    str,
    Meta(
        pattern=rf"\A{NOT_OF_ONE_DIGIT}[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{12}}\Z",
        examples=["5f8d6a1e-3c47-4b0e-9f8a-2d1c6b7e4a90"],
        extra={"rule": "UUID with hyphens, not of one digit only", "personal": False},
    ),
]
Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARACTERS)]
Text = Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)]
Path = Annotated[
    str,
    Meta(
        pattern=r"\A/",
        examples=["/kitchen/mugs"],
        max_length=MAX_TEXT_CHARACTERS,
        extra={"rule": "starts with `/`, up to 512 characters", "personal": False},
    ),
]
Money = Annotated[
    str,
    Meta(
        pattern=r"\A(?:0|[1-9][0-9]{0,11})\.[0-9]{2}\Z",
        examples=["9.90"],
        extra={"rule": "decimal string with two decimals", "personal": False, "staged": "money"},
    ),
]
"""A decimal string with two decimals: a JSON number would pass through a binary float in most readers."""
Currency = Annotated[
    str,
    Meta(pattern=r"\A[A-Z]{3}\Z", examples=["EUR"], extra={"rule": "three capital letters", "personal": False}),
]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Timestamp = Annotated[
    str, Meta(examples=["2026-11-22T09:59:58.250Z"], extra={"rule": "RFC 3339 with offset", "personal": False})
]
"""RFC 3339 with an offset. Text here: `partitions.locate` tells its faults apart and finds the day in one go."""

Device = Literal["mobile", "desktop", "tablet"]
PageType = Literal["home", "category", "search", "product", "cart", "checkout", "account", "content"]
Channel = Literal["search", "social", "display", "email", "affiliate", "video"]
SignupMethod = Literal["email", "google", "apple"]
PaymentMethod = Literal["card", "paypal", "bank_transfer", "gift_card"]
RefundReason = Literal["damaged", "wrong_item", "not_as_described", "changed_mind", "late_delivery"]


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a cart, an order or a refund."""

    product_id: Annotated[Id, Meta(description="Product, unique in the catalogue.", extra=NOT_PERSONAL)]
    product_name: Annotated[
        Text, Meta(description="Name of the product when the event happened.", examples=["Mug"], extra=NOT_PERSONAL)
    ]
    category: Annotated[
        Text,
        Meta(description="Category of the product when the event happened.", examples=["Kitchen"], extra=NOT_PERSONAL),
    ]
    quantity: Annotated[
        Quantity, Meta(description="Pieces of this product, 1 to 1000.", examples=[2], extra=NOT_PERSONAL)
    ]
    unit_price: Annotated[Money, Meta(description="Price of one piece, in the event's currency, before discounts.")]


Items = Annotated[list[Item], Meta(min_length=1, max_length=MAX_ITEMS)]


class Event(Struct, tag_field="event_type", frozen=True, kw_only=True, gc=False):
    """The envelope that every event has."""

    event_id: Annotated[EventId, Meta(description="UUID of the event; the warehouse holds each one once.")]
    schema_version: Annotated[
        Literal[1], Meta(description="Version of the event type; 1 when absent.", extra=NOT_PERSONAL)
    ] = 1
    timestamp: Annotated[
        Timestamp, Meta(description="When it happened, by the device's clock; its UTC date is the partition.")
    ]
    user_id: Annotated[
        Id | None, Meta(description="Registered user, or null before registration or log-in.", extra=PSEUDONYMOUS)
    ]
    anonymous_id: Annotated[
        Id, Meta(description="Browser or app installation, stable across sessions.", extra=PSEUDONYMOUS)
    ]
    session_id: Annotated[Id, Meta(description="Visit; a session may cross midnight.", extra=PSEUDONYMOUS)]
    device: Annotated[Device, Meta(description="Kind of device.", extra=NOT_PERSONAL)]
    location: Annotated[
        Country, Meta(description="Country of the visitor, ISO 3166-1 alpha-2.", examples=["DE"], extra=PSEUDONYMOUS)
    ]


class _ProductFields(Event, frozen=True, kw_only=True, gc=False):
    product_id: Annotated[Id, Meta(description="Product, unique in the catalogue.", extra=NOT_PERSONAL)]
    product_name: Annotated[
        Text, Meta(description="Name of the product when the event happened.", examples=["Mug"], extra=NOT_PERSONAL)
    ]
    category: Annotated[
        Text,
        Meta(description="Category of the product when the event happened.", examples=["Kitchen"], extra=NOT_PERSONAL),
    ]
    unit_price: Annotated[Money, Meta(description="Price of one piece, in the event's currency.")]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]


class _CartLineFields(_ProductFields, frozen=True, kw_only=True, gc=False):
    cart_id: Annotated[Id, Meta(description="Cart the line belongs to; it may outlive a session.", extra=NOT_PERSONAL)]
    quantity: Annotated[
        Quantity, Meta(description="Pieces moved by this event, 1 to 1000.", examples=[2], extra=NOT_PERSONAL)
    ]


@event_type
class UserRegistered(Event, tag="user_registered", frozen=True, kw_only=True, gc=False):
    """A visitor opened an account. The only event with personal data."""

    user_id: Annotated[Id, Meta(description="The new user.", extra=PSEUDONYMOUS)]
    name: Annotated[Text, Meta(description="Full name. Personal data.", examples=["Zoë Müller"], extra=PERSONAL)]
    email: Annotated[
        Text, Meta(description="E-mail address. Personal data.", examples=["zoe@example.com"], extra=PERSONAL)
    ]
    address: Annotated[Text, Meta(description="Street address. Personal data.", examples=["1 High St"], extra=PERSONAL)]
    city: Annotated[Text, Meta(description="City. Personal data.", examples=["Köln"], extra=PERSONAL)]
    postal_code: Annotated[Text, Meta(description="Postal code. Personal data.", examples=["50667"], extra=PERSONAL)]
    signup_method: Annotated[SignupMethod, Meta(description="How the account was opened.", extra=NOT_PERSONAL)]
    marketing_opt_in: Annotated[
        bool, Meta(description="Whether the user agreed to marketing messages.", extra=NOT_PERSONAL)
    ]


@event_type
class PageViewed(Event, tag="page_viewed", frozen=True, kw_only=True, gc=False):
    """A page was shown."""

    page_path: Annotated[Path, Meta(description="Path of the page, starting with a slash, without host and query.")]
    page_type: Annotated[PageType, Meta(description="Kind of page.", extra=NOT_PERSONAL)]
    referrer: Annotated[
        Text | None,
        Meta(
            description="Host that the visitor came from, or null.", examples=["search.example.org"], extra=NOT_PERSONAL
        ),
    ]


@event_type
class ProductViewed(_ProductFields, tag="product_viewed", frozen=True, kw_only=True, gc=False):
    """A product's page was shown."""


@event_type
class AdClicked(Event, tag="ad_clicked", frozen=True, kw_only=True, gc=False):
    """A visitor came by clicking an ad."""

    campaign_id: Annotated[Id, Meta(description="Campaign that the ad belongs to.", extra=NOT_PERSONAL)]
    ad_id: Annotated[Id, Meta(description="The ad, unique in its campaign.", extra=NOT_PERSONAL)]
    channel: Annotated[Channel, Meta(description="Marketing channel.", extra=NOT_PERSONAL)]
    landing_path: Annotated[Path, Meta(description="Path of the page that the ad leads to.")]


@event_type
class ProductAdded(_CartLineFields, tag="product_added", frozen=True, kw_only=True, gc=False):
    """A product was put into a cart."""


@event_type
class ProductRemoved(_CartLineFields, tag="product_removed", frozen=True, kw_only=True, gc=False):
    """A product was taken out of a cart."""


@event_type
class CheckoutStarted(Event, tag="checkout_started", frozen=True, kw_only=True, gc=False):
    """A visitor began to check out."""

    cart_id: Annotated[Id, Meta(description="Cart being checked out.", extra=NOT_PERSONAL)]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines of the cart.", extra=NOT_PERSONAL)]
    subtotal: Annotated[Money, Meta(description="Sum of quantity times unit price over the items.", examples=["19.80"])]


@event_type
class OrderCompleted(Event, tag="order_completed", frozen=True, kw_only=True, gc=False):
    """An order was placed and paid."""

    order_id: Annotated[Id, Meta(description="Order, unique in the shop.", extra=NOT_PERSONAL)]
    cart_id: Annotated[Id, Meta(description="Cart that became the order.", extra=NOT_PERSONAL)]
    currency: Annotated[Currency, Meta(description="Currency of the amounts, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines of the order.", extra=NOT_PERSONAL)]
    discount: Annotated[Money, Meta(description="Taken off the items' sum, as a positive amount.", examples=["5.00"])]
    shipping: Annotated[Money, Meta(description="Charged for shipping.", examples=["4.90"])]
    tax: Annotated[Money, Meta(description="Tax added on top.", examples=["3.15"])]
    total: Annotated[
        Money, Meta(description="Items' sum minus discount plus shipping plus tax: what was paid.", examples=["22.85"])
    ]
    coupon: Annotated[
        Text | None, Meta(description="Coupon code used, or null.", examples=["AUTUMN10"], extra=NOT_PERSONAL)
    ]
    payment_method: Annotated[PaymentMethod, Meta(description="How it was paid.", extra=NOT_PERSONAL)]


@event_type
class OrderRefunded(Event, tag="order_refunded", frozen=True, kw_only=True, gc=False):
    """An order was refunded, wholly or in part."""

    order_id: Annotated[Id, Meta(description="Order refunded.", extra=NOT_PERSONAL)]
    refund_id: Annotated[
        Id, Meta(description="Refund, unique in the shop; an order may have several.", extra=NOT_PERSONAL)
    ]
    currency: Annotated[Currency, Meta(description="Currency of the amount, ISO 4217.")]
    items: Annotated[Items, Meta(description="Lines returned.", extra=NOT_PERSONAL)]
    amount: Annotated[Money, Meta(description="Amount paid back, as a positive amount.", examples=["19.80"])]
    reason: Annotated[RefundReason, Meta(description="Why.", extra=NOT_PERSONAL)]


EVENT_VERSIONS: Final[dict[str, dict[int, type[Event]]]] = registered_versions()
"""The versions of every event type, by the name in `event_type`: the newest, and the one before it where it is kept."""
EVENT_TYPES: Final[dict[str, type[Event]]] = {
    name: versions[max(versions)] for name, versions in EVENT_VERSIONS.items()
}
"""The newest version of every event type, in the order of a visit."""

RESERVED_FIELD: Final = "_ingest"
"""Key that the pipeline adds to every line of the lake; no message may bring it."""
