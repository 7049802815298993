"""`lake erase`: persons leave lake, quarantine, warehouse and page, and do not come back."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from beam_pipeline.messages import Message, now_micros
from lake_cli import lake_files
from lake_cli.cli import main
from lake_cli.lifecycle import compaction, receipts
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.erasure_run import ErasureRun
from lake_cli.lifecycle.subjects import Subjects
from tests.gcs import emulated
from tests.lifecycle.lakes import MINUTE, Lake, in_folder, message, unpacked
from tests.samples import PUBLISH_MICROS, event

CANARY = "u-canary-17"
DEVICE = "a-canary-17"


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param == "folder":
        yield in_folder(tmp_path)
        return
    with emulated() as gcs:
        yield Lake(gcs.bucket("lake"), gcs.bucket("quarantine") + "/shop")


def run_on(lake: Lake, folder: Path) -> tuple[ErasureRun, list[str]]:
    told: list[str] = []
    return ErasureRun(lake.lake, lake.quarantine, folder / "warehouse.duckdb", folder / "page.html", told.append), told


def fill(lake: Lake, *, batch: int = 0, written_micros: int = PUBLISH_MICROS) -> None:
    """A person in three types and, in four ways, in quarantine, among others whose ids resemble theirs."""
    at = PUBLISH_MICROS + batch * MINUTE
    number = 1000 * batch
    lake.write(
        [
            *(message(number + n, at, user_id=f"u-canary-1{n}", anonymous_id=f"a-{n}") for n in range(7)),
            message(number + 100, at, user_id=CANARY, anonymous_id=DEVICE),
            message(number + 101, at, "product_viewed", user_id=None, anonymous_id=DEVICE),
            message(number + 102, at, "user_registered", user_id=CANARY, email="canary@example.com", name="Canary"),
            message(number + 103, at, page_path=f"/account/{CANARY}"),
            _escaped(number + 104, at),
            message(number + 105, at, user_id=f"{CANARY}-b", anonymous_id=f"x{DEVICE}"),
            *_refused(number + 200, at),
        ],
        written_micros,
    )


def _escaped(number: int, at: int) -> Message:
    """A valid message in which the key and the value are written with escapes."""
    found = message(number, at, user_id="U-HERE", anonymous_id="a-other")
    data = found.data.replace(b'"user_id": "U-HERE"', rb'"user\u005fid": "u\u002dcanary-17"')
    assert data != found.data
    return found._replace(data=data)


def _refused(number: int, at: int) -> Iterator[Message]:
    broken = json.dumps(event(user_id=CANARY)).encode()[:-10]
    yield Message(broken, str(number), at, {"event_type": "page_viewed"})
    yield Message(json.dumps({"user_id": CANARY, "event_type": "nothing"}).encode(), str(number + 1), at)
    yield Message(f'{{"user_id": "{CANARY}"'.encode("utf-16"), str(number + 2), at)
    yield Message(b"no json at all", str(number + 3), at, {"user": CANARY})
    yield Message(b"somebody else", str(number + 4), at)


def everything(lake: Lake) -> bytes:
    """Every byte of lake and quarantine, unpacked and with payloads decoded, without zero bytes."""
    texts = []
    for root in (lake.lake, lake.quarantine):
        for name in root.sizes(""):
            text = unpacked(root.read(name))
            texts += [name.encode(), text]
            if "failed/" in name:
                texts += [
                    base64.b64decode(json.loads(line)["payload"]).replace(b"\0", b"") for line in text.splitlines()
                ]
    return b"\n".join(texts)


def test_a_person_leaves_and_nobody_else_does(lake: Lake, tmp_path: Path) -> None:
    fill(lake)
    before = lake.lines().total()
    run, told = run_on(lake, tmp_path)

    assert run.count([CANARY, DEVICE]) == []
    assert "9 lines in" in told[-1]
    assert lake.lines().total() == before

    assert run.erase([CANARY, DEVICE]) == []

    assert lake.lines().total() == before - 9
    text = everything(lake).replace(f"{CANARY}-b".encode(), b"").replace(f"x{DEVICE}".encode(), b"")
    assert not [word for word in (CANARY, DEVICE, "canary@example.com", r"\u002dcanary-17") if word.encode() in text]
    manifest = manifests.read(lake.lake)
    assert {f"{r}/{p}" for r in ("lake", "quarantine") for p in manifest.live(r)} == set(lake.objects())
    assert sum(each.rows - each.replaced_rows for each in manifest.records.values()) == before - 9
    assert lake_files.contents(list(manifest.records.values())).erased_rows == 9
    (receipt,) = receipts.read(lake.lake)
    assert sum(receipt.runs[0].rows.values()) == 9
    erased = receipts.erased_messages(lake.lake, manifest.records)
    assert sorted(each.message_id for messages in erased.values() for each in messages) == sorted(
        map(str, (100, 101, 102, 103, 104, 200, 201, 202, 203))
    )


def test_a_second_run_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    fill(lake)
    run, _ = run_on(lake, tmp_path)
    run.erase([CANARY, DEVICE])
    objects, manifest = lake.objects(), manifests.read(lake.lake).files
    run.erase([DEVICE, CANARY])
    run.apply_pending()
    assert (lake.objects(), manifests.read(lake.lake).files) == (objects, manifest)
    assert len(receipts.read(lake.lake)) == 1


def test_an_order_stands_for_what_is_written_later(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    run, told = run_on(lake, tmp_path)
    run.erase([CANARY, DEVICE])
    fill(lake, batch=1, written_micros=now_micros())  # a replay brings the same persons back
    lake.settle()
    compaction.compact(lake.lake, lake.quarantine, Rules(date(2026, 11, 24)), now_micros(), lambda: None)
    assert CANARY.encode() in everything(lake)

    run.show_pending()
    assert "objects written since" in told[-2]
    run.apply_pending()

    text = everything(lake).replace(f"{CANARY}-b".encode(), b"")
    assert CANARY.encode() not in text
    assert DEVICE.encode() not in text.replace(f"x{DEVICE}".encode(), b"")


def test_objects_that_were_replaced_or_left_over_or_never_recorded_hold_nobody_either(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    for batch in range(4):
        fill(lake, batch=batch)
    before = set(lake.lines())
    keep = Rules(date(2026, 11, 24), keep=timedelta(hours=1))
    compaction.compact(lake.lake, lake.quarantine, keep, now_micros(), lambda: None)
    first = next(iter(lake.lake.sizes("event_type=page_viewed")))
    lake.lake.write(first.replace(".ndjson", "copy.ndjson"), lake.lake.read(first))
    run, _ = run_on(lake, tmp_path)
    assert run.erase([CANARY, DEVICE]) == []
    assert not [line for line in lake.lines() if f'"{CANARY}"'.encode() in line or f'"{DEVICE}"'.encode() in line]
    assert len(before - set(lake.lines())) == 4 * 9


def test_a_damaged_object_is_named_and_the_order_stays_due(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    first = next(iter(lake.lake.sizes("event_type=page_viewed")))
    lake.lake.write(first, lake.lake.read(first)[:-9])
    run, _ = run_on(lake, tmp_path)
    (problem,) = run.erase([CANARY])
    assert first in problem
    assert receipts.read(lake.lake)[0].applied_to is None


def test_a_receipt_names_nobody(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    run_on(lake, tmp_path)[0].erase([CANARY])
    for name in lake.lake.sizes("_control/erasures/"):
        assert CANARY.encode() not in lake.lake.read(name)


@pytest.mark.parametrize("value", ["ü-ñ", 'quo"te', "sp ace", "a.b", "back\\slash"])
def test_ids_of_any_text_are_found(value: str) -> None:
    for subjects in (Subjects(b"salt", [value]), Subjects(b"salt", hashes=Subjects(b"salt", [value]).hashes)):
        for escaped in (True, False):
            line = json.dumps({"user_id": value, "anonymous_id": "other"}, ensure_ascii=escaped).encode() + b"\n"
            assert subjects.lines_in_lake(b'{"user_id":"x"}\n' + line) == [(16, 16 + len(line))]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lake = in_folder(tmp_path)
    fill(lake)

    def lake_command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["lake", "erase", "--folder", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    assert lake_command()[0] == 2
    assert lake_command("--pending", "--user-id", "u")[0] == 2
    ids = tmp_path / "ids"
    ids.write_text(f"{CANARY}\n\n")
    code, told = lake_command("--file", str(ids))
    assert (code, f"carry {DEVICE}" in told) == (0, True)
    assert lake_command("--file", str(ids), "--anonymous-id", DEVICE, "--yes")[0] == 0
    assert not [line for line in lake.lines() if f'"{CANARY}"'.encode() in line]
    code, told = lake_command("--pending")
    assert (code, "2 ids" in told) == (0, True)
