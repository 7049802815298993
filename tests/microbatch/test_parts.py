"""The parts of the micro-batch driver: what is held, when a batch is due, how far the watermark is."""

import json
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from beam_pipeline.messages import Message, now_micros
from beam_pipeline.microbatch.leases import Leases
from beam_pipeline.microbatch.mark_files import WatermarkFile
from beam_pipeline.microbatch.marks import CLOCK_MARGIN_MICROS, verdict
from beam_pipeline.microbatch.process_identity import identity
from beam_pipeline.microbatch.progress import RunProgress
from beam_pipeline.microbatch.received import QUIET_SECONDS, ReceivedMessages
from beam_pipeline.microbatch.watermark import (
    ORDER_MARGIN_MICROS,
    WatermarkTracker,
)
from beam_pipeline.watermark import advance_watermark, read_watermark

MINUTE = 60_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def messages(count: int, size: int = 1) -> list[Message]:
    return [Message(b"x" * size, str(i), 0) for i in range(count)]


class TestReceivedMessages:
    def test_a_full_batch_is_due_at_once_and_room_is_told(self) -> None:
        received = ReceivedMessages(10, 10**6, 60)
        assert received.wait_for_room() == 10
        received.add(messages(7), ["a"] * 7, 1)
        assert received.wait_for_room() == 3
        assert received.next_batch(0) is None
        received.add(messages(3), ["b"] * 3, 2)
        batch = received.next_batch(0)
        assert batch is not None
        assert (len(batch.messages), len(batch.ack_ids), batch.leases) == (10, 10, [1, 2])
        assert received.wait_for_room() == 10

    def test_a_batch_is_due_by_bytes_and_by_age_too(self) -> None:
        clock = Clock()
        received = ReceivedMessages(10**6, 100, 5, clock)
        received.add(messages(1, size=100), ["a"], 1)
        assert received.next_batch(0) is not None
        received.add(messages(1), ["b"], 2)
        for second in range(5):
            assert received.next_batch(0) is None, f"written after {second} s"
            clock.now += 1 - QUIET_SECONDS / 2
            received.add(messages(1), ["c"], 3)
            clock.now += QUIET_SECONDS / 2
        assert received.next_batch(0) is not None

    def test_a_batch_is_due_when_nothing_more_comes(self) -> None:
        clock = Clock()
        received = ReceivedMessages(10**6, 10**6, 60, clock)
        received.add(messages(1), ["a"], 1)
        clock.now += QUIET_SECONDS / 2
        received.add(messages(1), ["b"], 2)
        clock.now += QUIET_SECONDS / 2
        assert received.next_batch(0) is None
        clock.now += QUIET_SECONDS / 2
        assert received.next_batch(0) is not None

    def test_pulling_waits_while_the_batch_is_full(self) -> None:
        received = ReceivedMessages(5, 10**6, 60)
        received.add(messages(5), ["a"] * 5, 1)
        waited = threading.Event()
        puller = threading.Thread(target=lambda: (received.wait_for_room(), waited.set()))
        puller.start()
        assert not waited.wait(0.05)
        received.next_batch(0)
        assert waited.wait(5)
        puller.join()

    def test_what_is_left_when_closed_is_still_written(self) -> None:
        received = ReceivedMessages(10, 10**6, 60)
        received.add(messages(2), ["a", "b"], 1)
        received.close()
        assert received.wait_for_room() == 0
        assert not received.is_drained
        batch = received.next_batch(0)
        assert batch is not None
        assert len(batch.messages) == 2
        assert received.is_drained


class TestLeases:
    def test_what_is_held_is_extended_before_its_deadline_until_released(self) -> None:
        leases = Leases(first_seconds=10, lease_seconds=60)
        first, second = leases.hold(["a", "b"], 100), leases.hold(["c"], 100)
        assert leases.due(104) == []
        leases.release([second])
        assert leases.due(106) == ["a", "b"]
        assert leases.due(135) == []
        assert leases.due(137) == ["a", "b"]
        leases.release([first])
        assert leases.due(1137) == []


def reached(tracker: WatermarkTracker, now: int) -> int | None:
    return verdict({"only": tracker.mark(now)}, now).watermark


class TestWatermark:
    def test_an_empty_subscription_moves_it_to_when_the_wait_began(self) -> None:
        tracker = WatermarkTracker("s", MINUTE)
        assert reached(tracker, 0) is None
        tracker.found_empty(50 * MINUTE, 51 * MINUTE)
        assert reached(tracker, 60 * MINUTE) == 50 * MINUTE - CLOCK_MARGIN_MICROS

    def test_the_oldest_message_held_holds_it_back(self) -> None:
        tracker = WatermarkTracker("s", MINUTE)
        tracker.hold(1, 10 * MINUTE)
        tracker.hold(2, 40 * MINUTE)
        tracker.found_empty(50 * MINUTE, 51 * MINUTE)
        assert reached(tracker, 60 * MINUTE) == 10 * MINUTE
        tracker.release([1], 60 * MINUTE)
        assert reached(tracker, 60 * MINUTE) == 40 * MINUTE

    def test_under_load_it_follows_what_is_written_at_a_distance(self) -> None:
        tracker = WatermarkTracker("s", MINUTE)
        tracker.hold(1, 30 * MINUTE)
        tracker.release([1], 31 * MINUTE)
        assert reached(tracker, 60 * MINUTE) == 30 * MINUTE - ORDER_MARGIN_MICROS

    def test_after_a_lost_answer_it_stands_still_until_its_messages_must_have_come_again(self) -> None:
        tracker = WatermarkTracker("s", MINUTE)
        tracker.owe(55 * MINUTE)
        tracker.found_empty(50 * MINUTE, 51 * MINUTE)
        tracker.found_drained(54 * MINUTE, 56 * MINUTE)
        assert reached(tracker, 57 * MINUTE) is None, "the answers began before the leases ran out"
        tracker.found_drained(55 * MINUTE, 57 * MINUTE)
        assert reached(tracker, 57 * MINUTE) == 50 * MINUTE - CLOCK_MARGIN_MICROS

    def test_the_file_never_goes_back(self, tmp_path: Path) -> None:
        assert read_watermark(str(tmp_path)) is None
        assert advance_watermark(str(tmp_path), 20 * MINUTE)
        assert not advance_watermark(str(tmp_path), 10 * MINUTE)
        assert read_watermark(str(tmp_path)) == 20 * MINUTE
        content = json.loads((tmp_path / "_control/watermark.json").read_text())
        assert content["watermark"] == "1970-01-01T00:20:00.000000Z"
        assert set(content) == {"watermark", "written_at"}

    def test_a_run_that_did_not_end_cleanly_is_noticed_by_the_next(self, tmp_path: Path) -> None:
        def empty(file: WatermarkFile, ahead: int) -> None:
            file.tracker.found_empty(now_micros() + ahead, now_micros())

        killed = WatermarkFile(str(tmp_path), "s", lease_seconds=60)
        empty(killed, 0)
        killed.keep()
        reached = read_watermark(str(tmp_path))
        assert reached is not None
        (mark,) = (tmp_path / "_control/ingestions").glob("*.json")
        mark.write_text(mark.read_text().replace(identity(), identity() + "0"))  # another start: that process is gone

        after_crash = WatermarkFile(str(tmp_path), "s", lease_seconds=60)
        empty(after_crash, MINUTE)
        after_crash.close()
        assert read_watermark(str(tmp_path)) == reached
        drained = WatermarkFile(str(tmp_path), "s", lease_seconds=60)
        empty(drained, MINUTE)
        drained.tracker.found_drained(now_micros() + 2 * MINUTE, now_micros())
        drained.close()
        assert read_watermark(str(tmp_path)) > reached
        assert list((tmp_path / "_control/ingestions").iterdir()) == []

    @pytest.mark.parametrize("damage", [b"", b"{", b"[]"])
    def test_a_damaged_mark_counts_as_that_of_a_dead_ingestion(self, tmp_path: Path, damage: bytes) -> None:
        file = WatermarkFile(str(tmp_path), "s", lease_seconds=60)
        (tmp_path / "_control/ingestions/other.json").write_bytes(damage)
        file.tracker.found_empty(now_micros(), now_micros())
        file.keep()
        assert read_watermark(str(tmp_path)) is None
        file.tracker.found_drained(now_micros() + 2 * MINUTE, now_micros())
        file.keep()
        assert read_watermark(str(tmp_path)) is not None


class TestSummary:
    def test_it_counts_what_was_written_and_keeps_a_file_for_others(self, tmp_path: Path) -> None:
        clock = Clock()
        summary = RunProgress(tmp_path / "summary.json", clock)
        clock.now += 2
        summary.add(
            Counter(messages_read=30, events_valid_page_viewed=28, events_quarantined_invalid_json=2, objects_written=3)
        )
        summary.finish()
        kept = json.loads((tmp_path / "summary.json").read_text())
        assert kept["state"] == "finished"
        assert kept["messages_read"] == 30
        assert kept["valid"] == {"page_viewed": 28}
        assert kept["quarantined"] == {"invalid_json": 2}
        assert kept["messages_per_second"] == pytest.approx(15)
        assert kept["peak_rss_bytes"] > 1_000_000
        assert "28 in the lake, 2 in quarantine" in summary.line()

    def test_waiting_for_more_is_not_counted_as_time(self) -> None:
        clock = Clock()
        summary = RunProgress(clock=clock)
        clock.now += 1
        summary.add(Counter(messages_read=10))
        clock.now += 100
        summary.finish()
        assert summary.summary().seconds == 1.0


def test_now_is_in_microseconds() -> None:
    assert abs(now_micros() / 1e6 - time.time()) < 5
