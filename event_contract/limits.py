"""Limits every event is held to, and what they protect."""

from typing import Final

MAX_MESSAGE_BYTES: Final = 262_144
"""Largest message accepted, in bytes. Readers of the lake bound the length of a line (DuckDB: 16 MiB by default)."""

MAX_NESTING_DEPTH: Final = 64
"""Deepest nesting of arrays and objects accepted. DuckDB stops at 128 and would then refuse the whole file."""

MAX_NUMBER_CHARACTERS: Final = 300
"""Longest integer literal accepted, in characters: beyond, it overflows the 64-bit float readers fall back to."""

MAX_FUTURE_MICROS: Final = 24 * 60 * 60 * 1_000_000
"""How far an event's timestamp may lie after the publish time, in microseconds: clocks drift, but not by a day."""

EARLIEST_YEAR: Final = 2000
"""Events dated before this year (UTC) come from devices with an unset clock."""

MAX_ITEMS: Final = 500
MAX_QUANTITY: Final = 1000
MAX_ID_CHARACTERS: Final = 64
MAX_TEXT_CHARACTERS: Final = 512
MAX_REASON_CHARACTERS: Final = 400
"""Longest explanation kept with a rejected message, in characters."""
