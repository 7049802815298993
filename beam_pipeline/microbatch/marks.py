"""Several ingestions, one watermark: what each says of itself, and what follows from all of it. Pure.

Each ingestion keeps a mark below `_control/ingestions`. It holds the oldest message that it has pulled and not yet written, and
claims: by then, nothing published before this was left in the subscription but what somebody held. A claim of one is only true
together with what the others held at that moment, so all marks are read at a common cut: an instant up to which each of them is
known to be complete. The watermark is the smallest of what they reached.

Messages may be leased to nobody: to a killed ingestion, by an answer that was lost, or given back a moment ago. Until such a
debt is paid no claim is believed. It is paid when one of the living has seen, after the leases ran out, answers without messages:
then somebody holds what they were about, or it is written.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

CLOCK_MARGIN_MICROS: Final = 1_000_000
"""How far the clocks of the publishing service and of the machines of the ingestions may differ."""

DEAD_AFTER_MICROS: Final = 30_000_000
"""An ingestion whose mark is older has died: it pulls nothing once its own is a third as old."""

STALE_MICROS: Final = DEAD_AFTER_MICROS // 3
"""Age of its own mark beyond which an ingestion pulls nothing."""

LAPSE_MICROS: Final = 2 * STALE_MICROS
"""Age of its own mark beyond which an ingestion extends no lease: others reckon that they run out."""

_CLAIMS_KEPT: Final = 64
_CLAIMS_APART_MICROS: Final = 500_000


class Claim(NamedTuple):
    """Known at an instant: all that was published before `reached` had left the subscription. Microseconds since the epoch."""

    reached: int
    known_at: int


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an ingestion says of itself. Instants are microseconds since the epoch (UTC).

    Attributes:
        subscription: what it reads.
        written_at: when it said so.
        as_of: all that it pulled before this instant is accounted for here.
        lease_micros: for how long its messages stay leased when it dies.
        held: publish time of the oldest message that it has pulled and not yet written; None if there is none.
        claims: the latest, by `known_at`.
        drained: the same of instants since when answers without messages have come in between, too.
        owed_until: messages may be leased to nobody until then.
        running: False once it has ended: what counts then is `owed_until`.
        process: where it runs (`process_identity`), to notice at once that it was killed.
    """

    subscription: str
    written_at: int
    as_of: int
    lease_micros: int
    held: int | None = None
    claims: tuple[Claim, ...] = ()
    drained: tuple[Claim, ...] = ()
    owed_until: int = 0
    running: bool = True
    process: str = ""

    def lives(self, now: int) -> bool:
        """Whether it runs, as far as its mark tells."""
        return self.running and now - self.written_at < DEAD_AFTER_MICROS

    def died(self, now: int) -> "Mark":
        """The mark of an ingestion that is known to be dead now."""
        return msgspec.structs.replace(self, running=False, owed_until=max(self.owed_until, now + self.lease_micros))

    def debt(self, now: int) -> int:
        """Until when messages may be leased to nobody on its account."""
        if not self.running or self.lives(now):
            return self.owed_until
        return max(self.owed_until, self.written_at + DEAD_AFTER_MICROS + self.lease_micros)


class Verdict(NamedTuple):
    """What follows from all marks: the watermark (None: nothing is known), and the ended ingestions whose debts are paid."""

    watermark: int | None
    settled: list[str]


def add_claim(claims: list[Claim], claim: Claim) -> None:
    """Adds a claim to a bounded history that reaches far enough back for marks of others to catch up with."""
    if claims and claim.reached <= claims[-1].reached:
        return
    if len(claims) > 1 and claim.known_at - claims[-2].known_at < _CLAIMS_APART_MICROS:
        claims[-1] = claim
        return
    claims.append(claim)
    del claims[:-_CLAIMS_KEPT]


def verdict(marks: Mapping[str, Mark], now: int) -> Verdict:
    """The watermark of all ingestions of a lake.

    Subscriptions that nobody reads any more do not count; one whose ingestions all died holds the watermark until it is read
    again, because nobody knows what they had pulled.
    """
    by_subscription: dict[str, dict[str, Mark]] = {}
    for name, mark in marks.items():
        by_subscription.setdefault(mark.subscription, {})[name] = mark
    reached: list[int | None] = []
    settled: list[str] = []
    for group in by_subscription.values():
        living = [mark for mark in group.values() if mark.lives(now)]
        if living:
            its_watermark, its_settled = _of_one_subscription(group, living, now)
            reached.append(its_watermark)
            settled += its_settled
        elif any(mark.running for mark in group.values()):
            reached.append(None)
    known = [one for one in reached if one is not None]
    return Verdict(min(known) if known and len(known) == len(reached) else None, settled)


def _of_one_subscription(group: Mapping[str, Mark], living: list[Mark], now: int) -> Verdict:
    margin = CLOCK_MARGIN_MICROS if len(group) > 1 else 0
    cut = min(mark.as_of for mark in living) - (margin if len(living) > 1 else 0)
    drained = max((_latest(mark.drained, cut) for mark in living), default=0)
    settled = [name for name, mark in group.items() if not mark.lives(now) and mark.debt(now) + margin <= drained]
    if any(mark.debt(now) + margin * (not mark.lives(now)) > drained for mark in group.values() if mark.debt(now)):
        return Verdict(None, settled)
    bounds = [_latest(mark.claims, cut) for mark in living] + [mark.held for mark in living if mark.held is not None]
    return Verdict(min(bounds) or None, settled)


def _latest(claims: tuple[Claim, ...], cut: int) -> int:
    """What had been reached by the cut; 0 if nothing was known yet."""
    return max((claim.reached for claim in claims if claim.known_at <= cut), default=0)
