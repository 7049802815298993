"""When an answer without messages is believed."""

from __future__ import annotations

from beam_pipeline.microbatch.emptiness import Emptiness

LEASE = 60.0


def test_nothing_is_believed_before_all_answers_of_some_seconds_were_empty() -> None:
    emptiness = Emptiness(LEASE, empty_after_seconds=3)
    for tenth in range(29):
        emptiness.found_nothing(tenth / 10, tenth, tenth / 10 + 0.01)
    assert emptiness.take_confirmed() is None
    emptiness.found_nothing(3.0, 30, 3.01)
    assert emptiness.take_confirmed() == 0
    assert emptiness.take_confirmed() is None


def test_messages_begin_the_count_anew() -> None:
    emptiness = Emptiness(LEASE, empty_after_seconds=3)
    emptiness.found_nothing(0, 0, 2)
    emptiness.found_messages(2.5)
    assert emptiness.empty_seconds() is None
    emptiness.found_nothing(3, 3, 4)
    assert emptiness.take_confirmed() is None
    assert emptiness.empty_seconds() == 1


def test_after_a_lost_answer_nothing_is_believed_for_as_long_as_a_lease_lasts() -> None:
    emptiness = Emptiness(LEASE, empty_after_seconds=0)
    emptiness.lost_answer(10)
    for second in range(11, 70):
        emptiness.found_nothing(second, second, second + 0.1)
        assert emptiness.empty_seconds() is None
        assert emptiness.take_confirmed() is None
    emptiness.found_nothing(70, 70, 71)
    assert emptiness.take_confirmed() == 70


def test_silence_is_not_emptiness() -> None:
    emptiness = Emptiness(LEASE)
    assert emptiness.empty_seconds() is None
    assert emptiness.unanswered_seconds(started=5, now=20) == 15
    emptiness.found_nothing(20, 20, 21)
    assert emptiness.unanswered_seconds(started=5, now=24) == 3
    assert emptiness.empty_seconds() == 1


def test_empty_answers_among_messages_say_that_what_was_there_before_was_delivered() -> None:
    emptiness = Emptiness(LEASE, empty_after_seconds=3)
    for second in (0, 1, 2):
        emptiness.found_nothing(second, second, second + 0.1)
        emptiness.found_messages(second + 0.5)
    assert emptiness.take_drained() is None
    emptiness.found_nothing(4, 4, 4.1)
    assert emptiness.take_drained() == 0
    assert emptiness.take_confirmed() is None
    emptiness.found_nothing(9, 9, 9.1)
    assert emptiness.take_drained() is None, "two answers are too few"
