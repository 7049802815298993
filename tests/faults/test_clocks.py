"""Clocks that are wrong: what is written depends on publish times alone, which are Pub/Sub's; the watermark never goes back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from beam_pipeline.messages import rfc3339
from beam_pipeline.microbatch import driver
from beam_pipeline.microbatch.marks import CLOCK_MARGIN_MICROS
from beam_pipeline.microbatch.watermark import ORDER_MARGIN_MICROS
from beam_pipeline.watermark import read_watermark
from tests.faults.driving import Driven, hurry
from tests.faults.service import Service
from tests.ingestion.lake_reading import manifest_records
from tests.samples import event, payload

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
COUNT = 40
PER_BATCH = 10
SKEWS = {"an hour ahead": HOUR, "days ahead": 3 * DAY, "an hour behind": -HOUR, "days behind": -3 * DAY}

_true_time = time.time_ns


def true_micros() -> int:
    """The time of Pub/Sub, and of everybody else."""
    return _true_time() // 1000


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    return Driven(tmp_path_factory.mktemp("driven"))


@pytest.fixture
def serve(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Service]:
    """A service whose messages were published in the two hours before an instant; an empty lake."""
    hurry(monkeypatch)
    driven.clear()

    def make(until_micros: int) -> Service:
        stamp = datetime.fromtimestamp(until_micros // SECOND, UTC).isoformat()
        bodies = [
            b"broken" if i % 10 == 9 else payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}", timestamp=stamp))
            for i in range(COUNT)
        ]
        step = 2 * HOUR // COUNT
        service = Service(bodies, PER_BATCH, lambda number: until_micros - (COUNT - number) * step)
        monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", service.client)
        return service

    return make


def set_clock(patch: pytest.MonkeyPatch, ahead_micros: int) -> None:
    """Sets the clock of this machine."""
    patch.setattr(time, "time_ns", lambda: _true_time() + ahead_micros * 1000)


@pytest.mark.parametrize("skew", SKEWS)
def test_a_wrong_clock_changes_no_verdict_no_window_and_no_name(
    driven: Driven, serve: Callable[[int], Service], monkeypatch: pytest.MonkeyPatch, skew: str
) -> None:
    """For a clock that is behind, all messages come from the future."""
    until = true_micros()
    serve(until)
    driven.run(PER_BATCH)
    right = driven.names()
    driven.clear()

    service = serve(until)
    set_clock(monkeypatch, SKEWS[skew])
    driven.run(PER_BATCH)
    assert driven.names() == driven.recorded() == right
    assert service.acknowledged == set(driven.written())
    for record in manifest_records(driven.lake):
        window = re.search(r"/(\d{8}T\d{6}Z)-", record["path"])
        assert window is not None
        start = datetime.strptime(window[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        first, last = (datetime.fromisoformat(record[f"{end}_publish_time"]).timestamp() for end in ("min", "max"))
        assert start <= first <= last < start + 600


@pytest.mark.parametrize("skew", [name for name, ahead in SKEWS.items() if ahead < 0])
def test_a_clock_that_is_behind_holds_the_watermark_back_and_never_lets_it_pass_a_message(
    driven: Driven, serve: Callable[[int], Service], monkeypatch: pytest.MonkeyPatch, skew: str
) -> None:
    monkeypatch.setattr(driver, "EMPTY_AFTER_SECONDS", 0)
    until = true_micros()
    service = serve(until)
    set_clock(monkeypatch, SKEWS[skew])
    driven.run(PER_BATCH)
    reached = read_watermark(str(driven.lake))
    assert reached is not None
    # What is written tells, whatever the clock: all but the last batch is past, less the margin.
    assert reached >= service.published_micros(COUNT - PER_BATCH) - ORDER_MARGIN_MICROS
    assert reached <= true_micros()


def test_a_clock_that_is_set_back_does_not_take_the_watermark_with_it(
    driven: Driven, serve: Callable[[int], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "EMPTY_AFTER_SECONDS", 0)
    reached = 0
    until = true_micros()
    for ahead in (0, -HOUR, -3 * DAY, 0):
        serve(until)
        set_clock(monkeypatch, ahead)
        driven.run(PER_BATCH)
        now = read_watermark(str(driven.lake))
        assert now is not None
        assert reached <= now <= true_micros() - CLOCK_MARGIN_MICROS
        reached = now
    assert reached >= until - CLOCK_MARGIN_MICROS, rfc3339(reached)


@pytest.mark.parametrize("ahead", [HOUR, 3 * DAY], ids=["an hour ahead", "days ahead"])
def test_a_clock_that_is_ahead_never_lets_the_watermark_pass_what_is_held(
    driven: Driven, serve: Callable[[int], Service], monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr(driver, "EMPTY_AFTER_SECONDS", 0)
    service = serve(true_micros())
    seen = []

    def look(name: str, _number: int) -> None:
        if name == "acknowledge":
            waiting = {str(i) for i in range(COUNT)} - service.acknowledged
            seen.append((read_watermark(str(driven.lake)) or 0, min(service.published_micros(int(i)) for i in waiting)))

    service.before = look
    set_clock(monkeypatch, ahead)
    driven.run(PER_BATCH)
    assert len(seen) == COUNT // PER_BATCH
    assert all(watermark <= oldest for watermark, oldest in seen)
