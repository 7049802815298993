"""A simulated week of the shop, as tests look at it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producer import Message

MONDAY = datetime(2026, 10, 19, tzinfo=UTC)


@dataclass(frozen=True)
class Week:
    """Messages as published, and events as the shop lived them.

    `events` are the valid ones, each once, by their own time; `at` is added to each: its instant, in UTC.
    """

    messages: list[Message]
    events: list[dict[str, Any]]

    def of_type(self, *event_types: str) -> list[dict[str, Any]]:
        """Events of some types."""
        return [event for event in self.events if event["event_type"] in event_types]

    def by(self, field: str) -> dict[str, list[dict[str, Any]]]:
        """Events that have a field, grouped by it."""
        groups = defaultdict(list)
        for event in self.events:
            if field in event:
                groups[event[field]].append(event)
        return dict(groups)
