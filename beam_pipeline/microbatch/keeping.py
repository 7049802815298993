"""How an ingestion keeps the lake's watermark: a sequence of effects on storage, which whoever runs it carries out.

The order matters. The own mark is taken before the others are read: then whatever another one pulled before this one's claims
were known is in its mark, or its mark was not there and it had pulled nothing.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

from beam_pipeline.microbatch.marks import Mark, verdict
from beam_pipeline.microbatch.watermark import WatermarkTracker


class StoreMark(NamedTuple):
    """Store a mark under a name, in place of what is there."""

    name: str
    mark: Mark


class RemoveMark(NamedTuple):
    """Remove a mark; none of that name is no error."""

    name: str


class ReadMarks(NamedTuple):
    """Read all marks; they are sent back, by name."""


class Advance(NamedTuple):
    """Move the lake's watermark forward, if it is not further already."""

    watermark: int


Effect = StoreMark | RemoveMark | ReadMarks | Advance
Keeping = Generator[Effect, dict[str, Mark] | None, None]


def keep(
    name: str, tracker: WatermarkTracker, now: Callable[[], int], is_dead: Callable[[str], bool], advance: bool = True
) -> Keeping:
    """Stores the own mark, and advances the watermark by the marks of all.

    Args:
        name: of the own mark.
        tracker: what there is to say.
        now: microseconds since the epoch.
        is_dead: whether a process that a mark names is known to run no more.
        advance: False: only the mark.
    """
    mark = tracker.mark(now())
    yield StoreMark(name, mark)
    tracker.stored_at = mark.written_at
    if advance:
        yield from _advance(name, mark, now, is_dead)


def end(
    name: str, tracker: WatermarkTracker, now: Callable[[], int], is_dead: Callable[[str], bool], advance: bool = True
) -> Keeping:
    """The same for the last time: the mark stays only if somebody must still wait for messages that were this ingestion's."""
    if advance:
        yield from _advance(name, tracker.mark(now()), now, is_dead)
    if tracker.owes:
        yield StoreMark(name, tracker.mark(now(), running=False))
    else:
        yield RemoveMark(name)


def _advance(name: str, mark: Mark, now: Callable[[], int], is_dead: Callable[[str], bool]) -> Keeping:
    marks = {**((yield ReadMarks()) or {}), name: mark}
    for other, its in marks.items():
        if its.running and other != name and is_dead(its.process):
            marks[other] = its.died(now())
            yield StoreMark(other, marks[other])
    found = verdict(marks, now())
    for settled in found.settled:
        yield RemoveMark(settled)
    if found.watermark is not None:
        yield Advance(found.watermark)
