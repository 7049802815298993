"""Batches on unbounded input, without a runner: what closes them, how large an element grows, where the watermark is held."""

from itertools import pairwise

import pytest

from beam_pipeline.batching import Sharded
from beam_pipeline.chunking import Chunk
from beam_pipeline.coders import ChunkCoder, ChunkListCoder
from beam_pipeline.collecting import ALONE_BYTES, ELEMENT_BYTES, Collect, Limits, weigh_chunk
from benchmarks.simulated_runner import SimulatedCollect

SECOND = 1_000_000
NOW = 1_795_341_600 * SECOND
KEY: Sharded = (("lake/a", NOW), 0)
LIMITS = Limits(raw_bytes=64 << 20, rows=200_000, age_seconds=60)
MEGABYTE = b"x" * 1_000_000


def collect(limits: Limits = LIMITS) -> SimulatedCollect:
    return SimulatedCollect(Collect(limits, ChunkCoder(), weigh_chunk), ChunkCoder())


def chunk(number: int = 0, packed: bytes = b"packed", size: int = 100) -> Chunk:
    return Chunk(packed, size, 1, NOW + number, NOW + number, number)


def test_bundles_of_one_fill_one_batch_until_it_is_old() -> None:
    step = collect()
    for number in range(50):
        assert list(step.bundle([(KEY, chunk(number), NOW)], NOW + number * SECOND)) == []
    ((fired, batch),) = step.until(NOW + 62 * SECOND)
    assert fired == NOW + 61 * SECOND
    assert batch.value == (KEY[0], [chunk(number) for number in range(50)])
    assert step.keys == {}, "nothing is left behind of a key that has no batch"


def test_age_counts_from_the_first_value_not_from_its_publish_time() -> None:
    week = 7 * 86_400 * SECOND
    step = collect()
    assert list(step.bundle([(KEY, chunk(), NOW - week)], NOW)) == []
    assert list(step.until(NOW + 60 * SECOND)) == [], "a late value waits for others as a punctual one does"


def test_the_oldest_value_holds_the_watermark_whatever_the_order() -> None:
    step = collect()
    for number, instant in enumerate([NOW + 5, NOW + 9, NOW + 2, NOW + 7]):
        list(step.bundle([(KEY, chunk(number), instant)], NOW + number * SECOND))
        assert step.hold_micros == (NOW + 5 if number < 2 else NOW + 2)
    ((fired, batch),) = step.until(NOW + 100 * SECOND)
    assert fired == NOW + 61 * SECOND, "the deadline is the first value's"
    assert batch.timestamp.micros == NOW + 2
    assert step.hold_micros is None


def test_what_a_batch_leaves_to_the_next_one_holds_the_watermark_at_its_own_time() -> None:
    step = collect(Limits(raw_bytes=250, rows=10, age_seconds=60))
    list(step.bundle([(KEY, chunk(1), NOW + 1), (KEY, chunk(2), NOW + 2)], NOW))
    (closed,) = step.bundle([(KEY, chunk(3), NOW + 3)], NOW + SECOND)
    assert (closed.timestamp.micros, len(closed.value[1])) == (NOW + 1, 2)
    assert step.hold_micros == NOW + 3
    ((fired, last),) = step.until(NOW + 100 * SECOND)
    assert (fired, len(last.value[1])) == (NOW + 62 * SECOND, 1), "with a deadline of its own"


@pytest.mark.parametrize("size", [1_000_000, 3_900_000])
def test_no_element_is_larger_than_a_runner_commits(size: int) -> None:
    step = collect()
    packed = (MEGABYTE * 4)[:size]
    batches = [
        batch.value[1]
        for number in range(40)
        for batch in step.bundle([(KEY, chunk(number, packed), NOW)], NOW + number)
    ]
    sizes = [len(ChunkListCoder().encode(batch)) for batch in batches]
    assert max(sizes) <= ELEMENT_BYTES + 1000
    assert min(sizes) > ELEMENT_BYTES - 2 * size, "closed long before it was full"
    assert sum(map(len, batches)) + sum(len(batch.value[1]) for batch in step.drain()) == 40


def test_a_large_message_travels_alone_and_never_lies_in_state() -> None:
    step = collect()
    list(step.bundle([(KEY, chunk(1), NOW)], NOW))
    (alone,) = step.bundle([(KEY, chunk(2, b"y" * ALONE_BYTES), NOW + 9)], NOW)
    assert [one.crc for one in alone.value[1]] == [2]
    assert alone.timestamp.micros == NOW + 9
    assert step.stored < 1000
    assert [one.crc for batch in step.drain() for one in batch.value[1]] == [1]


def test_a_drain_gives_back_all_that_waits() -> None:
    step = collect()
    keys = [((f"lake/{number}", NOW), 0) for number in range(20)]
    for key in keys:
        list(step.bundle([(key, chunk(), NOW)], NOW))
    assert sorted(batch.value[0] for batch in step.drain()) == sorted(key for key, _ in keys)
    assert step.keys == {}
    assert list(step.until(NOW + 1000 * SECOND)) == [], "what the drain gave back comes again"


def test_deadlines_are_whole_seconds_for_runners_that_keep_no_finer_ones() -> None:
    step = collect()
    for first, second in pairwise([NOW, NOW + 1, NOW + 999_999]):
        list(step.bundle([(((f"lake/{second}", NOW), 0), chunk(), NOW)], second))
        assert first < second
    assert {state.age.fire_micros for state in step.keys.values()} == {NOW + 61 * SECOND}
