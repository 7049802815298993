"""Replacing a local file so that a reader sees the old or the new content, whole."""

import os
import uuid
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Writes content to a file, creating its folder and replacing the file if it exists.

    The content reaches the disk before the name does, so a power cut leaves the old file or the new one, never an empty one.

    Raises:
        OSError: the folder cannot be created or written; the old file is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
