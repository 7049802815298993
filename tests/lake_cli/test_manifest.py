"""`lake manifest`: what the manifest and the lake disagree about is named, and repaired for good."""

from __future__ import annotations

import gzip
import json
import os
import time
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from event_contract import lake_layout
from lake_cli.cli import app
from lake_cli.lifecycle.lease import MaintenanceRuns, lease
from lake_cli.lifecycle.storage import open_root
from lake_cli.manifest import reconcile
from tests.warehouse.lakes import Lake, arrival
from warehouse_runner.changes import find_changes
from warehouse_runner.objects import LocalFolder


def run(lake: Lake, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["manifest", *arguments, "--folder", str(lake.root)])


def objects(lake: Lake) -> list[Path]:
    return sorted(lake.path.glob("event_type=*/**/*.gz"), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(params=["lake", "shop [prod]"])
def lake(tmp_path: Path, request: pytest.FixtureRequest) -> Lake:
    lake = Lake(tmp_path / str(request.param))
    lake.write(arrival("page_viewed", "2026-11-20T10:00:00Z"))
    lake.quarantine("invalid_json", b"{")
    return lake


def age(*files: Path) -> None:
    for file in files:
        then = time.time() - 2 * reconcile.ON_ITS_WAY_SECONDS
        os.utime(file, (then, then))


def test_a_manifest_that_agrees_is_left_as_it_is(lake: Lake) -> None:
    before = {file: file.read_bytes() for file in lake.path.rglob("*.ndjson")}
    assert run(lake, "check").exit_code == 0
    assert run(lake, "repair").exit_code == 0
    assert {file: file.read_bytes() for file in lake.path.rglob("*.ndjson")} == before


def test_a_repair_waits_for_no_compaction_and_disturbs_none(lake: Lake) -> None:
    lake.write(arrival("page_viewed", "2026-11-21T10:00:00Z"), manifest=False)
    age(objects(lake)[-1])
    before = sorted(lake.path.rglob("*.ndjson"))
    with lease(open_root(str(lake.path))):
        refused = run(lake, "repair")
    assert isinstance(refused.exception, MaintenanceRuns)
    assert sorted(lake.path.rglob("*.ndjson")) == before
    assert run(lake, "repair").exit_code == 0


def test_objects_without_a_record_are_named_and_recorded(lake: Lake) -> None:
    lake.write(
        arrival("page_viewed", "2026-11-21T10:00:00Z"), arrival("page_viewed", "2026-11-21T11:00:00Z"), manifest=False
    )
    young = run(lake, "check")
    assert young.exit_code == 0
    assert "1 are too young to tell" in young.output
    age(objects(lake)[-1])

    found = run(lake, "check")
    assert found.exit_code == 1
    assert objects(lake)[-1].name in found.output or "without a record: 1" in found.output
    state = find_changes(LocalFolder(lake.path), None).state
    assert run(lake, "repair").exit_code == 0
    assert run(lake, "check").exit_code == 0
    changes = find_changes(LocalFolder(lake.path), state)
    assert changes.lake_dates == ("2026-11-21",)
    (record,) = (r for f in changes.read.values() for r in f.records if r.date == "2026-11-21")
    assert record.rows == 2


def test_a_lost_manifest_is_written_again(lake: Lake) -> None:
    for file in lake.path.glob("_control/manifest/**/*.ndjson"):
        file.unlink()
    age(*objects(lake), *lake.quarantine_path.rglob("*.gz"))
    assert run(lake, "check").exit_code == 1
    assert run(lake, "repair").exit_code == 0
    assert run(lake, "check").exit_code == 0
    found = find_changes(LocalFolder(lake.path), None)
    assert (found.lake_dates, found.quarantine_dates) == (("2026-11-20",), ("2026-11-22",))


def test_missing_objects_keep_their_records_until_they_are_given_up(lake: Lake) -> None:
    objects(lake)[0].unlink()
    assert run(lake, "check").exit_code == 1
    kept = run(lake, "repair")
    assert kept.exit_code == 1
    assert "--forget-missing" in kept.output
    assert run(lake, "check").exit_code == 1
    assert run(lake, "repair", "--forget-missing").exit_code == 0
    assert run(lake, "check").exit_code == 0


def test_an_object_that_is_cut_off_is_named_by_its_size(lake: Lake) -> None:
    cut = objects(lake)[0]
    cut.write_bytes(cut.read_bytes()[:-9])
    before = sorted(lake.path.rglob("*.ndjson"))
    found = run(lake, "check")
    assert found.exit_code == 1
    assert f"{cut.relative_to(lake.path).as_posix()}: {cut.stat().st_size} bytes, recorded are" in found.output
    assert "published 2026-11-" in found.output, "which messages to read again"
    assert "Restore damaged objects" in found.output
    assert "Repair it" not in found.output
    assert run(lake, "repair").exit_code == 1
    assert sorted(lake.path.rglob("*.ndjson")) == before


@pytest.mark.parametrize("with_checksum", [True, False])
def test_an_object_that_is_altered_in_place_is_named_by_reading_it(lake: Lake, with_checksum: bool) -> None:
    for file in lake.path.glob("_control/manifest/**/*.ndjson"):
        records = [json.loads(line) for line in file.read_bytes().splitlines()]
        for record in records:
            stored = (lake.path if record["root"] == "lake" else lake.quarantine_path) / record["path"]
            record["crc32"] = zlib.crc32(stored.read_bytes()) if with_checksum else None
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert run(lake, "check", "--read").exit_code == 0
    changed = [objects(lake)[0], *lake.quarantine_path.rglob("*.gz")]
    for file in changed:
        content = bytearray(file.read_bytes())
        content[-9] ^= 1  # the end of the lines, or the checksum of gzip
        file.write_bytes(content)
    assert run(lake, "check").exit_code == 0
    found = run(lake, "check", "--read")
    assert found.exit_code == 1
    assert "other bytes than recorded: 2" in found.output
    for file in changed:
        line = next(line for line in found.output.splitlines() if file.name in line)
        assert ("recorded is" if with_checksum else "cannot be unpacked") in line


def test_an_object_that_was_replaced_is_not_judged(lake: Lake) -> None:
    old = objects(lake)[0]
    files = lake.path.glob("_control/manifest/**/*.ndjson")
    file = next(file for file in files if old.name in file.read_text())
    record = json.loads(next(line for line in file.read_text().splitlines() if old.name in line))
    new = old.with_name("joined.ndjson.gz")
    new.write_bytes(old.read_bytes())
    path = new.relative_to(lake.path).as_posix()
    with file.open("a") as more:
        more.write(json.dumps({**record, "path": path, "replaces": [old.name], "replaced_rows": record["rows"]}) + "\n")
    old.write_bytes(b"")
    assert run(lake, "check", "--read").exit_code == 0


def test_a_damaged_manifest_file_keeps_its_readable_records(lake: Lake) -> None:
    file = next(lake.path.glob("_control/manifest/**/*.ndjson"))
    file.write_bytes(file.read_bytes() + b'{"root": "la')
    assert "damaged manifest files: 1" in run(lake, "check").output
    assert run(lake, "repair").exit_code == 0
    assert run(lake, "check").exit_code == 0
    find_changes(LocalFolder(lake.path), None)


def test_an_object_that_cannot_be_read_is_named_and_nothing_is_written(lake: Lake) -> None:
    broken = objects(lake)[0].with_name("broken.ndjson.gz")
    broken.write_bytes(gzip.compress(b'{"a": 1}\n')[:-4])
    age(broken)
    before = sorted(lake.path.rglob("*.ndjson"))
    refused = run(lake, "repair")
    assert refused.exit_code != 0
    assert "broken.ndjson.gz cannot be recorded" in str(refused.exception)
    assert sorted(lake.path.rglob("*.ndjson")) == before


def test_what_an_interrupted_compaction_left_is_not_recorded(lake: Lake) -> None:
    left = objects(lake)[0].with_name(f"w-0{lake_layout.REWRITTEN}.gz")
    left.write_bytes(objects(lake)[0].read_bytes())
    age(left)
    before = sorted(lake.path.rglob("*.ndjson"))
    assert run(lake, "check").exit_code == 0
    assert run(lake, "repair").exit_code == 0
    assert sorted(lake.path.rglob("*.ndjson")) == before
