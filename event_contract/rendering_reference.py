"""The event reference page, for people."""

import inspect
import json
from collections.abc import Iterable, Iterator, Sequence

from event_contract.columns import Column, columns_of
from event_contract.errors import DESCRIPTIONS
from event_contract.events import EVENT_VERSIONS, Event, Item
from event_contract.examples import example
from event_contract.limits import MAX_MESSAGE_BYTES, MAX_NESTING_DEPTH

_INTRODUCTION = f"""\
<!-- Generated from event_contract by `make generate`: change the contract, not this file. -->
# Events

A message is one JSON object (RFC 8259, UTF-8, no byte order mark) of at most {MAX_MESSAGE_BYTES:,} bytes, nested at most
{MAX_NESTING_DEPTH} deep, no key twice in one object. Unknown fields are accepted and kept. Everything else that breaks what
stands here goes to [quarantine](#reason-codes) with its reason. How to add a type or a field:
[your-own-events.md](your-own-events.md).

Money is a decimal string with exactly two decimals, such as `"19.99"`: a JSON number would pass through a binary float in
most readers. Timestamps are RFC 3339, `YYYY-MM-DDTHH:MM:SS` with up to nine decimals, then `Z` or an offset such as
`+02:00`; they lie between the year 2000 and a day after the publish time. The lake keeps them as sent, the warehouse cuts off
what follows the sixth decimal.
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
    for event_type, versions in EVENT_VERSIONS.items():
        for version in sorted(versions, reverse=True):
            kind = versions[version]
            yield f"\n## {event_type}{f', version {version}' if len(versions) > 1 else ''}\n"
            yield f"{inspect.getdoc(kind)}\n"
            own = _own(columns_of(kind), envelope)
            if own:
                yield from _table(own)
                yield ""
            yield "```json"
            yield json.dumps(example(event_type, version), indent=2, ensure_ascii=False)
            yield "```"
    yield "\n## Items\n"
    yield "Each element of `items`, in checkouts, orders and refunds.\n"
    yield from _table(columns_of(Item))
    yield "\n## Reason codes\n"
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
