"""What is in quarantine, in counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lake_cli.quarantine.reading import Refused
from lake_cli.quarantine.records import Sent


@dataclass
class Summary:
    """Counts of quarantined messages.

    Attributes:
        by_code: per reason code, all messages.
        sent_again: per reason code, those that have been replayed since.
        by_field: per reason code and path of the field at fault (None: no single field).
        by_hour: per hour of publishing, `2026-11-22T10`.
        by_attempt: per number of times that a message had been replayed when it was refused.
    """

    by_code: Counter[str] = field(default_factory=Counter)
    sent_again: Counter[str] = field(default_factory=Counter)
    by_field: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    by_hour: Counter[str] = field(default_factory=Counter)
    by_attempt: Counter[int] = field(default_factory=Counter)

    @property
    def messages(self) -> int:
        """All of them."""
        return self.by_code.total()


def sum_up(messages: Iterable[Refused], sent: Sent) -> Summary:
    """Counts messages."""
    summary = Summary()
    for refused in messages:
        envelope = refused.envelope
        summary.by_code[envelope.code] += 1
        summary.by_field[envelope.code, envelope.field] += 1
        summary.by_hour[envelope.publish_time[:13]] += 1
        summary.by_attempt[refused.attempt] += 1
        if (refused.case, refused.attempt + 1) in sent:
            summary.sent_again[envelope.code] += 1
    return summary
