"""The demo's folder: emptied before each run, and only if it is ours to empty."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_platform.errors import LakeError

MARKER = ".lake-demo"
_MARKER_TEXT = "Made by `lake demo`, which empties this folder each time it runs. Without this file it refuses to.\n"


def prepare(folder: Path) -> None:
    """An empty folder with our marker in it.

    Raises LakeError if the folder holds something and not our marker, or cannot be written.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LakeError(f"--folder {folder} is a {'link' if folder.is_symlink() else 'file'}: name a folder of its own")
    try:
        if folder.exists():
            _empty(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text(_MARKER_TEXT)
    except OSError as error:
        raise LakeError(f"--folder {folder} cannot be written ({error.strerror}): choose another one") from None


def _empty(folder: Path) -> None:
    found = sorted(folder.iterdir())
    if found and not (folder / MARKER).is_file():
        raise LakeError(
            f"--folder {folder} holds {found[0].name} and was not made by an earlier demo, so it is not emptied: "
            "choose another folder, or empty it yourself"
        )
    for entry in found:
        # The marker goes last: a demo interrupted here can be repeated.
        if entry.name != MARKER:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
