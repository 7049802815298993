"""Which local files a glob names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beam_pipeline.local_files import fixed_folder, match_local


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of files, a link to a third elsewhere, and a link back to the top."""
    for name in ("in/monday/a.ndjson", "in/monday/b.gz", "in/top.ndjson", "elsewhere/c.ndjson", "in/events [1].ndjson"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}\n")
    (tmp_path / "in/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/monday/up").symlink_to(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(pattern: str) -> list[str]:
    return [file.path for file in match_local(pattern).files]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.ndjson", ["in/events [1].ndjson", "in/top.ndjson"]),
        ("in/*/*.ndjson", ["in/linked/c.ndjson", "in/monday/a.ndjson"]),
        ("in/events [1].ndjson", ["in/events [1].ndjson"]),
        ("in/m[o-p]nday/?.gz", ["in/monday/b.gz"]),
        ("in/[el]*/c.ndjson", ["in/linked/c.ndjson"]),
        ("in/nothing/*", []),
        ("**/a.ndjson", ["in/monday/a.ndjson"]),
        (
            "in/**.ndjson",
            ["in/events [1].ndjson", "in/linked/c.ndjson", "in/monday/a.ndjson", "in/top.ndjson"],
        ),
    ],
)
def test_links_are_followed_and_the_names_are_those_of_the_glob(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(pattern) == expected
    assert [Path(name).relative_to(tree).as_posix() for name in names(f"{tree}/{pattern}")] == expected
    assert match_local(pattern).unreadable == []


def test_a_glob_without_a_folder_means_this_one(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "in")
    assert names("*.ndjson") == ["events [1].ndjson", "top.ndjson"]


def test_what_fits_and_is_no_file_is_named(tree: Path) -> None:
    (tree / "in/old.gz").mkdir()
    (tree / "in/gone.gz").symlink_to(tree / "nowhere")
    os.mkfifo(tree / "in/pipe.gz")
    assert names("in/*.gz") == []
    told = match_local("in/*.gz").unreadable
    assert told == ["in/gone.gz (No such file or directory)", "in/old.gz (a folder)", "in/pipe.gz (no regular file)"]
    assert "in/old.gz (a folder)" not in match_local("in/*").unreadable, "who asks for all files means no folders"


def test_the_fixed_folder_ends_before_the_first_wildcard() -> None:
    assert fixed_folder("a/b/c.ndjson") == "a/b/"
    assert fixed_folder("a/b*/c.ndjson") == "a/"
    assert fixed_folder("*.ndjson") == ""
