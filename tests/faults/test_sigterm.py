"""SIGTERM in each phase: a clean end, with what was written acknowledged, and what was not given back."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import beam_pipeline.writing
from beam_pipeline.main import main
from beam_pipeline.microbatch import run as microbatch
from beam_pipeline.microbatch.subscription import Subscription
from lake_cli.local.pubsub import Route
from producer import SimulationConfig, publish_to_topic, simulate
from tests.faults.driving import Driven, hurry
from tests.faults.service import Service
from tests.faults.test_pubsub import payloads
from tests.ingestion.lake_reading import messages_in
from tests.ingestion.running import arguments, run_until, shorten_ack_deadline, spawn, wait_until

TIMES = 20
COUNT = 30


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    return Driven(tmp_path_factory.mktemp("driven"))


@pytest.fixture
def ingest(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> Callable[[Service], int]:
    """The documented command in this process, with the graph that is built already."""
    hurry(monkeypatch)
    monkeypatch.setattr(microbatch, "MicroBatchGraph", lambda _config: driven.graph)

    def run(service: Service) -> int:
        monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", service.client)
        return main(
            [
                "--input_subscription=projects/lake-tests/subscriptions/unkind",
                f"--output_path={driven.lake}",
                f"--quarantine_path={driven.quarantine}",
                "--stop_after_idle_seconds=0.3",
                "--batch_max_messages=10",
            ]
        )

    return run


@pytest.mark.parametrize("phase", ["pull", "write", "manifest", "acknowledge", "idle"])
def test_in_any_phase_it_ends_the_run_cleanly_with_what_was_acknowledged_written(
    driven: Driven, ingest: Callable[[Service], int], monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    """A real signal to this process, at each of 20 moments; then the run is taken up again."""
    real = beam_pipeline.writing.store
    for number in range(1, TIMES + 1):
        driven.clear()
        service = Service(payloads(COUNT), per_pull=10)
        moment = 1 + number % 3
        calls = Counter[str]()

        def reached(
            name: str,
            _number: int = 0,
            calls: Counter[str] = calls,
            moment: int = moment,
            service: Service = service,
        ) -> None:
            if name == "pull" and len(service.acknowledged) == COUNT:
                name = "idle"
            calls[name] += 1
            if name == phase and calls[name] == moment:
                os.kill(os.getpid(), signal.SIGTERM)

        def store(root: str, path: str, data: bytes, reached: Callable[[str], None] = reached) -> None:
            if path.startswith(("event_type", "_control/manifest")):
                reached("manifest" if path.startswith("_control") else "write")
            real(root, path, data)

        service.before = reached
        monkeypatch.setattr(beam_pipeline.writing, "store", store)
        assert ingest(service) == 0
        assert calls[phase] >= moment, "the signal was sent"
        assert service.acknowledged == set(driven.written()), "acknowledged is written, written is acknowledged"
        assert service.leased == {}, "what was not written was given back"
        monkeypatch.setattr(beam_pipeline.writing, "store", real)
        service.before = lambda _call, _number: None
        if number % 5 == 0:
            assert ingest(service) == 0
            assert driven.written() == Counter({str(i): 1 for i in range(COUNT)})


def _hold(phase: str, reached: str) -> None:
    """Tells, by making a file, that the process is in a phase, and stays in it for a while."""

    def held(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def call(*given: object) -> object:
            if not Path(reached).exists():
                Path(reached).touch()
                time.sleep(0.3)
            return real(*given)

        setattr(owner, name, call)

    if phase == "in the graph":
        held(beam_pipeline.writing, "store")
    elif phase == "between write and acknowledgement":
        held(Subscription, "acknowledge")
    elif phase == "pulling":
        held(Subscription, "pull")


def test_a_process_of_its_own_obeys_it_in_every_phase(topic_and_subscription: Route, tmp_path: Path) -> None:
    route, sent = topic_and_subscription, 0
    shorten_ack_deadline(route)
    options = arguments(route.subscription, tmp_path, "--batch_max_messages=40")

    def written() -> Counter[str]:
        return Counter(found.message_id for found in messages_in(tmp_path / "lake", tmp_path / "quarantine"))

    for phase in ("pulling", "in the graph", "between write and acknowledgement"):
        publish_to_topic(simulate(SimulationConfig(events=200, days=1, seed=sent, poison_rate=0.1)), route.topic)
        sent += 200
        reached, told = tmp_path / phase, tmp_path / "told.txt"
        process = spawn(options, told, partial(_hold, phase, str(reached)))
        try:
            wait_until(reached.exists)
            process.terminate()
            process.join(30)
        finally:
            process.kill()
            process.join()
        assert process.exitcode == 0, told.read_text(encoding="utf-8")
        assert "Stopping" in told.read_text(encoding="utf-8")
        assert set(written().values()) <= {1}
    # While idle, too: the last one is asked to end when there is nothing left to do.
    run_until(options, lambda: len(written()) >= sent)
    assert len(written()) == sent
    assert set(written().values()) == {1}, "acknowledged is written, written is acknowledged: nothing came twice"
