"""The programs that send the events. Each writes valid events in its own way, as the readers must bear."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import Any, Final, NamedTuple

from producer.timestamps import (
    Stamp,
    local_to_the_millisecond,
    utc_to_the_microsecond,
    utc_to_the_millisecond,
    utc_to_the_second,
)


class Client(NamedTuple):
    """One program.

    Attributes:
        stamp: how it writes instants.
        uppercase_ids: it writes UUIDs in upper case, as Apple's libraries do.
        extra: fields it adds to each event: `schema_version`, or what the contract does not know yet.
    """

    stamp: Stamp
    uppercase_ids: bool
    extra: Mapping[str, Any]


_VERSIONED: Final = {"schema_version": 1}

WEB: Final = Client(utc_to_the_microsecond, uppercase_ids=False, extra=_VERSIONED)
ANDROID: Final = Client(utc_to_the_millisecond, uppercase_ids=False, extra=_VERSIONED)
IOS: Final = Client(local_to_the_millisecond, uppercase_ids=True, extra=_VERSIONED)
BETA: Final = Client(utc_to_the_millisecond, uppercase_ids=False, extra=_VERSIONED | {"app_version": "6.0.0-beta.2"})
"""An app that was deployed before the contract learned its new field."""
KIOSK: Final = Client(utc_to_the_second, uppercase_ids=False, extra={})
"""Screens in shop windows, from before events had versions."""

_SETUPS: Final = (
    ("desktop", WEB, 38),
    ("desktop", KIOSK, 3),
    ("mobile", WEB, 22),
    ("mobile", ANDROID, 16),
    ("mobile", IOS, 11),
    ("mobile", BETA, 2),
    ("tablet", WEB, 5),
    ("tablet", IOS, 3),
)
_WEIGHTS: Final = tuple(accumulate(weight for _, _, weight in _SETUPS))


def pick_setup(rng: Random) -> tuple[str, Client]:
    """A device of the contract, and the program on it."""
    device, client, _ = _SETUPS[bisect_right(_WEIGHTS, rng.random() * _WEIGHTS[-1])]
    return device, client
