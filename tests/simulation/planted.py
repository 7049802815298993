"""Mistakes planted into the ingestion, each of which the simulation must find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from beam_pipeline.microbatch import emptiness, keeping, marks
from beam_pipeline.microbatch.core import Acknowledge, Effect, Ingestion, Write
from beam_pipeline.microbatch.keeping import StoreMark
from beam_pipeline.microbatch.leases import Leases
from beam_pipeline.microbatch.marks import Mark, Verdict
from beam_pipeline.microbatch.watermark import WatermarkTracker
from tests.simulation import process
from tests.simulation.process import Process
from tests.simulation.world import World

Plant = Callable[[pytest.MonkeyPatch], None]


def _acknowledges_before_it_writes(patch: pytest.MonkeyPatch) -> None:
    def settle(self: Ingestion, batch: Any, clock: Callable[[], Any]) -> Iterator[Effect]:
        yield Acknowledge(batch.ack_ids)
        yield Write(batch)
        self.tracker.release(batch.leases, clock().micros)
        self.leases.release(batch.leases)

    patch.setattr(Ingestion, "settle", settle)


def _watermark_passes_a_batch_that_is_being_written(patch: pytest.MonkeyPatch) -> None:
    def settle(self: Ingestion, batch: Any, clock: Callable[[], Any]) -> Iterator[Effect]:
        self.tracker.release(batch.leases, clock().micros)
        yield Write(batch)
        yield Acknowledge(batch.ack_ids)
        self.leases.release(batch.leases)

    patch.setattr(Ingestion, "settle", settle)


def _a_lost_answer_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def pull_lost(self: Ingestion, at: Any) -> None:
        self.tracker.pull_ended()

    patch.setattr(Ingestion, "pull_lost", pull_lost)


def _a_lease_is_dropped(patch: pytest.MonkeyPatch) -> None:
    def due(self: Leases, now: float) -> list[str]:
        return []

    patch.setattr(Leases, "due", due)


def _a_lease_is_counted_from_when_the_answer_came(patch: pytest.MonkeyPatch) -> None:
    real = Ingestion.pull_found

    def pull_found(self: Ingestion, messages: Any, ack_ids: Any, at: Any) -> Any:
        self._pull_began = at.seconds
        return real(self, messages, ack_ids, at)

    patch.setattr(Ingestion, "pull_found", pull_found)


def _one_empty_answer_is_believed(patch: pytest.MonkeyPatch) -> None:
    real = emptiness.Emptiness.__init__

    def init(self: emptiness.Emptiness, lease_seconds: float, empty_after_seconds: float = 3.0) -> None:
        real(self, lease_seconds, 0.0)

    patch.setattr(emptiness.Emptiness, "__init__", init)


def _a_record_is_written_before_its_object(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "store", World.record)


def _only_the_own_mark_counts(patch: pytest.MonkeyPatch) -> None:
    real = keeping.verdict

    def verdict(found: Any, now: int) -> Verdict:
        return real(dict([list(found.items())[-1]]), now)

    patch.setattr(keeping, "verdict", verdict)


def _marks_are_not_read_at_a_common_cut(patch: pytest.MonkeyPatch) -> None:
    real = marks._latest
    patch.setattr(marks, "_latest", lambda claims, cut: real(claims, cut + 10**15))


def _what_was_given_back_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def give_back(self: WatermarkTracker, tickets: Any, leased_until: int) -> None:
        for ticket in tickets:
            self._held.pop(ticket, None)

    patch.setattr(WatermarkTracker, "give_back", give_back)


def _what_a_dead_ingestion_held_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Mark, "debt", lambda self, _now: self.owed_until)
    patch.setattr(Mark, "died", lambda self, _now: msgspec.structs.replace(self, running=False))


def _leases_outlive_the_mark(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ingestion, "to_extend", lambda self, at: self.leases.due(at.seconds))


def _only_the_first_lease_of_a_batch_is_released(patch: pytest.MonkeyPatch) -> None:
    real = WatermarkTracker.release
    patch.setattr(WatermarkTracker, "release", lambda self, tickets, now: real(self, tickets[:1], now))


def _a_pull_under_way_at_the_end_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    real = Process.end

    def end(self: Process, lost: bool) -> None:
        self.tracker.pull_ended()
        real(self, lost)

    patch.setattr(Process, "end", end)
    patch.setattr(Process, "waits_for_its_pull", False)


def _a_request_is_taken_when_it_is_sent_or_never(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(process, "longest_lease", max)


def _the_marks_of_others_are_read_before_the_own_is_taken(patch: pytest.MonkeyPatch) -> None:
    def keep(name: str, tracker: WatermarkTracker, now: Any, is_dead: Any, advance: bool = True) -> keeping.Keeping:
        others = yield keeping.ReadMarks()
        mark = tracker.mark(now())
        yield StoreMark(name, mark)
        tracker.stored_at = mark.written_at
        if advance:
            steps = keeping._advance(name, mark, now, is_dead)
            next(steps)
            try:
                effect = steps.send(others)
                while True:
                    effect = steps.send((yield effect))
            except StopIteration:
                pass

    patch.setattr(keeping, "keep", keep)


def _an_ingestion_pulls_before_its_mark_is_there(patch: pytest.MonkeyPatch) -> None:
    real = keeping.keep

    def keep(name: str, tracker: WatermarkTracker, now: Any, is_dead: Any, advance: bool = True) -> keeping.Keeping:
        if advance:
            yield from real(name, tracker, now, is_dead)
        tracker.stored_at = now()

    patch.setattr(keeping, "keep", keep)


PLANTED: dict[str, Plant] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _acknowledges_before_it_writes,
        _watermark_passes_a_batch_that_is_being_written,
        _a_lost_answer_is_forgotten,
        _a_lease_is_dropped,
        _a_lease_is_counted_from_when_the_answer_came,
        _one_empty_answer_is_believed,
        _a_record_is_written_before_its_object,
        _only_the_own_mark_counts,
        _marks_are_not_read_at_a_common_cut,
        _what_was_given_back_is_forgotten,
        _what_a_dead_ingestion_held_is_forgotten,
        _leases_outlive_the_mark,
        _only_the_first_lease_of_a_batch_is_released,
        _a_pull_under_way_at_the_end_is_forgotten,
        _a_request_is_taken_when_it_is_sent_or_never,
        _the_marks_of_others_are_read_before_the_own_is_taken,
        _an_ingestion_pulls_before_its_mark_is_there,
    )
}
