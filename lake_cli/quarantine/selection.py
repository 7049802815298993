"""Which of the quarantined messages a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from event_contract import EVENT_TYPES, ErrorCode
from lake_cli.errors import LakeError
from lake_cli.quarantine.reading import Refused, read_refused

_SHORTEST_BEGINNING: Final = 6  # of a fingerprint; shorter ones would soon name several messages


@dataclass(frozen=True)
class Selection:
    """Filters that a message must all pass; an empty one lets everything through.

    Attributes:
        since, until: publish times, the second one excluded; RFC 3339 in UTC, which orders like text.
        text: anywhere in payload, reason, field or message id, whatever the case.
        ids: message ids, or beginnings of fingerprints.
    """

    codes: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    text: str | None = None
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_known("--code", self.codes, [code.value for code in ErrorCode])
        _check_known("--event-type", self.event_types, list(EVENT_TYPES))

    def read(self, root: str) -> Iterator[Refused]:
        """The messages of a quarantine that pass."""
        return filter(self.takes, read_refused(root, self.codes))

    def takes(self, refused: Refused) -> bool:
        """Whether a message passes."""
        envelope = refused.envelope
        if self.codes and envelope.code not in self.codes:
            return False
        if self.fields and envelope.field not in self.fields:
            return False
        if self.since is not None and envelope.publish_time < self.since:
            return False
        if self.until is not None and envelope.publish_time >= self.until:
            return False
        if self.ids and not any(_names(given, refused) for given in self.ids):
            return False
        if self.event_types and refused.event_type not in self.event_types:
            return False
        return self.text is None or _holds(self.text, refused)


def instant(option: str, text: str | None) -> str | None:
    """A date or an RFC 3339 instant from the command line, as publish times are written.

    Raises:
        LakeError: it is neither.
    """
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise LakeError(
            f"{option} {text!r} is no time: write a date (2026-11-22) or an instant (2026-11-22T10:00:00Z)"
        ) from None
    aware = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _names(given: str, refused: Refused) -> bool:
    if refused.envelope.message_id == given:
        return True
    return len(given) >= _SHORTEST_BEGINNING and refused.envelope.fingerprint.startswith(given)


def _holds(text: str, refused: Refused) -> bool:
    sought = text.casefold()
    envelope = refused.envelope
    if any(sought in (part or "").casefold() for part in (envelope.message, envelope.field, envelope.message_id)):
        return True
    return sought in refused.payload.decode("utf-8", "replace").casefold()


def _check_known(option: str, given: tuple[str, ...], known: list[str]) -> None:
    for name in given:
        if name not in known:
            raise LakeError(f"{option} {name!r} is not one of {', '.join(known)}")
