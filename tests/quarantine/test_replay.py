"""Sending quarantined messages again: marked, recorded, capped, and without effect when repeated."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.cloud.pubsub_v1 import SubscriberClient

import beam_pipeline.judging
import beam_pipeline.validation
from beam_pipeline.messages import Message
from event_contract import ErrorCode, Partition, Rejection, inspect
from lake_cli.local.pubsub import Route
from lake_cli.quarantine.reading import read_refused
from lake_cli.quarantine.records import read_records
from lake_cli.quarantine.sending import ReplayFailed
from tests.gcs import Gcs
from tests.ingestion.lake_reading import messages_in
from tests.quarantine.conftest import Quarantine, refused_messages
from tests.samples import PUBLISH_MICROS, event, payload, without
from tests.warehouse.conftest import content_hashes, rows
from warehouse_runner import build


@pytest.fixture
def subscription(topic_and_subscription: Route) -> Callable[[], list[Message]]:
    """Takes everything that is waiting."""

    def drain() -> list[Message]:
        found: list[Message] = []
        with SubscriberClient() as client:
            while True:
                answer = client.pull(
                    subscription=topic_and_subscription.subscription, max_messages=1000, return_immediately=True
                )
                if not answer.received_messages:
                    return found
                client.acknowledge(
                    subscription=topic_and_subscription.subscription,
                    ack_ids=[one.ack_id for one in answer.received_messages],
                )
                found += [
                    Message(
                        one.message.data,
                        one.message.message_id,
                        int(one.message.publish_time.timestamp() * 1_000_000),
                        dict(one.message.attributes),
                    )
                    for one in answer.received_messages
                ]

    return drain


def stricter(payload: bytes, publish_micros: int) -> Partition | Rejection:
    """Yesterday's contract: it knew no tablets."""
    if b'"device":"tablet"' in payload:
        return Rejection(ErrorCode.INVALID_VALUE, "Invalid enum value 'tablet' - at `$.device`", "device")
    return inspect(payload, publish_micros)


def order(number: int, **changes: Any) -> Message:
    body = event(
        "order_completed", event_id=f"00000000-0000-4000-8000-{number:012d}", order_id=f"o-{number}", **changes
    )
    return Message(payload(body), f"first-{number}", PUBLISH_MICROS)


@pytest.mark.filterwarnings("ignore:The return_immediately flag is deprecated:DeprecationWarning")
class TestThroughTheTopic:
    @pytest.mark.usefixtures("warm_dbt")
    def test_after_a_contract_fix_the_repaired_reach_the_lake_and_a_second_replay_changes_no_table(
        self,
        tmp_path: Path,
        topic_and_subscription: Route,
        subscription: Callable[[], list[Message]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        quarantine = Quarantine(str(tmp_path / "lake"), str(tmp_path / "quarantine"))
        repairable = [order(number, device="tablet") for number in range(20)]
        hopeless = [Message(b"no event %d" % number, f"hopeless-{number}", PUBLISH_MICROS) for number in range(5)]
        with monkeypatch.context() as patch:
            patch.setattr(beam_pipeline.validation, "accept", lambda *_: None)
            patch.setattr(beam_pipeline.judging, "judge", stricter)
            quarantine.ingest([*repairable, *repairable[:3], *hopeless, order(99)])
        topic = f"--topic={topic_and_subscription.topic}"

        assert "25 messages would be sent: 20 that the contract accepts now" in quarantine.ok("replay", topic)
        assert subscription() == []
        assert "25 messages sent" in quarantine.ok("replay", topic, "--yes", "--rate=5000")
        arrived = subscription()
        assert len(arrived) == 25
        quarantine.ingest(arrived)

        lake, root = Path(quarantine.lake), Path(quarantine.root)
        in_lake = {found.data for found in messages_in(lake, root) if found.code is None}
        assert in_lake == {message.data for message in repairable} | {order(99).data}
        back = [refused for refused in read_refused(quarantine.root) if refused.attempt == 1]
        assert {refused.payload for refused in back} == {message.data for message in hopeless}
        tables = self.warehouse(quarantine, tmp_path)

        assert "5 messages sent" in quarantine.ok("replay", topic, "--yes", "--rate=5000")
        quarantine.ingest(subscription())
        assert max(refused.attempt for refused in read_refused(quarantine.root)) == 2
        # Even when forced to send everything once more, each event is in the warehouse once.
        quarantine.ok("replay", topic, "--yes", "--again", "--rate=5000")
        quarantine.ingest(subscription())
        assert sum(found.code is None for found in messages_in(lake, root)) == 41
        assert self.warehouse(quarantine, tmp_path) == tables
        assert tables["orders"] == 21

    def test_messages_of_another_system_reach_the_lake_once_the_job_has_their_mapping(
        self, tmp_path: Path, topic_and_subscription: Route, subscription: Callable[[], list[Message]]
    ) -> None:
        quarantine = Quarantine(str(tmp_path / "lake"), str(tmp_path / "quarantine"))
        envelope = {"specversion": "1.0", "type": "page_viewed", "source": "/web", "time": "2026-11-22T09:59:00Z"}
        data = without(event(), "event_id", "event_type", "timestamp")
        good, poison = (
            payload({**envelope, "id": f"{each}-1", "data": {**data, **changes}})
            for each, changes in (("good", {}), ("poison", {"page_path": 7}))
        )
        packed = Message(gzip.compress(good), "packed", PUBLISH_MICROS, {"content-encoding": "gzip"})
        sent = [Message(good, "good", PUBLISH_MICROS), Message(poison, "poison", PUBLISH_MICROS), packed]
        quarantine.ingest(sent)
        assert {refused.payload for refused in read_refused(quarantine.root)} == {one.data for one in sent}
        assert {refused.envelope.code for refused in read_refused(quarantine.root)} == {"missing_field"}

        topic = f"--topic={topic_and_subscription.topic}"
        assert "3 messages would be sent: 0 that" in quarantine.ok("replay", topic)
        asked = (topic, "--mappings=cloudevents", "--only-valid")
        assert "2 messages sent: 2 that" in quarantine.ok("replay", *asked, "--yes", "--rate=5000")
        quarantine.ingest(subscription(), mappings="cloudevents")
        in_lake = [one for one in messages_in(Path(quarantine.lake), Path(quarantine.root)) if one.code is None]
        assert len(in_lake) == 2
        assert {json.loads(one.data)["event_type"] for one in in_lake} == {"page_viewed"}

        assert "1 messages sent: 0 that" in quarantine.ok("replay", topic, "--mappings=cloudevents", "--yes")
        quarantine.ingest(subscription(), mappings="cloudevents")
        (back,) = [refused for refused in read_refused(quarantine.root) if refused.attempt == 1]
        assert (back.payload, back.envelope.code) == (poison, "wrong_type"), (
            "the bytes that were sent, whatever was read of them"
        )

        assert "no mapping; there are:" in str(quarantine.call("replay", topic, "--mappings=acme").exception)

    def warehouse(self, quarantine: Quarantine, folder: Path) -> dict[str, Any]:
        file = folder / "warehouse.duckdb"
        result = build(Path(quarantine.lake), Path(quarantine.root), file)
        assert result.succeeded, result.failures
        tables = {name: digest for name, digest in content_hashes(file).items() if "fct_" in name}
        assert tables
        ((orders,),) = rows(file, "select count(*) from marts.fct_orders")
        return {"orders": orders, **tables}

    def test_messages_are_marked_and_keep_bytes_and_attributes(
        self, quarantine: Quarantine, topic_and_subscription: Route, subscription: Callable[[], list[Message]]
    ) -> None:
        quarantine.ok("replay", f"--topic={topic_and_subscription.topic}", "--yes")
        sent = {message.data: message for message in subscription()}
        assert set(sent) == {message.data for message in refused_messages()}
        for refused in read_refused(quarantine.root):
            assert sent[refused.payload].attributes == {
                "origin": "test",
                "replay_of": refused.envelope.fingerprint,
                "replay_attempt": "1",
            }
        records = read_records(quarantine.root)
        assert {record.message_id for record in records} == {message.message_id for message in sent.values()}
        assert json.loads(quarantine.ok("summary", "--json"))["sent_again"]["wrong_type"] == 2

    def test_what_pubsub_does_not_take_is_named_and_skipped_and_all_else_is_sent(
        self,
        quarantine: Quarantine,
        topic_and_subscription: Route,
        subscription: Callable[[], list[Message]],
    ) -> None:
        quarantine.ok("replay", f"--topic={topic_and_subscription.topic}", "--yes")
        usual = {message.data for message in subscription()}
        too_many = {f"key-{number}": "x" for number in range(99)}
        quarantine.ingest(
            [
                Message(b"too many attributes", "many-1", PUBLISH_MICROS, too_many),
                Message(b"x" * 10_000_000, "large-1", PUBLISH_MICROS),
                Message(b"innocent", "innocent-1", PUBLISH_MICROS),
            ]
        )
        told = quarantine.ok("replay", f"--topic={topic_and_subscription.topic}", "--yes", "--again")
        assert {message.data for message in subscription()} == usual | {b"innocent"}
        assert "2 not sent" in told
        assert "101 attributes" in told
        assert "Pub/Sub takes 10,000,000" in told

    def test_what_was_sent_is_skipped_until_it_comes_back_and_given_up_in_the_end(
        self, quarantine: Quarantine, topic_and_subscription: Route, subscription: Callable[[], list[Message]]
    ) -> None:
        send = ("replay", f"--topic={topic_and_subscription.topic}", "--yes", "--max-attempts=2", "--rate=1000")
        assert "7 messages sent" in quarantine.ok(*send)
        again = quarantine.ok(*send)
        assert "0 messages sent" in again
        assert "7 left out: sent before" in again
        quarantine.ingest(subscription())
        assert "7 messages sent" in quarantine.ok(*send)
        quarantine.ingest(subscription())
        assert "7 left out: sent as often as --max-attempts allows" in quarantine.ok(*send)
        assert subscription() == []

    def test_a_repaired_file_comes_back_and_is_sent_once(
        self,
        quarantine: Quarantine,
        tmp_path: Path,
        topic_and_subscription: Route,
        subscription: Callable[[], list[Message]],
    ) -> None:
        file = tmp_path / "fix.ndjson"
        assert "7 messages written" in quarantine.ok("replay", f"--to-file={file}")
        repaired = []
        for line in map(json.loads, file.read_text().splitlines()):
            if line.get("field") == "city":
                line["event"]["city"] = "Köln"
                repaired.append(json.dumps(line))
        file.write_text("\n".join(repaired) + "\n")
        arguments = ("replay", f"--fixed={file}", f"--topic={topic_and_subscription.topic}")
        assert "1 messages would be sent: 1 that the contract accepts now" in quarantine.ok(*arguments)
        assert "1 messages sent" in quarantine.ok(*arguments, "--yes")
        assert "1 left out: sent before" in quarantine.ok(*arguments, "--yes")
        (message,) = subscription()
        assert json.loads(message.data) == event("user_registered")
        (original,) = (one for one in read_refused(quarantine.root) if one.envelope.message_id == "m-3")
        assert message.attributes["replay_of"] == original.envelope.fingerprint
        quarantine.ingest([message])
        assert sum(found.code is None for found in messages_in(Path(quarantine.lake), Path(quarantine.root))) == 1

    def test_a_replay_is_no_faster_than_its_rate(
        self, quarantine: Quarantine, topic_and_subscription: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waited: list[float] = []
        monkeypatch.setattr("lake_cli.quarantine.sending.time.sleep", waited.append)
        quarantine.ok("replay", f"--topic={topic_and_subscription.topic}", "--yes", "--rate=10")
        assert sum(waited[:2]) == pytest.approx(0.2, abs=0.1)  # requests of two, each to last a fifth of a second
        assert len(waited) == 4

    def test_a_missing_topic_is_told_before_anything_is_recorded(
        self, quarantine: Quarantine, topic_and_subscription: Route
    ) -> None:
        result = quarantine.call("replay", f"--topic={topic_and_subscription.topic}x", "--yes")
        assert "does not exist" in str(result.exception)
        assert read_records(quarantine.root) == []

    def test_what_was_sent_before_a_failure_is_recorded(
        self,
        quarantine: Quarantine,
        topic_and_subscription: Route,
        subscription: Callable[[], list[Message]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from google.api_core.exceptions import PermissionDenied
        from google.pubsub_v1 import PublisherClient

        real, calls = PublisherClient.publish, []

        def failing(self: PublisherClient, *args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            if len(calls) == 3:
                raise PermissionDenied("revoked")
            return real(self, *args, **kwargs)

        monkeypatch.setattr(PublisherClient, "publish", failing)
        send = ("replay", f"--topic={topic_and_subscription.topic}", "--yes", "--rate=15")
        result = quarantine.call(*send)
        assert isinstance(result.exception, ReplayFailed)
        assert "6 messages were sent" in str(result.exception)
        assert "1 messages sent" in quarantine.ok(*send)
        assert len(subscription()) == 7

    def test_in_buckets_it_is_the_same(
        self, gcs: Gcs, topic_and_subscription: Route, subscription: Callable[[], list[Message]]
    ) -> None:
        quarantine = Quarantine(gcs.bucket("workbench-lake"), gcs.bucket("workbench-quarantine"))
        quarantine.ingest(refused_messages())
        assert "7 messages in gs://workbench-quarantine" in quarantine.ok("summary")
        assert "marketing_opt_in" in quarantine.ok("show", "m-4")
        send = ("replay", f"--topic={topic_and_subscription.topic}", "--yes")
        assert "7 messages sent" in quarantine.ok(*send)
        assert "7 left out: sent before" in quarantine.ok(*send)
        assert len(subscription()) == 7
        assert [name for name in gcs.objects("workbench-quarantine") if name.startswith("_control/replays/")]


def test_only_valid_leaves_the_rest_alone_and_limit_ends_early(quarantine: Quarantine) -> None:
    quarantine.ingest([Message(order(1).data.replace(b"70.12", b"70.13"), "x", PUBLISH_MICROS)])
    assert "8 left out: the contract still refuses them" in quarantine.ok("replay", "--only-valid")
    assert "3 messages would be sent" in quarantine.ok("replay", "--limit=3")


def test_a_dry_run_needs_no_topic_and_sending_does(
    quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lake_cli.quarantine.cli.RUN_FOLDER", tmp_path / "not up")
    assert "Nothing was sent" in quarantine.ok("replay")
    assert "no topic" in str(quarantine.call("replay", "--yes").exception)
    assert "is no topic" in str(quarantine.call("replay", "--yes", "--topic=events").exception)


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"replay_of":"abc","text":"x"}',
        b'{"replay_of":"%s"}' % (b"a" * 64),
        b'{"replay_of":"%s","text":"x","base64":"eA=="}' % (b"a" * 64),
        b'{"replay_of":"%s","base64":"!"}' % (b"a" * 64),
        b"not json",
    ],
)
def test_a_line_that_is_none_of_ours_is_told_with_its_number(
    quarantine: Quarantine, tmp_path: Path, line: bytes
) -> None:
    file = tmp_path / "fix.ndjson"
    file.write_bytes(b"\n" + line + b"\n")
    assert f"{file}, line 2" in str(quarantine.call("replay", f"--fixed={file}").exception)


def test_a_message_of_another_quarantine_is_not_sent(quarantine: Quarantine, tmp_path: Path) -> None:
    file = tmp_path / "fix.ndjson"
    file.write_bytes(b'{"replay_of":"%s","text":"x"}\n' % (b"a" * 64))
    assert "1 left out: not of this quarantine" in quarantine.ok("replay", f"--fixed={file}")


def test_attributes_that_a_stranger_made_up_do_no_harm(quarantine: Quarantine) -> None:
    for number, attributes in enumerate(
        [
            {"replay_of": "x", "replay_attempt": "-1"},
            {"replay_attempt": "7"},
            {"replay_of": "a" * 64, "replay_attempt": "٣"},
        ]
    ):
        quarantine.ingest([Message(b"stranger %d" % number, f"s-{number}", PUBLISH_MICROS, attributes)])
    found = [one for one in read_refused(quarantine.root) if one.envelope.message_id.startswith("s-")]
    assert [one.attempt for one in found] == [0, 0, 0]
    assert sum(one.case == one.envelope.fingerprint for one in found) == 2


def test_the_pipeline_keeps_the_marks_of_a_replay(quarantine: Quarantine) -> None:
    marks = {"replay_of": "b" * 64, "replay_attempt": "3"}
    quarantine.ingest([Message(b"once more", "again", PUBLISH_MICROS, marks)])
    (found,) = (one for one in read_refused(quarantine.root) if one.envelope.message_id == "again")
    assert (found.case, found.attempt) == ("b" * 64, 3)
