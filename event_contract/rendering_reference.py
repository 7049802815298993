"""The event reference page, for people."""

import inspect
from collections.abc import Iterable, Iterator, Sequence

from event_contract.columns import Column, columns_of
from event_contract.errors import DESCRIPTIONS
from event_contract.events import EVENT_TYPES, Event, Item
from event_contract.limits import MAX_MESSAGE_BYTES, MAX_NESTING_DEPTH

_INTRODUCTION = f"""\
<!-- Generated from event_contract by `make generate`: change the contract, not this file. -->
# Events

A message is one JSON object (RFC 8259, UTF-8, no byte order mark) of at most {MAX_MESSAGE_BYTES:,} bytes, nested at most
{MAX_NESTING_DEPTH} deep, no key twice in one object. Unknown fields are accepted and kept. Everything else that breaks what
stands here goes to [quarantine](#error-codes) with its reason.

Money is a decimal string with exactly two decimals, such as `"19.99"`: a JSON number would pass through a binary float in
most readers. Timestamps are RFC 3339, `YYYY-MM-DDTHH:MM:SS` with up to six decimals, then `Z` or an offset such as
`+02:00`; they lie between the year 2000 and a day after the publish time.
"""


def event_reference() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield "## Envelope\n"
    yield "Every event has these fields, and `event_type`, the name of its type.\n"
    envelope = columns_of(Event)
    yield from _table(envelope)
    for event_type, kind in EVENT_TYPES.items():
        yield f"\n## {event_type}\n"
        yield f"{inspect.getdoc(kind)}\n"
        yield from _table(_own(columns_of(kind), envelope))
    yield "\n## Items\n"
    yield "Each element of `items`, in checkouts, orders and refunds.\n"
    yield from _table(columns_of(Item))
    yield "\n## Error codes\n"
    yield "| code | meaning |\n|---|---|"
    for code, description in DESCRIPTIONS.items():
        yield f"| `{code}` | {description} |"


def _own(columns: Iterable[Column], envelope: Sequence[Column]) -> list[Column]:
    """What a type adds to the envelope, or narrows in it."""
    return [column for column in columns if column not in envelope]


def _table(columns: Sequence[Column]) -> Iterator[str]:
    yield "| field | type | rule | meaning |\n|---|---|---|---|"
    for column in columns:
        kind = "items" if column.kind == "record" else column.kind
        rule = column.rule + (", or null" if column.nullable else "") + ("" if column.required else "; may be absent")
        yield f"| `{column.name}` | {kind} | {rule} | {column.description} |"
