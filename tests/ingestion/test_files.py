"""Files as they come: of one name in several folders, damaged, compressed under any name."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from beam_pipeline.main import main
from tests.ingestion.lake_reading import lines_of, messages_in, objects_below
from tests.samples import event, payload

LINES = [payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}")) for i in range(3)]
CONTENT = b"\n".join(LINES) + b"\n"


def ingest(pattern: Path | str, folder: Path, *more: str) -> int:
    return main(
        [
            "--runner=DirectRunner",
            f"--input_files={pattern}",
            f"--output_path={folder / 'lake'}",
            f"--quarantine_path={folder / 'quarantine'}",
            *more,
        ]
    )


def ids(folder: Path) -> list[str]:
    return sorted(found.message_id for found in messages_in(folder / "lake", folder / "quarantine"))


def test_equal_files_in_two_folders_are_both_stored(tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / "in" / day).mkdir(parents=True)
        (tmp_path / "in" / day / "events.ndjson").write_bytes(CONTENT)
    assert ingest(tmp_path / "in/*/events.ndjson", tmp_path) == 0
    assert ids(tmp_path) == [f"{day}/events.ndjson:{line}" for day in ("monday", "tuesday") for line in (1, 2, 3)]


@pytest.mark.parametrize(
    "damage",
    [gzip.compress(CONTENT)[:-12], gzip.compress(CONTENT) + b"garbage", CONTENT],
    ids=["truncated", "garbage behind", "not gzip"],
)
def test_a_damaged_file_is_named_the_others_are_written_and_the_next_run_reads_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: bytes
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.ndjson.gz").write_bytes(damage)
    (source / "b.ndjson.gz").write_bytes(gzip.compress(CONTENT))
    assert ingest(source / "*.gz", tmp_path) == 1
    assert str(source / "a.ndjson.gz") in capsys.readouterr().err
    assert {f"b.ndjson.gz:{line}" for line in (1, 2, 3)} <= set(ids(tmp_path))

    (source / "a.ndjson.gz").write_bytes(gzip.compress(CONTENT))
    assert ingest(source / "*.gz", tmp_path) == 0
    assert set(ids(tmp_path)) == {f"{name}.ndjson.gz:{line}" for name in "ab" for line in (1, 2, 3)}


def test_files_are_read_whatever_their_names_and_what_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is not UTF-8, one with brackets, a folder behind a link, and a folder that is named like a file."""
    source = os.fsencode(tmp_path / "in")
    os.mkdir(source)
    for name in (b"caf\xe9.ndjson", b"events [1].ndjson"):
        Path(os.fsdecode(os.path.join(source, name))).write_bytes(CONTENT)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/c.ndjson").write_bytes(CONTENT)
    (tmp_path / "in/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/old.ndjson").mkdir()
    assert ingest(f"file://localhost{tmp_path}/in/**.ndjson", tmp_path) == 1
    assert f"{tmp_path}/in/old.ndjson (a folder)" in capsys.readouterr().err
    expected = ["caf\\\\xe9.ndjson", "events [1].ndjson", "linked/c.ndjson"]
    assert ids(tmp_path) == [f"{name}:{line}" for name in expected for line in (1, 2, 3)]


def test_the_publish_time_of_files_is_an_option_and_the_reason_says_where_it_came_from(tmp_path: Path) -> None:
    source = tmp_path / "old.ndjson"
    source.write_bytes(CONTENT)
    os.utime(source, (0, 0))
    assert ingest(source, tmp_path / "by file") == 0
    (envelope,) = {
        json.loads(line)["message"]
        for path in objects_below(tmp_path / "by file/quarantine")
        for line in lines_of(path)
    }
    assert "1970-01-01T00:00:00" in envelope
    assert "the file's modification time; --input_publish_time sets another" in envelope
    assert ingest(source, tmp_path / "given", "--input_publish_time=2026-11-22T12:00:00Z") == 0
    assert objects_below(tmp_path / "given/quarantine") == []
    assert ids(tmp_path / "given") == [f"old.ndjson:{line}" for line in (1, 2, 3)]


@pytest.mark.parametrize("name", ["events.GZ", "events.ndjson"])
def test_gzip_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(CONTENT))
    assert ingest(tmp_path / name, tmp_path) == 0
    assert ids(tmp_path) == [f"{name}:{line}" for line in (1, 2, 3)]
