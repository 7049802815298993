"""What lies in a lake is read from its control files, and shown by `lake status`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from event_contract import ManifestRecord
from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.local.live import status
from lake_cli.places import Places

RECORD = (
    '{"path":"event_type=page_viewed/year=2026/month=11/day=20/w-1.ndjson.gz","root":"lake","event_type":"page_viewed",'
    '"reason":null,"date":"2026-11-20","rows":5,"bytes":400,"min_publish_time":"2026-11-22T10:00:00.000000Z",'
    '"max_publish_time":"2026-11-22T10:00:01.000000Z","written_at":"2026-11-22T10:00:02.000000Z"}\n'
)
REFUSED = RECORD.replace('"lake"', '"quarantine"').replace('"reason":null', '"reason":"invalid_json"')


def manifest(lake: Path, *records: str) -> None:
    folder = lake / "_control/manifest/year=2026/month=11/day=22"
    folder.mkdir(parents=True)
    (folder / "w-1.ndjson").write_text("".join(records))


def test_the_status_of_a_folder_comes_from_its_control_files(tmp_path: Path) -> None:
    places = Places(tmp_path / "live")
    manifest(places.lake, RECORD, REFUSED)
    (places.lake / "_control/watermark.json").write_text(
        '{"watermark":"2026-11-22T10:00:01Z","written_at":"2026-11-22T10:00:05Z"}'
    )
    places.warehouse.write_bytes(b"x" * 1000)
    found = status.look(tmp_path / "run", places.folder)
    assert (found.emulator, found.ingest) == ("down", "down")
    assert found.contents.rows_by_type == {"page_viewed": 5}
    assert found.contents.rows_by_code == {"invalid_json": 5}
    assert (found.contents.lake_objects, found.contents.quarantine_objects, found.contents.bytes) == (1, 1, 800)
    assert found.watermark is not None
    assert found.watermark.watermark == datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
    assert found.warehouse is not None
    assert found.warehouse.bytes == 1000


def test_an_empty_folder_has_a_status_too(tmp_path: Path) -> None:
    found = status.look(tmp_path / "run", tmp_path / "nothing")
    assert found.contents.lake_rows == found.contents.quarantine_rows == 0
    assert (found.watermark, found.warehouse, found.summary, found.run) == (None, None, None, None)


@pytest.mark.parametrize("content", ["half a rec", '{"root":"lake"}\n'])
def test_a_damaged_manifest_is_named_with_its_line(content: str, tmp_path: Path) -> None:
    manifest(tmp_path, RECORD, content)
    with pytest.raises(LakeError, match=r"w-1\.ndjson, line 2 is not a manifest record"):
        lake_files.read_manifest(tmp_path)


def test_a_damaged_watermark_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "_control").mkdir()
    (tmp_path / "_control/watermark.json").write_text('{"watermark":"yesterday"}')
    with pytest.raises(LakeError, match=r"watermark\.json is not a watermark .* delete it"):
        lake_files.read_watermark(tmp_path)


def test_files_under_way_and_control_files_are_not_data(tmp_path: Path) -> None:
    names = ["event_type=a/w.ndjson.gz", "event_type=b/w.ndjson", "_tmp/w.ndjson", "_control/manifest/w.ndjson"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(file.relative_to(tmp_path)) for file in lake_files.data_files(tmp_path)] == names[:2]


def _record(path: str, rows: int, **replaced: object) -> ManifestRecord:
    return ManifestRecord(
        path=path,
        root="lake",
        event_type="page_viewed",
        reason=None,
        date="2026-11-22",
        rows=rows,
        bytes=10 * rows,
        min_publish_time="2026-11-22T10:00:00Z",
        max_publish_time="2026-11-22T10:01:00Z",
        written_at="2026-11-22T10:02:00Z",
        **replaced,  # type: ignore[arg-type]
    )


def test_an_object_counts_less_what_it_replaced() -> None:
    joined = _record("f/joined", 5, replaces=["a", "b"], replaced_rows=5, replaced_bytes=50)
    erased = _record("f/erased", 3, replaces=["joined"], replaced_rows=5, replaced_bytes=50)

    found = lake_files.contents([_record("f/a", 2), _record("f/b", 3), joined, erased])

    assert (found.lake_rows, found.lake_objects, found.bytes, found.erased_rows) == (3, 1, 30, 2)
    assert joined.keeps_every_line
    assert not erased.keeps_every_line
    assert joined.replaced_paths == ["f/a", "f/b"]
