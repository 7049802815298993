"""A few hundred lives without a violation, and every planted mistake found in one; `make simulate` lives longer."""

from __future__ import annotations

import pytest

from tests.simulation.life import fails, numbers, shrink, trace
from tests.simulation.planted import PLANTED
from tests.simulation.stored_world import StoredWorld

LIVES = 250
WRITTEN_LIFE = 2
FOUND_BY = {
    "acknowledges_before_it_writes": 0,
    "watermark_passes_a_batch_that_is_being_written": 107,
    "a_lost_answer_is_forgotten": 2,
    "a_lease_is_dropped": 1,
    "a_lease_is_counted_from_when_the_answer_came": 772,
    "one_empty_answer_is_believed": 9,
    "a_record_is_written_before_its_object": 0,
    "only_the_own_mark_counts": 0,
    "marks_are_not_read_at_a_common_cut": 26,
    "what_was_given_back_is_forgotten": 68,
    "what_a_dead_ingestion_held_is_forgotten": 1,
    "leases_outlive_the_mark": 253,
    "only_the_first_lease_of_a_batch_is_released": 0,
    "a_pull_under_way_at_the_end_is_forgotten": 755,
    "a_request_is_taken_when_it_is_sent_or_never": 638,
    "the_marks_of_others_are_read_before_the_own_is_taken": 2,
    "an_ingestion_pulls_before_its_mark_is_there": 1,
}
"""A seed whose life shows each planted mistake, as `make simulate` prints them."""


def test_no_life_violates_what_must_always_hold() -> None:
    assert {seed: found for seed in range(LIVES) if (found := fails(numbers(seed)))} == {}


def test_a_life_whose_lake_is_written_by_the_real_graph_is_right_too() -> None:
    worlds: list[StoredWorld] = []

    class Watched(StoredWorld):
        def __init__(self, deadline_seconds: int) -> None:
            super().__init__(deadline_seconds)
            worlds.append(self)

    assert fails(numbers(WRITTEN_LIFE), world=Watched) is None
    (world,) = worlds
    assert world.records == world.objects == set(world.published)
    assert {name for name in world.records if world.message(name).data == b"poison"}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fails(numbers(FOUND_BY[name])) is None, "the life is right without the mistake"
    PLANTED[name](monkeypatch)
    assert fails(numbers(FOUND_BY[name]))


def test_the_same_seed_gives_the_same_trace_and_shrinking_keeps_the_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED["acknowledges_before_it_writes"](monkeypatch)
    choices = numbers(FOUND_BY["acknowledges_before_it_writes"])
    assert trace(choices) == trace(choices)
    shorter = trace(shrink(choices))
    assert len(shorter) < 15
    assert "acknowledged before it was written" in shorter[-1]
