"""`lake demo --live` and `--chaos`: an account of every message, whatever is done to the ingestion."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from event_contract.lake_layout import LAKE, MANIFEST, QUARANTINE, WATERMARK
from lake_cli.local.demo import audit as audits
from lake_cli.local.demo.live.account import RunningAccount
from lake_cli.local.demo.live.chaos import FLOOD_MESSAGES, Chaos, Kind
from lake_cli.local.demo.live.publishing import Publishing
from lake_cli.local.demo.live.run import ingestion_of, record_unrecorded
from lake_cli.local.pubsub import Route
from lake_cli.places import Places
from producer import Message, SimulationConfig
from tests.ingestion.running import shorten_ack_deadline

ORDER = b'{"order_id":"o-%d","total":"9.90","currency":"EUR","timestamp":"2026-11-22T10:00:00Z"}'
NOON = "2026-11-22T12:00:00Z"


def message(data: bytes) -> Message:
    return Message(data, "", "", "valid", None, None)


def stored(places: Places, name: str, *lines: bytes, code: str | None = None) -> None:
    """An object of the lake, or of quarantine under a code, and its record."""
    root = LAKE if code is None else QUARANTINE
    path = f"{name}.ndjson.gz"
    file = (places.lake if code is None else places.quarantine) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    record: dict[str, Any] = {"path": path, "root": root, "event_type": None if code else "order_completed"}
    record |= {"reason": code, "date": NOON[:10], "rows": len(lines), "bytes": 1, "written_at": NOON}
    record |= {"min_publish_time": NOON, "max_publish_time": NOON}
    manifest = places.lake / MANIFEST / f"{name}.ndjson"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_bytes(msgspec.json.encode(record) + b"\n")


def line(data: bytes, message_id: int) -> bytes:
    return data[:-1] + b',"_ingest":{"message_id":"%d","publish_time":"%s"}}' % (message_id, NOON.encode())


def refused(data: bytes, message_id: int) -> bytes:
    envelope: dict[str, Any] = {"code": "invalid_json", "message": "", "field": None, "attributes": []}
    envelope |= {"payload": data, "message_id": str(message_id), "publish_time": NOON}
    return msgspec.json.encode(envelope | {"pipeline_version": "", "fingerprint": ""})


def test_every_message_is_published_then_found_once_and_a_lost_one_is_seen(tmp_path: Path) -> None:
    places, now = Places(tmp_path), [1_000.0]
    account = RunningAccount(places, lambda: now[0])
    sent = [message(ORDER % 1), message(ORDER % 1), message(ORDER % 2), message(b"{")]
    each, acknowledged = account.noting(sent)
    assert list(each) == sent
    stored(places, "early", line(ORDER % 1, 1))
    assert account.look().in_lake == 0, "Pub/Sub has not taken it yet"
    acknowledged(4)
    found = account.look()
    assert (found.published, found.in_lake, found.waiting, found.overdue) == (4, 1, 3, 0)

    stored(places, "again", line(ORDER % 1, 1))
    stored(places, "duplicate", line(ORDER % 1, 2))
    stored(places, "refused", refused(b"{", 4), code="invalid_json")
    now[0] = 1_030.0
    found = account.look()
    assert (found.in_lake, found.by_code, found.waiting, found.repeated_lines) == (2, {"invalid_json": 1}, 1, 1)
    assert found.oldest_waiting_seconds == 30
    assert (found.revenue, found.orders) == ({"EUR": Decimal("9.90")}, 1)

    (places.lake / WATERMARK).write_bytes(msgspec.json.encode({"watermark": NOON, "written_at": NOON}))
    assert account.look().overdue == 1, "the watermark claims that the order that waits is written"
    stored(places, "rest", line(ORDER % 2, 3))
    found = account.look()
    assert (found.waiting, found.overdue, found.in_lake + found.in_quarantine) == (0, 0, 4)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.proof
def test_nothing_is_lost_by_a_kill_broken_storage_and_a_flood(topic_and_subscription: Route, tmp_path: Path) -> None:
    route, places = topic_and_subscription, Places(tmp_path)
    shorten_ack_deadline(route)
    fault = tmp_path / "storage-fault"
    account = RunningAccount(places)
    publishing = Publishing(SimulationConfig(rate=40), route.topic, account, places.truth)
    ingestion = ingestion_of(places, route.subscription, fault)
    chaos = Chaos(ingestion, fault, publishing.flood, seed=1)

    def at_work() -> bool:
        ingestion.check()
        return ingestion.is_at_work

    def all_found() -> bool:
        ingestion.check()
        return account.look().waiting == 0

    publishing.start()
    try:
        for kind in Kind:
            until(at_work)
            chaos.inflict(kind)
        publishing.end()
        publishing.check()
        until(all_found)
    finally:
        chaos.end()
        publishing.end()
        ingestion.close()
    assert [each.kind for each in chaos.faults] == list(Kind)
    assert ingestion.starts > 1
    record_unrecorded(places)
    audit, shown = audits.audit(places, lambda _: None), account.look()
    assert audit.holds, audit.reasons
    assert audit.published > FLOOD_MESSAGES
    assert audit.published == shown.published
    assert (audit.lake.messages, audit.quarantine.messages) == (shown.in_lake, shown.in_quarantine)


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from lake_cli.cli import main; main()", "demo", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.proof
def test_ctrl_c_ends_the_stream_and_what_is_under_way_is_written(emulator: str, tmp_path: Path) -> None:
    with start(tmp_path, "--live", "--rate", "40") as process:
        assert process.stdout is not None
        for shown in process.stdout:
            if "= lake " in shown and "= lake 0 " not in shown:
                break
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=120)
    assert process.returncode == 0, rest + errors
    audit = audits.audit(Places(tmp_path / ".lake/live-demo"), lambda _: None)
    assert audit.holds, audit.reasons
    assert f"✓ {audit.equation}: every message is accounted for" in rest


def test_options_of_the_other_demo_are_refused(tmp_path: Path) -> None:
    for options, problem in (
        (["--chaos"], "--chaos needs --live"),
        (["--live", "--days", "3"], "--days has no meaning"),
    ):
        with start(tmp_path, *options) as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert problem in errors
