"""What fields that may be absent cost the proof that a message keeps the contract, beside an event that has none of them.

    python -m benchmarks.optional_fields

The smallest event, as a type with five optional texts (with colons in them, like addresses have) and as a type without. The
cases take turns in short rounds of CPU time. A case's share is the median over rounds of its time by that of the case without in
the same round, for a machine that is busy, or clocks up and down, does so for both. Exits with 1 if a bar is missed.
"""

import json
import sys
import time
from itertools import repeat
from statistics import median
from typing import Annotated, Final

from msgspec import Meta

from benchmarks.figures import Bar
from event_contract import EVENT_VERSIONS, acceptance
from event_contract.events import NOT_PERSONAL, PageViewed, Text

_ROUNDS: Final = 200
_A_ROUND: Final = 1_000
_MOST: Final = 1.25

_Optional = Annotated[Text | None, Meta(description="A text that may be absent.", extra=NOT_PERSONAL)]


class _WithOptional(PageViewed, tag="page_viewed", frozen=True, kw_only=True, gc=False):
    """Five texts that may be absent."""

    title: _Optional = None
    canonical_url: _Optional = None
    image_url: _Optional = None
    source_url: _Optional = None
    section: _Optional = None


_PUBLISHED: Final = 1_795_341_600_000_000
_EVENT: Final = {
    "event_id": "5f8d6a1e-3c47-4b0e-9f8a-2d1c6b7e4a90",
    "event_type": "page_viewed",
    "schema_version": 1,
    "timestamp": "2026-11-22T09:59:58.250Z",
    "user_id": None,
    "anonymous_id": "a-1",
    "session_id": "s-1",
    "device": "mobile",
    "location": "DE",
    "page_path": "/kitchen/mugs",
    "page_type": "category",
    "referrer": "search.example.org",
}
_TEXTS: Final = {
    "title": "Sale: everything",
    "canonical_url": "https://example.org:8080/sale",
    "image_url": "https://example.org/x.png",
    "source_url": "https://a.example/",
    "section": "a:b",
}
_BASE: Final = "type without, event without"
_CASES: Final[dict[str, dict[str, str | None]]] = {
    "five optional, event with none": {},
    "five optional, event with all": dict(_TEXTS),
    "five optional, event with one": {"title": _TEXTS["title"]},
    "five optional, all of them null": dict.fromkeys(_TEXTS),
}


def measure() -> dict[str, list[float]]:
    """Nanoseconds of CPU that one message takes, by case and round."""
    with_optional = acceptance.decoder_of({**EVENT_VERSIONS, "page_viewed": {1: _WithOptional}}, 0)
    payloads = {name: json.dumps({**_EVENT, **more}, separators=(",", ":")).encode() for name, more in _CASES.items()}
    cases = {_BASE: (acceptance._decode_newest, json.dumps(_EVENT, separators=(",", ":")).encode())}
    cases |= {name: (with_optional, payload) for name, payload in payloads.items()}
    taken: dict[str, list[float]] = {name: [] for name in cases}
    own = acceptance._decode_newest
    try:
        for _ in range(_ROUNDS):
            for name, (decode, payload) in cases.items():
                acceptance._decode_newest = decode  # type: ignore[misc]
                assert acceptance.accept(payload, _PUBLISHED), name
                started = time.thread_time_ns()
                for _ in repeat(None, _A_ROUND):
                    acceptance.accept(payload, _PUBLISHED)
                taken[name].append((time.thread_time_ns() - started) / _A_ROUND)
    finally:
        acceptance._decode_newest = own  # type: ignore[misc]
    return taken


def main() -> int:
    taken = measure()
    shares = {
        name: median(one / base for one, base in zip(found, taken[_BASE], strict=True)) for name, found in taken.items()
    }
    for name, found in taken.items():
        print(f"{name:32} {min(found):6,.0f} ns  x{shares[name]:.2f}")
    bars = [Bar(name, shares[name], _MOST, at_most=True) for name in list(_CASES)[:2]]
    for bar in bars:
        print(bar.line())
    return 0 if all(bar.reached for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
