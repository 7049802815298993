"""Chooses what to spoil an event with, so that every kind comes up and the share is what was asked for."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Final

from producer.messages import Message, ShopEvent
from producer.poison.broken_bytes import BROKEN_BYTES
from producer.poison.kinds import PoisonKind
from producer.poison.wrong_fields import WRONG_FIELDS

POISON_KINDS: Final = {kind.name: kind for kind in (*BROKEN_BYTES, *WRONG_FIELDS)}
"""Every poison kind by its name."""


class Poisoner:
    """Deals the kinds like shuffled decks of cards: each once before any comes again.

    A kind that needs an event type which is rare waits for the next such event; meanwhile other kinds are dealt, so at
    most one message of each kind is owed.
    """

    def __init__(self, rng: Random) -> None:
        self.wanted: list[PoisonKind] = []
        self._rng = rng
        self._deck = _deal(rng)

    def demand(self) -> None:
        """One more poison message is to be made."""
        kind = next(self._deck)
        while kind in self.wanted:
            kind = next(self._deck)
        self.wanted.append(kind)

    def spoil(self, event: ShopEvent) -> Message | None:
        """A poison message made from the event; None if nothing that is wanted can be made from it."""
        event_type = event.fields["event_type"]
        for kind in self.wanted:
            if kind.needs is None or event_type in kind.needs:
                self.wanted.remove(kind)
                data = kind.recipe(event.fields, self._rng)
                return Message(data, event.fields["event_id"], event_type, kind.name, kind.code, None)
        return None


def _deal(rng: Random) -> Iterator[PoisonKind]:
    for number in count():
        deck = [kind for kind in POISON_KINDS.values() if number % kind.every == 0]
        rng.shuffle(deck)
        yield from deck
