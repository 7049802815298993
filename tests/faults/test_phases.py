"""Every fault of storage in every phase of a micro-batch, from the subscription to the files, 20 times and more each.

Nothing is lost, nothing half-written is seen, nothing is acknowledged that is not written; afterwards the objects have the
names of a run without faults.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions

from beam_pipeline import storage
from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.watermark import read_watermark
from tests.faults.driving import Driven, Fault, FaultyStorage, config, hurry
from tests.faults.service import Service
from tests.gcs import Gcs
from tests.ingestion.lake_reading import messages_in, objects_below
from tests.samples import PUBLISH_MICROS, event, payload

TIMES = 20
BATCHES = TIMES + 1
PER_BATCH = 3
MINUTE = 60_000_000

TRANSIENT: dict[str, Fault] = {
    "503": lambda: exceptions.ServiceUnavailable("try later"),
    "429": lambda: exceptions.TooManyRequests("slow down"),
    "time-out": lambda: requests.exceptions.ReadTimeout("timed out"),
    "connection reset": lambda: ConnectionResetError(errno.ECONNRESET, "reset by peer"),
}
PERMANENT: dict[str, Fault] = {
    "disk full": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "permission": lambda: PermissionError(errno.EACCES, "Permission denied"),
}
WRITING = ("lake object", "quarantine object", "manifest")


def published(number: int) -> int:
    """Each batch a publish-time window of its own."""
    return PUBLISH_MICROS + number // PER_BATCH * 10 * MINUTE


def payloads() -> list[bytes]:
    """Batches of two events of different days, and one message to refuse."""
    return [
        b"broken %d" % i
        if i % PER_BATCH == PER_BATCH - 1
        else payload(
            event(event_id=f"00000000-0000-4000-8000-{i:012d}", timestamp=f"2026-11-{1 + i % 2:02d}T10:00:00Z")
        )
        for i in range(BATCHES * PER_BATCH)
    ]


ALL = {str(i) for i in range(BATCHES * PER_BATCH)}


def service() -> Service:
    return Service(payloads(), PER_BATCH, published)


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    return Driven(tmp_path_factory.mktemp("driven"))


@pytest.fixture(scope="module")
def calm(driven: Driven) -> set[str]:
    """Names of the objects of a run without faults."""
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        subscription = service()
        patch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", subscription.client)
        driven.clear()
        driven.run(PER_BATCH)
    assert len(driven.names()) == BATCHES * PER_BATCH
    return driven.names()


@pytest.fixture
def fresh(driven: Driven, calm: set[str], monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that has all messages, for an empty lake."""
    hurry(monkeypatch)
    driven.clear()
    subscription = service()
    monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", subscription.client)
    return subscription


def assert_conserved(driven: Driven, subscription: Service, calm: set[str]) -> None:
    assert subscription.acknowledged == set(driven.written()) == ALL
    assert driven.names() == driven.recorded() == calm
    assert set(driven.written().values()) == {1}
    driven.assert_whole()


@pytest.mark.parametrize("phase", [*WRITING, "watermark"])
@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_fault_that_passes_is_waited_for(
    driven: Driven, calm: set[str], fresh: Service, monkeypatch: pytest.MonkeyPatch, fault: str, phase: str
) -> None:
    """Each object fails twice: before it is stored, and after."""
    faulty = FaultyStorage(phase, [(TRANSIENT[fault], False), (TRANSIENT[fault], True)])
    monkeypatch.setattr(storage, "_store_local", faulty)
    if phase != "watermark":  # which moves once a batch; of the others there are as many in one
        fresh.per_pull = len(ALL)
    driven.run(fresh.per_pull)
    assert faulty.injected >= TIMES
    assert_conserved(driven, fresh, calm)
    assert fresh.delivered == len(ALL), "nothing had to be redelivered"


@pytest.mark.parametrize("phase", WRITING)
@pytest.mark.parametrize("fault", PERMANENT)
def test_a_fault_that_stays_stops_the_run_and_what_it_hit_comes_again(
    driven: Driven, calm: set[str], fresh: Service, monkeypatch: pytest.MonkeyPatch, fault: str, phase: str
) -> None:
    """Twenty lives end at a batch each; every second fault comes when the object has been stored."""
    real = storage._store_local
    for life in range(TIMES):
        faulty = FaultyStorage(
            phase, [(PERMANENT[fault], life % 2 == 1)], skip=life % 2 if phase == "lake object" else 0
        )
        monkeypatch.setattr(storage, "_store_local", faulty)
        with pytest.raises(Exception, match=str(PERMANENT[fault]().args[1])):
            driven.run(PER_BATCH)
        assert faulty.injected == 1
        assert fresh.acknowledged == set(), "a batch that is not wholly written is not acknowledged"
        assert fresh.leased == {}, "what was not written was given back at once"
        assert driven.names() <= calm
        driven.assert_whole()
    assert read_watermark(str(driven.lake)) is None
    monkeypatch.setattr(storage, "_store_local", real)
    driven.run(PER_BATCH)
    assert_conserved(driven, fresh, calm)


@pytest.mark.parametrize("fault", PERMANENT)
def test_a_watermark_that_cannot_be_written_stops_the_run_and_never_goes_back(
    driven: Driven, calm: set[str], fresh: Service, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    rest = [fresh.waiting.popleft() for _ in ALL]

    def deliver() -> None:
        for _ in range(PER_BATCH):
            fresh.waiting.append(rest.pop(0))

    deliver()
    driven.run(PER_BATCH)
    reached = read_watermark(str(driven.lake))
    assert reached is not None
    real = storage._store_local
    for life in range(TIMES):
        shutil.rmtree(driven.lake / "_control/ingestions")  # or what the life before gave back would hold the watermark
        faulty = FaultyStorage("watermark", [(PERMANENT[fault], life % 2 == 1)])
        monkeypatch.setattr(storage, "_store_local", faulty)
        deliver()
        with pytest.raises(Exception, match=str(PERMANENT[fault]().args[1])):
            driven.run(PER_BATCH)
        assert faulty.injected == 1
        assert fresh.acknowledged == set(driven.written()), "what is written is acknowledged before the run ends"
        assert fresh.leased == {}
        now = read_watermark(str(driven.lake))
        assert now is not None
        assert reached <= now <= published(len(ALL) - len(rest))
        reached = now
    monkeypatch.setattr(storage, "_store_local", real)
    driven.run(PER_BATCH)
    assert_conserved(driven, fresh, calm)


def test_what_was_pulled_when_the_watermark_fails_is_given_back(
    driven: Driven, fresh: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_store_local", FaultyStorage("watermark", [(PERMANENT["disk full"], False)]))
    with pytest.raises(OSError, match="No space left"):
        driven.run(PER_BATCH)
    assert fresh.acknowledged == set(driven.written()) != ALL
    assert fresh.leased == {}


class FaultyUploads:
    """`requests.Session.request`, by which each request of an upload fails twice.

    The second time the request has arrived, and the answer is lost; but for the last one of an upload, which the emulator,
    unlike Cloud Storage, does not take again.
    """

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._calls = self.injected = 0

    def __call__(self, session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        if "/upload/" not in url:
            return _request(session, method, url, **more)
        turn = self._calls % 3
        self._calls += 1
        if turn == 2:
            return _request(session, method, url, **more)
        self.injected += 1
        if turn == 1 and method == "POST":
            _request(session, method, url, **more)
        if self._fault in ("503", "429"):
            answer = requests.Response()
            answer.status_code, answer._content = int(self._fault), b"{}"
            answer.request = requests.Request(method, url).prepare()
            return answer
        if self._fault == "time-out":
            raise requests.exceptions.ReadTimeout("timed out")
        raise requests.exceptions.ConnectionError(ConnectionResetError(errno.ECONNRESET, "reset by peer"))


_request = requests.Session.request


@pytest.mark.parametrize("fault", TRANSIENT)
def test_in_buckets_it_is_the_same(
    shared_gcs: Gcs, calm: set[str], fresh: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    lake, quarantine = f"lake-{fault}".replace(" ", "-"), f"quarantine-{fault}".replace(" ", "-")
    graph = MicroBatchGraph(config(shared_gcs.bucket(lake), shared_gcs.bucket(quarantine)))
    batches = TIMES // 4
    messages = [Message(data, str(i), published(i)) for i, data in enumerate(payloads()[: batches * PER_BATCH])]
    faulty = FaultyUploads(fault)
    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", lambda _: None)
        patch.setattr(requests.Session, "request", lambda *given, **more: faulty(*given, **more))
        graph.run([messages])
    assert faulty.injected >= 4 * (len(messages) + batches), "two requests of each object, twice each"
    shared_gcs.download(lake, tmp_path / "lake")
    shared_gcs.download(quarantine, tmp_path / "quarantine")
    there = [path.relative_to(tmp_path) for root in ("lake", "quarantine") for path in objects_below(tmp_path / root)]
    assert {str(path) for path in there} <= calm
    found = sorted((one.message_id, one.data) for one in messages_in(tmp_path / "lake", tmp_path / "quarantine"))
    assert found == sorted((message.message_id, message.data) for message in messages)
