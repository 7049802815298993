"""The demo empties its own folder, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake_cli.errors import LakeError
from lake_cli.local.demo.folder import MARKER, emptied


def prepare(folder: Path) -> None:
    with emptied(folder):
        pass


def test_a_folder_of_an_earlier_demo_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    prepare(folder)
    (folder / "lake/event_type=x").mkdir(parents=True)
    (folder / "lake/event_type=x/old.ndjson").touch()
    (folder / "warehouse.duckdb").touch()
    prepare(folder)
    assert [entry.name for entry in folder.iterdir()] == [MARKER]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert (tmp_path / MARKER).is_file()


def test_a_folder_of_somebody_else_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(LakeError, match=rf"--folder {tmp_path} holds thesis\.txt .* not emptied: choose another"):
        prepare(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_link_is_refused_and_what_it_points_to_untouched(tmp_path: Path) -> None:
    target = tmp_path / "target"
    prepare(target)
    (target / "kept").touch()
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LakeError, match="is a link"):
        prepare(tmp_path / "link")
    assert (target / "kept").exists()


def test_links_inside_are_removed_without_following_them(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    prepare(tmp_path / "demo")
    (tmp_path / "demo/lake").symlink_to(outside)
    prepare(tmp_path / "demo")
    assert (outside / "kept").exists()
    assert not (tmp_path / "demo/lake").exists()


@pytest.mark.parametrize("below", ["a-file", "a-file/demo"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(LakeError, match=rf"--folder {tmp_path / below} "):
        prepare(tmp_path / below)


def test_a_folder_in_which_a_demo_is_at_work_is_left_alone(tmp_path: Path) -> None:
    with emptied(tmp_path):
        (tmp_path / "lake").mkdir()
        with pytest.raises(LakeError, match=rf"another demo is at work in --folder {tmp_path}"):
            prepare(tmp_path)
        assert (tmp_path / "lake").is_dir()
    prepare(tmp_path)
