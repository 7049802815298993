"""Pub/Sub that disconnects, loses answers, refuses, and delivers again: never an ack for what is not written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.api_core import exceptions

from beam_pipeline.microbatch import driver
from tests.faults.driving import Driven, Fault, hurry
from tests.faults.service import Service
from tests.samples import event, payload

TIMES = 20
PER_BATCH = 5
DISCONNECTS: list[Fault] = [
    lambda: exceptions.ServiceUnavailable("connection lost"),
    lambda: exceptions.Unknown("stream removed"),
    lambda: exceptions.InternalServerError("internal"),
    lambda: exceptions.Aborted("aborted"),
    lambda: exceptions.ResourceExhausted("quota"),
]


def payloads(count: int) -> list[bytes]:
    return [
        b"broken %d" % i if i % 10 == 9 else payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}"))
        for i in range(count)
    ]


def ids(count: int) -> set[str]:
    return {str(i) for i in range(count)}


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    return Driven(tmp_path_factory.mktemp("driven"))


@pytest.fixture
def serve(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Service]:
    """A service with so many messages, for an empty lake."""
    hurry(monkeypatch)
    driven.clear()

    def make(count: int) -> Service:
        service = Service(payloads(count), PER_BATCH)
        monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", service.client)
        return service

    return make


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["pull", "acknowledge"])
def test_disconnections_lose_nothing(driven: Driven, serve: Callable[[int], Service], call: str, moment: str) -> None:
    count = TIMES * PER_BATCH
    service, failures = serve(count), []

    def fail(name: str, number: int) -> None:
        if name == call and number % 2 and len(failures) < TIMES:
            failures.append(number)
            if name == "pull" and moment == "after":
                service.redeliver()  # the answer was lost: what it held is redelivered when its lease has run out
            raise DISCONNECTS[len(failures) % len(DISCONNECTS)]()

    setattr(service, moment, fail)
    driven.run(PER_BATCH)
    assert len(failures) == TIMES
    assert service.acknowledged == set(driven.written()) == ids(count)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "fault",
    [*DISCONNECTS[:2], lambda: exceptions.InvalidArgument("the lease has run out")],
    ids=["unavailable", "unknown", "refused"],
)
def test_leases_that_cannot_be_extended_repeat_lines_and_lose_none(
    driven: Driven, serve: Callable[[int], Service], monkeypatch: pytest.MonkeyPatch, fault: Fault, moment: str
) -> None:
    """Every extension fails until there have been twenty; each time, what is held is redelivered at once."""
    monkeypatch.setattr(driver, "_CHECK_LEASES_SECONDS", 0.002)
    monkeypatch.setattr(driver, "LEASE_SECONDS", 0.004)
    count = TIMES * PER_BATCH
    service, failures = serve(count), []
    service.ack_deadline_seconds = 0

    def fail(name: str, number: int) -> None:
        if name == "extend" and len(failures) < TIMES:
            failures.append(number)
            service.redeliver()
            raise fault()

    setattr(service, moment, fail)
    driven.run(PER_BATCH)
    assert len(failures) == TIMES
    assert service.delivered > count
    assert service.acknowledged == set(driven.written()) == ids(count)
    assert sum(driven.written().values()) <= service.delivered
    assert driven.names() == driven.recorded()


def test_redelivery_may_repeat_lines_and_loses_none(driven: Driven, serve: Callable[[int], Service]) -> None:
    count = TIMES * PER_BATCH
    service, times = serve(count), []

    def again(name: str, _number: int) -> None:
        if name == "acknowledge" and len(times) < TIMES:
            times.append(len(service.leased))
            service.redeliver()

    service.before = again
    driven.run(PER_BATCH)
    assert len(times) >= TIMES
    assert service.acknowledged == set(driven.written()) == ids(count)
    # A batch that is redelivered as it was writes the same objects; in other company its lines are there twice.
    assert count <= sum(driven.written().values()) <= service.delivered
    assert service.delivered > count


@pytest.mark.parametrize(
    "fault",
    [
        lambda: exceptions.PermissionDenied("not allowed any more"),
        lambda: exceptions.NotFound("deleted"),
        lambda: RuntimeError("a thread that would have died in silence"),
    ],
    ids=["permission", "deleted", "unforeseen"],
)
def test_a_subscription_that_is_lost_ends_the_run_after_what_was_read_is_written(
    driven: Driven, serve: Callable[[int], Service], fault: Fault
) -> None:
    service = serve(TIMES * PER_BATCH)
    for life in range(TIMES):
        lost_at = service.called("pull") + 1 + life % 3

        def fail(name: str, number: int, lost_at: int = lost_at) -> None:
            if name == "pull" and number >= lost_at:
                raise fault()

        service.before = fail
        with pytest.raises(type(fault())):
            driven.run(PER_BATCH)
        assert service.acknowledged == set(driven.written())
        assert service.leased == {}
    service.before = lambda _call, _number: None
    driven.run(PER_BATCH)
    assert service.acknowledged == set(driven.written()) == ids(TIMES * PER_BATCH)


def test_what_cannot_be_acknowledged_is_written_again_under_the_same_names(
    driven: Driven, serve: Callable[[int], Service]
) -> None:
    count = (TIMES + 1) * PER_BATCH
    service, refused = serve(count), []

    def refuse(name: str, number: int) -> None:
        if name == "acknowledge" and len(refused) < TIMES:
            refused.append(number)
            raise exceptions.PermissionDenied("may read, may not acknowledge")

    service.before = refuse
    driven.run(PER_BATCH)
    assert len(refused) == TIMES
    names = driven.names()
    assert service.acknowledged < set(driven.written()) == ids(count)
    assert len(driven.warnings) >= TIMES
    service.redeliver()
    driven.run(PER_BATCH)
    assert service.acknowledged == ids(count)
    assert driven.names() == names
    assert set(driven.written().values()) == {1}
