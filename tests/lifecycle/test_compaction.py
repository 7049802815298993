"""`lake compact`: fewer objects, the same lines, whatever happens beside it and whenever it is killed."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lake_cli.cli import main
from lake_cli.lifecycle import compaction
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle.compaction import Compacted, Rules
from lake_cli.lifecycle.lease import MaintenanceRuns, lease
from lake_cli.lifecycle.storage import open_root
from tests.gcs import emulated
from tests.lifecycle.lakes import MINUTE, Lake, in_folder, message, unpacked
from tests.samples import PUBLISH_MICROS

DAY = date(2026, 11, 22)
LATER = PUBLISH_MICROS + 6 * 86_400_000_000
NOW_RULES = Rules(settled_before=date(2026, 11, 24), keep=timedelta())


def run(lake: Lake, rules: Rules = NOW_RULES, now: int = LATER) -> Compacted:
    return compaction.compact(lake.lake, lake.quarantine, rules, now, lambda: None)


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param == "folder":
        yield in_folder(tmp_path)
        return
    with emulated() as gcs:
        yield Lake(gcs.bucket("lake") + "/shop", gcs.bucket("quarantine"))


def fill(lake: Lake, batches: int = 12, each: int = 5) -> Counter[bytes]:
    """Micro-batches of a minute each: three types and quarantine, so four objects and a manifest file every time."""
    for batch in range(batches):
        at = PUBLISH_MICROS + batch * MINUTE
        lake.write(
            [
                *(message(1000 * batch + n, at) for n in range(each)),
                *(message(1000 * batch + 100 + n, at, "product_viewed") for n in range(each)),
                message(1000 * batch + 200, at, "ad_clicked"),
                message(1000 * batch + 300, at)._replace(data=b"broken %d" % batch),
            ]
        )
    return lake.lines()


def test_a_settled_day_becomes_one_object_a_type_with_the_same_lines(lake: Lake) -> None:
    before = fill(lake)

    done = run(lake)

    objects = lake.objects()
    assert len(objects) == 4
    assert lake.lines() == before
    assert (len(done.groups), done.deleted, done.problems) == (4, 48, [])
    assert all(gzip.decompress(content) for content in objects.values())
    manifest = manifests.read(lake.lake)
    assert {f"{root}/{path}" for root in ("lake", "quarantine") for path in manifest.live(root)} == set(objects)
    assert sum(r.rows - r.replaced_rows for r in manifest.records.values()) == before.total()


def test_the_manifest_becomes_one_file_a_day(lake: Lake) -> None:
    fill(lake)
    run(lake)
    files = [name for name in lake.lake.sizes("_control/manifest/") if "day=22" in name]
    assert len(files) == 1
    assert len(lake.lake.read(files[0]).splitlines()) == 48


def test_again_does_nothing(lake: Lake) -> None:
    fill(lake)
    run(lake)
    before = lake.objects(), lake.lake.sizes("_control/")
    done = run(lake)
    assert (done.groups, done.deleted, done.manifest_days, done.manifest_deleted) == ([], 0, 0, 0)
    assert (lake.objects(), lake.lake.sizes("_control/")) == before


def test_replaced_objects_stay_for_readers_that_have_listed_them(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    before = fill(lake)
    hour = Rules(settled_before=date(2026, 11, 24), keep=timedelta(hours=1))

    first = run(lake, hour)
    assert (first.deleted, first.waiting, first.manifest_deleted) == (0, 48, 0)
    assert set(lake.lines()) == set(before)
    manifest = manifests.read(lake.lake)
    assert sum(each.rows for root in ("lake", "quarantine") for each in manifest.live(root).values()) == before.total()

    second = run(lake, hour, LATER + 3_600_000_000)
    assert (second.groups, second.deleted, second.waiting, second.manifest_deleted) == ([], 48, 0, 12)
    assert lake.lines() == before


def test_days_that_have_not_settled_are_left_alone(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    assert run(lake, Rules(settled_before=DAY)).groups == []
    assert run(lake, Rules(settled_before=None)).groups == []
    assert len(run(lake, Rules(settled_before=None, dates=(DAY,))).groups) == 4


def test_a_few_late_events_do_not_rewrite_a_day(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake, each=500)
    run(lake)
    for late in range(7):
        lake.write([message(900_000 + late, PUBLISH_MICROS + late * MINUTE)], LATER)
    assert run(lake).groups == []
    lake.write([message(900_008, PUBLISH_MICROS + 8 * MINUTE)], LATER)
    (group,) = run(lake).groups
    assert len(group.records) == 8  # the late ones among themselves: the large one is not written again


def test_objects_reach_the_target_size_and_not_more(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    before = fill(lake, batches=40, each=50)
    target = 12_000
    done = run(lake, Rules(settled_before=date(2026, 11, 24), target_bytes=target, keep=timedelta()))
    assert max(group.stored_bytes for group in done.groups) <= target
    assert lake.lines() == before


def test_large_chunks_are_joined_as_they_are_and_small_ones_deflated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = in_folder(tmp_path)
    for batch in range(3):
        lake.write([message(10_000 * batch + n, PUBLISH_MICROS + batch * MINUTE) for n in range(800)])
    before = lake.lines()
    packed = [content[10:-10] for content in lake.objects().values()]
    with monkeypatch.context() as patched:  # bytes that are as recorded need not be unpacked
        patched.delattr("lake_cli.lifecycle.rewriting.unpacked")
        run(lake)
    (joined,) = lake.objects().values()
    assert all(blocks in joined for blocks in packed)
    assert lake.lines() == before

    small = in_folder(tmp_path / "small")
    fill(small)
    size = sum(map(len, small.objects().values()))
    run(small)
    assert sum(map(len, small.objects().values())) < size / 2


def test_objects_of_others_and_uncompressed_lakes_are_joined_through_their_lines(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    root = lake.lake
    for name in list(root.sizes("event_type="))[:6]:
        content = gzip.compress(unpacked(root.read(name)), 9, mtime=0)
        _rerecord(lake, name, content)
    before = lake.lines()
    done = run(lake)
    assert (done.problems, len(lake.objects())) == ([], 4)
    assert lake.lines() == before

    plain = in_folder(tmp_path / "plain", "none")
    before = fill(plain)
    run(plain)
    assert sorted(name.rpartition("-")[2] for name in plain.objects()) == ["rewritten.ndjson"] * 4
    assert plain.lines() == before


def _rerecord(lake: Lake, name: str, content: bytes) -> None:
    lake.lake.write(name, content)
    for file, lines in manifests.read(lake.lake).files.items():
        records = [json.loads(line) for line in lines.splitlines()]
        for record in records:
            if record["path"] == name:
                record["bytes"] = len(content)
                del record["crc32"]  # as records from before it was kept
        lake.lake.write(file, b"".join(json.dumps(record).encode() + b"\n" for record in records))


@pytest.mark.parametrize("damage", ["cut", "lost line", "bit", "trailer", "missing"])
def test_a_damaged_object_is_named_and_its_day_left_alone(tmp_path: Path, damage: str) -> None:
    lake = in_folder(tmp_path)
    fill(lake)
    root = lake.lake
    name = next(iter(root.sizes("event_type=page_viewed")))
    whole = root.read(name)
    if damage == "missing":
        root.delete(name)
    elif damage == "lost line":
        _rerecord(lake, name, gzip.compress(b"".join(unpacked(whole).splitlines(keepends=True)[1:])))
    elif damage == "bit":
        root.write(name, whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    elif damage == "trailer":
        root.write(name, whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:])
    else:
        root.write(name, whole[:-12])
    others = {path: content for path, content in lake.objects().items() if "page_viewed" in path}

    done = run(lake)

    assert len(done.problems) == 1
    if damage != "missing":
        assert {path: content for path, content in lake.objects().items() if "page_viewed" in path} == others
        assert len(done.groups) == 3
    else:
        assert name in done.problems[0]


class Killed(BaseException):
    """Stands for the end of the process."""


def _killed_at(lake: Lake, step: int, rules: Rules, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Runs a compaction that ends before its step-th change of storage; whether it came to that."""
    steps = 0
    root_type = type(lake.lake)

    def counted(name: str) -> None:
        original = getattr(root_type, name)

        def change(self: Any, *args: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                raise Killed
            return original(self, *args)

        patch.setattr(root_type, name, change)

    with monkeypatch.context() as patch:
        counted("write")
        counted("delete")
        patch.setattr(compaction, "delete_all", lambda root, names: [root.delete(name) for name in list(names)])
        try:
            run(lake, rules)
        except Killed:
            return True
    return False


def test_whenever_it_is_killed_no_line_is_missing_and_the_next_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = 0
    while True:
        step += 1
        lake = in_folder(tmp_path / str(step))
        before = fill(lake, batches=5, each=1)
        killed = _killed_at(lake, step, NOW_RULES, monkeypatch)
        assert set(lake.lines()) == set(before), step
        manifest = manifests.read(lake.lake)
        counted = [each for root in ("lake", "quarantine") for each in manifest.live(root).values()]
        assert sum(each.rows for each in counted) == before.total(), step
        assert {f"{each.root}/{each.path}" for each in counted} <= set(lake.objects()), step
        if step % 3 == 0:  # ingestion goes on before the next run, so that the next plan is another
            lake.write([message(77_000 + step, PUBLISH_MICROS), message(78_000 + step, PUBLISH_MICROS, "ad_clicked")])
            before = Counter(set(lake.lines()))
        run(lake)
        run(lake)
        assert lake.lines() == before, step
        assert len(lake.objects()) == 4, step
        if not killed:
            break
    assert step > 30


def test_two_at_once_are_one_after_the_other(lake: Lake) -> None:
    with lease(lake.lake), pytest.raises(MaintenanceRuns, match="another `lake compact`"), lease(lake.lake):
        pass
    with lease(lake.lake) as check:
        check()


def test_a_lease_in_a_bucket_that_ran_out_is_taken_over_and_its_holder_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from lake_cli.lifecycle import lease as leases

    with emulated() as gcs:
        root = open_root(gcs.bucket("lake"))
        monkeypatch.setattr(leases, "_LEASE_SECONDS", -1.0)
        monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.0)
        with lease(root) as first:
            first()
            with lease(root) as second:
                second()
                with pytest.raises(MaintenanceRuns, match="took over"):
                    first()


def test_beside_ingestion_no_line_is_lost(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    fill(lake, batches=8)
    stop = threading.Event()
    written: list[int] = []

    def ingest() -> None:
        number = 500_000
        while not stop.is_set():
            lake.write([message(number + n, PUBLISH_MICROS) for n in range(3)])
            written.extend(range(number, number + 3))
            number += 3

    thread = threading.Thread(target=ingest)
    thread.start()
    try:
        for _ in range(15):
            run(lake)
    finally:
        stop.set()
        thread.join()
    run(lake)
    run(lake)
    found = Counter(json.loads(line)["event_id"] for line in lake.lines() if b'"event_id":' in line)
    assert all(found[f"00000000-0000-4000-8000-{number:012d}"] == 1 for number in written)
    assert all(count == 1 for count in lake.lines().values())


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lake = in_folder(tmp_path)
    before = fill(lake)

    def lake_command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["lake", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    code, told = lake_command("compact", "--folder", str(tmp_path))
    assert (code, "no watermark" in told, "0 objects became 0" in told) == (0, True, True)
    lake.settle()
    code, told = lake_command("compact", "--folder", str(tmp_path), "--dry-run")
    assert (code, "48 objects would become 4" in told, len(lake.objects())) == (0, True, 48)
    code, told = lake_command("compact", "--folder", str(tmp_path), "--keep-replaced", "0", "--json")
    assert (code, json.loads(told)["deleted_objects"]) == (0, 48)
    assert lake.lines() == before
    with lease(lake.lake):
        assert lake_command("compact", "--folder", str(tmp_path))[0] == 3
    assert lake_command("compact", "--folder", str(tmp_path), "--older-than", "soon")[0] == 2
    assert lake_command("compact", "--folder", str(tmp_path / "nowhere"))[0] == 2
