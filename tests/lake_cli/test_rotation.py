"""The emulator's memory is freed by replacing the subscription, while messages flow: none is lost, none comes twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from beam_pipeline.messages import rfc3339
from beam_pipeline.run_summary import RunSummary
from event_contract.lake_layout import LAKE, MANIFEST, QUARANTINE
from event_contract.lake_records import ManifestRecord
from lake_cli.local import emulator as emulators
from lake_cli.local import emulator_launchers, processes, produce, pubsub
from lake_cli.local.emulator import Emulator
from lake_cli.local.emulator_launchers import EmulatorUnavailable
from lake_cli.local.live import handover, rotation, rotator, start, stop
from lake_cli.local.live import state as states
from lake_cli.local.live.handover import HandoverFailed, Id
from lake_cli.local.live.state import RunState, Successor, Written
from lake_cli.local.pubsub import Route
from lake_cli.places import Places
from tests.conftest import do_without_emulator
from tests.ingestion.lake_reading import messages_in
from tests.lake_cli.test_live import VALID

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIB = 1 << 20


def state_of(folder: Path, heap_bytes: int | None = 1 << 30, **fields: object) -> RunState:
    return msgspec.structs.replace(
        RunState(
            emulator=Emulator(address="127.0.0.1:1", origin="a test", heap_bytes=heap_bytes),
            topic="projects/lake-local/topics/shop-events",
            subscription="projects/lake-local/subscriptions/shop-events-lake",
            chosen_subscription="projects/lake-local/subscriptions/shop-events-lake",
            folder=str(folder),
            started_at=NOON,
        ),
        **fields,
    )


def report(folder: Path, messages: int, size: int) -> None:
    summary = RunSummary(state="running", messages_read=messages, message_bytes=size)
    Places(folder).ingest_summary.write_bytes(msgspec.json.encode(summary))


SOME_PROCESS = processes.ProcessRecord(pid=1, started="another boot/1")


@pytest.mark.parametrize(
    ("written", "due"),
    [
        (Written(0, 0), False),
        (Written(100_000, 50_000_000), False),
        (Written(250_000, 120_000_000), True),
        (Written(10, 300_000_000), True),  # few, and large
        (Written(500_000, 0), True),  # many, and empty
    ],
)
def test_a_successor_is_due_when_written_messages_take_a_fourth_of_the_heap(
    tmp_path: Path, written: Written, due: bool
) -> None:
    assert rotation.is_due(state_of(tmp_path, written_before=written)) is due
    assert not rotation.is_due(state_of(tmp_path, heap_bytes=None, written_before=written)), "not our emulator"
    freed = state_of(tmp_path, written_before=written, written_to_predecessors=written)
    assert not rotation.is_due(freed), "what a deleted subscription held is freed"


def test_one_successor_at_a_time(tmp_path: Path) -> None:
    much = Written(10_000_000, 0)
    pending = Successor("projects/lake-local/subscriptions/s-alternate", NOON, NOON, much)
    assert rotation.is_due(state_of(tmp_path, written_before=much))
    assert not rotation.is_due(state_of(tmp_path, written_before=much, successor=pending))


def test_two_names_take_turns_and_a_platform_is_known_by_the_one_asked_for(tmp_path: Path) -> None:
    state = state_of(tmp_path)
    first = state.subscription
    second = rotation.next_subscription(state)
    assert second == first + "-alternate"
    assert rotation.next_subscription(msgspec.structs.replace(state, subscription=second)) == first


def test_what_ended_ingestions_wrote_is_counted_on(tmp_path: Path) -> None:
    report(tmp_path, 70, 7000)
    assert state_of(tmp_path).written == Written(0, 0), "a report from before the platform was up"
    running = state_of(tmp_path, ingest=SOME_PROCESS, written_before=Written(30, 3000))
    assert running.written == Written(100, 10_000)
    ended = running.without_ingest()
    assert ended.written == Written(100, 10_000)
    report(tmp_path, 5, 500)
    assert msgspec.structs.replace(ended, ingest=SOME_PROCESS).written == Written(105, 10_500)


def test_written_messages_are_known_by_the_lines_of_recorded_objects(tmp_path: Path) -> None:
    places = Places(tmp_path)
    noon = int(NOON.timestamp()) * 1_000_000
    hour = 3_600_000_000

    def store(root: str, path: str, ids: dict[str, int], replaces: tuple[str, ...] = ()) -> ManifestRecord:
        file = (places.lake if root == LAKE else places.quarantine) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = []
        for message_id, micros in ids.items():
            ingested = {"message_id": message_id, "publish_time": rfc3339(micros)}
            lines.append({"event_id": "e", "_ingest": ingested} if root == LAKE else {"code": "c", **ingested})
        file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return ManifestRecord(
            path=path,
            root=root,
            event_type=None,
            reason=None,
            date="2026-11-22",
            rows=len(ids),
            bytes=1,
            min_publish_time=rfc3339(min(ids.values())),
            max_publish_time=rfc3339(max(ids.values())),
            written_at=rfc3339(noon),
            replaces=list(replaces),
        )

    records = [
        store(LAKE, "a/new.ndjson", {"1": noon, "2": noon + 1}),
        store(LAKE, "a/old.ndjson", {"0": noon - hour}),
        store(QUARANTINE, "b/bad.ndjson", {"3": noon + 2}),
        store(LAKE, "a/replaced.ndjson", {"4": noon + 3}),
        store(LAKE, "a/joined.ndjson", {"4": noon + 3}, ("replaced.ndjson",)),
    ]
    (places.lake / "a/replaced.ndjson").unlink()
    store(LAKE, "a/not-recorded.ndjson", {"9": noon})
    manifest = places.lake / MANIFEST / "one.ndjson"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))

    wanted = {Id("1", noon), Id("2", noon + 1), Id("3", noon + 2), Id("4", noon + 3)}
    assert handover.written_ids(places, noon - hour // 2) == wanted
    (places.lake / "a/joined.ndjson").unlink()
    with pytest.raises(HandoverFailed, match="is in the manifest and missing"):
        handover.written_ids(places, noon)


def publish(address: str, topic: str, count: int) -> list[str]:
    with pubsub.publisher(address) as client:
        return list(client.publish(topic=topic, messages=[{"data": b"x"}] * count, retry=None, timeout=60).message_ids)


def waiting(address: str, subscription: str) -> dict[str, Id]:
    """What waits in a subscription, which gives it to the next reader, too."""
    with handover._reading(address, subscription) as reader:
        pulled = [one for each in reader.pulls(1 << 62) for one in reader.hold(each)]
    return {one.id.message_id: one.id for one in pulled}


def test_the_successor_delivers_what_is_not_written_and_nothing_else(
    emulator: str, topic_and_subscription: Route
) -> None:
    topic, predecessor = topic_and_subscription.topic, topic_and_subscription.subscription
    successor = predecessor + "-alternate"
    before = publish(emulator, topic, 7)
    pubsub.create(emulator, pubsub.route_of(topic, successor))
    both = publish(emulator, topic, 250)
    ids = waiting(emulator, predecessor)
    assert ids.keys() == {*before, *both}
    written = {ids[each] for each in [*before, *both[::2]]}

    end = max(each.publish_micros for each in ids.values()) + 1
    assert handover.count_unwritten(emulator, predecessor, end, written) == 125
    assert handover.count_unwritten(emulator, predecessor, min(ids[each].publish_micros for each in both), written) == 0
    assert handover.acknowledge_written(emulator, successor, written) == 125
    assert waiting(emulator, successor).keys() == set(both[1::2])
    assert handover.acknowledge_written(emulator, successor, written) == 0
    assert waiting(emulator, predecessor).keys() == {*before, *both}, "untouched until it is deleted"


def test_if_the_handover_fails_the_ingestion_goes_on_with_the_predecessor(
    emulator: str, topic_and_subscription: Route, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[RunState] = []
    monkeypatch.setattr(rotator, "start_ingest", lambda _, state: started.append(state))
    monkeypatch.setattr(rotator, "LEASE_SECONDS", 0.0)
    route = topic_and_subscription
    ids = publish(emulator, route.topic, 3)
    (tmp_path / "lake").mkdir()
    gone = Successor(route.subscription + "-alternate", NOON, NOON, Written(3, 3))
    written = {Id("some", 1)}
    monkeypatch.setattr(handover, "written_ids", lambda *_: written)
    state = state_of(
        tmp_path,
        emulator=Emulator(address=emulator, origin="a test", heap_bytes=MIB),
        topic=route.topic,
        subscription=route.subscription,
        ingest=SOME_PROCESS,
        successor=gone,
    )
    with pytest.raises(HandoverFailed, match="NotFound"):
        rotator._switch(tmp_path, state, gone, lambda _: None)
    assert started == [states.load(tmp_path)]
    assert (started[0].subscription, started[0].successor) == (route.subscription, None)
    assert waiting(emulator, route.subscription).keys() == set(ids)


def test_messages_not_yet_written_keep_the_predecessor(
    emulator: str, topic_and_subscription: Route, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[RunState] = []
    monkeypatch.setattr(rotator, "start_ingest", lambda _, state: started.append(state))
    route = topic_and_subscription
    publish(emulator, route.topic, 3)
    later = Successor(route.subscription + "-alternate", NOON, datetime.now(UTC) + timedelta(hours=1), Written())
    state = state_of(
        tmp_path,
        emulator=Emulator(address=emulator, origin="a test", heap_bytes=MIB),
        topic=route.topic,
        subscription=route.subscription,
        ingest=SOME_PROCESS,
        successor=later,
    )
    said: list[str] = []
    rotator._switch(tmp_path, state, later, said.append)
    assert said == [f"3 messages are not written yet, {route.subscription} is kept"]
    assert (started[0].subscription, started[0].successor) == (route.subscription, later)


@pytest.fixture
def small_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunState]:
    """A platform whose emulator has 48 MB, 10 of which it needs for itself."""
    monkeypatch.setattr(emulator_launchers, "_SMALLEST_HEAP_BYTES", 48 * MIB)
    monkeypatch.setattr(emulator_launchers, "_LARGEST_HEAP_BYTES", 48 * MIB)
    monkeypatch.delenv(emulators.HOST_VARIABLE, raising=False)
    route = Route(pubsub.LOCAL_PROJECT, "shop-events", "shop-events-lake")
    try:
        yield start.up(tmp_path / "run", tmp_path / "data", route, lambda _: None).state
    except EmulatorUnavailable as reason:
        do_without_emulator(reason)
    finally:
        stop.down(tmp_path / "run", None, lambda _: None, discard=True)


class Stranger:
    """A publisher that knows nothing of rotations: it publishes in every phase of them, and waits for nobody."""

    def __init__(self, run_folder: Path, address: str, topic: str) -> None:
        self.ids: list[str] = []
        self.failure: Exception | None = None
        self._where = run_folder, address, topic
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        run_folder, address, topic = self._where
        seen = None
        try:
            while not self._end.wait(0.01):
                state = states.load(run_folder)
                assert state is not None
                phase = state.successor is None, state.switching, state.ingest is None, state.subscription
                if phase != seen:
                    seen = phase
                    self.ids += publish(address, topic, 20)
        except Exception as failure:  # noqa: BLE001 - it is the test's to raise
            self.failure = failure


@pytest.mark.proof
def test_more_messages_than_the_emulator_can_hold_pass_through_it_and_each_is_written_once(
    small_platform: RunState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(produce, "MOST_WAITING", 250)
    run_folder, places, address = tmp_path / "run", Places(tmp_path / "data"), small_platform.emulator.address
    platform = produce.running_platform(run_folder)
    assert platform is not None
    small, large = (msgspec.json.encode(VALID | {"unknown_to_the_contract": "x" * size}) for size in (10, 150_000))
    batch = [{"data": data} for data in [large] * 5 + [small] * 45 + [b"{"]]
    ids: list[str] = []
    published_bytes = 0
    stranger = Stranger(run_folder, address, small_platform.topic)
    try:
        with pubsub.publisher(address) as client:
            while published_bytes < 42 * MIB:
                ids += client.publish(topic=platform.topic, messages=batch, retry=None, timeout=60).message_ids
                published_bytes += 5 * len(large)
                platform.hold_back(len(batch), threading.Event())
    finally:
        stranger.end()
    assert stranger.failure is None
    ids += stranger.ids
    state = states.load(run_folder)
    assert state is not None
    assert state.rotations >= 2
    assert state.rotator_runs

    stopped = stop.down(run_folder, None, lambda _: None)
    assert stopped is not None
    assert stopped.emulator is processes.Ending.ENDED
    assert not state.rotator_runs
    found = sorted(each.message_id for each in messages_in(places.lake, places.quarantine))
    assert found == sorted(ids), f"{len(found):,} found of {len(ids):,}"
