"""A message as the job sees it, wherever it came from."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:  # commands that only read quarantine start without Beam
    from apache_beam.io.gcp.pubsub import PubsubMessage

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Message(NamedTuple):
    """One published message. `publish_micros` is its publish time in microseconds since the epoch (UTC)."""

    data: bytes
    message_id: str
    publish_micros: int
    attributes: Mapping[str, str] = {}
    ordering_key: str = ""


def from_pubsub(message: "PubsubMessage") -> Message:
    """The message that `ReadFromPubSub(with_attributes=True)` delivers, as ours."""
    return Message(
        message.data or b"",
        message.message_id or "",
        micros(message.publish_time),
        message.attributes or {},
        message.ordering_key or "",
    )


def micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly; a naive one counts as UTC, as Beam's do."""
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - EPOCH) // MICROSECOND


def now_micros() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


def micros_of(text: str) -> int:
    """The inverse of `rfc3339`.

    Raises:
        ValueError: the text is not an RFC 3339 instant.
    """
    return micros(datetime.fromisoformat(text))


def rfc3339(instant_micros: int) -> str:
    """An instant as `2026-11-22T10:00:00.123456Z`."""
    seconds, micros_within = divmod(instant_micros, 1_000_000)
    return f"{to_the_second(seconds)}{micros_within:06d}Z"


@lru_cache(maxsize=4096)
def to_the_second(seconds: int) -> str:
    """Seconds since the epoch as `2026-11-22T10:00:00.`, the beginning of an instant in that second."""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.")


@lru_cache(maxsize=4096)
def hive_date(instant_micros: int) -> str:
    """The UTC date of an instant as Hive keys: `year=2026/month=11/day=22`."""
    instant = EPOCH + instant_micros * MICROSECOND
    return f"year={instant.year:04d}/month={instant.month:02d}/day={instant.day:02d}"
