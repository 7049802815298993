"""Files that appear whole, under their name, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, keep_on_error: bool = False) -> Iterator[BinaryIO]:
    """Opens a hidden file beside ``path`` for writing, and moves it to ``path`` when the block ends.

    Args:
        path: where the file appears, in place of one that is there already. Missing folders are made.
        keep_on_error: move it even if the block raises; else the hidden file is removed then.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with hidden.open("wb") as file:
            try:
                yield file
            except BaseException:
                if not keep_on_error:
                    raise
                file.flush()
                hidden.replace(path)
                raise
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
