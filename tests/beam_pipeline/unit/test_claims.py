"""Up to where the job says that all is written: never further than is written, drains included, and never beyond now."""

from beam_pipeline.claims import Claims, heard, passed, written

BEAT = 15_000_000
START = 1_795_341_600_000_000


def test_nothing_is_claimed_before_a_beat_that_was_sent_after_the_watermark_had_passed() -> None:
    claims, confirmed = heard(Claims(), START)
    assert (claims.awaited, confirmed) == (START, 0)
    claims = passed(claims, START, now=START + 20_000_000)
    claims, confirmed = heard(claims, START + BEAT)
    assert confirmed == 0, "that beat was sent before the watermark passed: a drain might have come between"
    claims, confirmed = heard(claims, START + 2 * BEAT)
    assert confirmed == START


def test_a_drain_claims_nothing() -> None:
    """All beats that were sent have come; then the watermark passes every instant at once, and no beat comes again."""
    claims = Claims()
    for number in range(10):
        claims, confirmed = heard(claims, START + number * BEAT)
        assert confirmed == 0
    now = START + 9 * BEAT + 1
    for _ in range(1000):
        if not claims.awaited:
            break
        claims = passed(claims, claims.awaited, now)
    assert claims.awaited == 0, "it comes to an end"
    assert claims.passed == START + 9 * BEAT, "never further than the newest beat, which is not later than now"


def test_in_steady_state_claims_follow_the_watermark_within_two_beats() -> None:
    lag = 130_000_000  # age of objects and of manifests
    claims, claimed = Claims(), []
    for second in range(900):
        now = START + second * 1_000_000
        while claims.awaited and claims.awaited <= now - lag:
            claims = passed(claims, claims.awaited, now)
        if second % 15 == 0:
            claims = written(claims, now - lag)
            claims, confirmed = heard(claims, now)
            if confirmed:
                claimed.append((now, confirmed))
    assert all(instant <= now - lag for now, instant in claimed), "further than is written"
    late = [now - instant for now, instant in claimed[10:]]
    assert max(late) < lag + 3 * BEAT
    assert len(claimed) > 30


def test_a_backlog_of_a_week_is_followed_in_some_hundred_steps() -> None:
    claims, steps = written(heard(Claims(), START)[0], START - 7 * 86_400_000_000), 0
    assert claims.awaited == START - 7 * 86_400_000_000
    while claims.awaited:
        claims, steps = passed(claims, claims.awaited, START), steps + 1
    assert claims.passed == START
    assert steps < 600


def test_what_is_late_takes_nothing_back() -> None:
    claims = passed(heard(Claims(), START)[0], START, now=START)
    assert written(claims, START - 86_400_000_000) == claims
