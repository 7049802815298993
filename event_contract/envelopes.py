"""Recognises messages of other systems, so that their refusal says more than "event_type is absent"."""

from collections.abc import Mapping
from typing import Any, Final

# What each system's messages have, by the documentation of its format.
_MARKS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("CloudEvents envelope", frozenset({"specversion", "type", "source"})),
    ("Segment message", frozenset({"messageId", "type"})),
    ("Google Analytics 4 event", frozenset({"event_name", "event_params"})),
    ("Google Analytics 4 request of the Measurement Protocol", frozenset({"client_id", "events"})),
    ("Shopify order", frozenset({"admin_graphql_api_id", "line_items"})),
    ("Shopify object", frozenset({"admin_graphql_api_id"})),
    ("Pub/Sub push request", frozenset({"message", "subscription"})),
    ("Amazon EventBridge event", frozenset({"detail-type", "detail"})),
    ("Debezium change event", frozenset({"op", "source", "after"})),
)


def looks_like(document: Mapping[str, Any]) -> str | None:
    """The name of the format that a JSON object without `event_type` probably is, or None."""
    return next((name for name, keys in _MARKS if keys <= document.keys()), None)
