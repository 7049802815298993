"""Files that appear whole, under their name, or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, keep_on_error: bool = False) -> Iterator[BinaryIO]:
    """Opens a hidden file beside `path` for writing, and moves it to `path` when the block ends.

    Args:
        path: where the file appears, in place of one that is there already. Missing folders are made.
        keep_on_error: move it even if the block raises; else the hidden file is removed then.

    Raises:
        OSError: the file cannot be written; raised before the block begins if that is known by then, and then its
            `filename` is `path`.
    """
    hidden = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        file = hidden.open("wb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    keep = keep_on_error
    try:
        with file:
            yield file
        keep = True
    finally:
        if keep:
            hidden.replace(path)
        else:
            hidden.unlink()
