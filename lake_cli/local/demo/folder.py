"""The demo's folder: emptied before each run, and only if it is ours to empty and nobody is at work in it."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lake_cli.errors import LakeError

MARKER: Final = ".lake-demo"
_MARKER_TEXT: Final = (
    "Made by `lake demo`, which empties this folder each time it runs. Without this file it refuses to.\n"
)


@contextlib.contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """An empty folder with our marker in it, for this demo alone as long as the block runs.

    Raises LakeError if the folder holds something and not our marker, is used by another demo, or cannot be written.
    """
    _check_ours(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker = (folder / MARKER).open("a")
    except OSError as error:
        raise _unwritable(folder, error) from None
    with marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeError(f"another demo is at work in --folder {folder}: wait for it, or choose another") from None
        try:
            _empty(folder)
            (folder / MARKER).write_text(_MARKER_TEXT)
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield


def _check_ours(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LakeError(f"--folder {folder} is a {'link' if folder.is_symlink() else 'file'}: name a folder of its own")
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    if found and not (folder / MARKER).is_file():
        raise LakeError(
            f"--folder {folder} holds {found[0].name} and was not made by an earlier demo, so it is not emptied: "
            "choose another folder, or empty it yourself"
        )


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _unwritable(folder: Path, error: OSError) -> LakeError:
    return LakeError(f"--folder {folder} cannot be written ({error.strerror}): choose another one")
