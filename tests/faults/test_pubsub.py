"""Pub/Sub that disconnects, loses answers and delivers again, and SIGTERM in each phase: never an ack for what is not written."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from google.api_core import exceptions

import beam_pipeline.writing
from beam_pipeline.main import main
from local_platform.microbatch import subscription as subscriptions
from tests.faults.service import Service
from tests.ingestion.lake_reading import messages_in
from tests.samples import event, payload

TIMES = 20
DISCONNECTS: list[Callable[[], Exception]] = [
    lambda: exceptions.ServiceUnavailable("connection lost"),
    lambda: exceptions.Unknown("stream removed"),
    lambda: exceptions.InternalServerError("internal"),
    lambda: exceptions.Aborted("aborted"),
]


def payloads(count: int) -> list[bytes]:
    return [
        b"broken %d" % i if i % 10 == 9 else payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}"))
        for i in range(count)
    ]


def ingest(service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """The documented command, in this process."""
    monkeypatch.setattr(subscriptions, "SubscriberClient", service.client)
    monkeypatch.setattr(subscriptions, "_FIRST_DELAY_SECONDS", 0.001)
    return main(
        [
            "--input_subscription=projects/lake-tests/subscriptions/unkind",
            f"--output_path={folder / 'lake'}",
            f"--quarantine_path={folder / 'quarantine'}",
            "--stop_after_idle_seconds=0.3",
            *more,
        ]
    )


def written(folder: Path) -> Counter[str]:
    """How often each message id is in lake and quarantine."""
    return Counter(found.message_id for found in messages_in(folder / "lake", folder / "quarantine"))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["pull", "acknowledge"])
def test_disconnections_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, moment: str) -> None:
    service = Service(payloads(2 * TIMES * 10), per_pull=10)
    failures = []

    def fail(name: str, number: int) -> None:
        if name == call and number % 2 and len(failures) < TIMES:
            failures.append(number)
            if name == "pull" and moment == "after":
                service.redeliver()  # the answer was lost: what it held comes again when its lease has run out
            raise DISCONNECTS[len(failures) % len(DISCONNECTS)]()

    setattr(service, moment, fail)
    assert ingest(service, tmp_path, monkeypatch, "--batch_max_messages=10") == 0
    assert len(failures) == TIMES
    found = written(tmp_path)
    assert set(found) == {str(i) for i in range(2 * TIMES * 10)}
    assert service.acknowledged == set(found)


def test_redelivery_may_repeat_lines_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(payloads(400), per_pull=20)
    times = []

    def again(name: str, _number: int) -> None:
        if name == "acknowledge" and len(times) < TIMES:
            times.append(len(service.leased))
            service.redeliver()

    service.before = again
    assert ingest(service, tmp_path, monkeypatch, "--batch_max_messages=20") == 0
    assert len(times) >= TIMES
    found = written(tmp_path)
    assert set(found) == service.acknowledged == {str(i) for i in range(400)}
    # A batch that comes again as it was writes the same objects; in other company its lines are there twice.
    assert 400 <= sum(found.values()) <= service.delivered
    assert service.delivered > 400


@pytest.mark.parametrize("phase", ["pull", "write", "manifest", "acknowledge"])
def test_sigterm_in_any_phase_ends_cleanly_with_what_was_acknowledged_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    """A real signal to this process, at each of 20 moments; then the run is taken up again."""
    real = beam_pipeline.writing.store
    for number in range(1, TIMES + 1):
        folder = tmp_path / str(number)
        service = Service(payloads(60), per_pull=10)
        moment = 1 + number % 3
        calls = Counter[str]()

        def reached(
            name: str,
            _number: int = 0,
            calls: Counter[str] = calls,
            moment: int = moment,
            stop: list[int] | None = None,
        ) -> None:
            calls[name] += 1
            if name == phase and calls[name] == moment:
                os.kill(os.getpid(), signal.SIGTERM)

        def store(root: str, path: str, data: bytes, reached: Callable[[str], None] = reached) -> None:
            if path.startswith(("event_type", "_control/manifest")):
                reached("manifest" if path.startswith("_control") else "write")
            real(root, path, data)

        service.before = reached
        monkeypatch.setattr(beam_pipeline.writing, "store", store)
        assert ingest(service, folder, monkeypatch, "--batch_max_messages=10") == 0
        assert calls[phase] >= moment, "the signal was sent"
        assert service.acknowledged == set(written(folder)), "acknowledged is written, written is acknowledged"
        assert service.leased == {}, "what was not written was given back"
        monkeypatch.setattr(beam_pipeline.writing, "store", real)
        service.before = lambda _call, _number: None
        if number % 5 == 0:
            assert ingest(service, folder, monkeypatch) == 0
            assert written(folder) == Counter({str(i): 1 for i in range(60)})
