"""Storage that can be broken, for an ingestion that is started with it.

While a file holds the name of an error (ENOSPC, EACCES, ETIMEDOUT, …), every object written to a local folder gets half its
bytes, then that error, as on a disk that is full or a share that is gone. A folder without write permission would not do: root
may write to it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, cast

from beam_pipeline import storage

_FAILED: Final = b"\n-"


class _HalfWritten:
    """A file that takes half of what is written to it, and then fails."""

    def __init__(self, file: BinaryIO, number: int) -> None:
        self._file = file
        self._number = number

    def __enter__(self) -> _HalfWritten:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        """Raises OSError."""
        self._file.write(data[: len(data) // 2])
        raise OSError(self._number, os.strerror(self._number))


def break_on_demand(fault: Path) -> None:
    """Makes this process's storage fail while the file is there with the error that it names; see `failures`."""
    create = storage._created

    def created(path: Path) -> BinaryIO:
        file = create(path)
        try:
            name = fault.read_text().split()[0]
            noted = os.open(fault, os.O_WRONLY | os.O_APPEND)  # not made again if it has gone by now
        except FileNotFoundError:
            return file
        os.write(noted, _FAILED)
        os.close(noted)
        return cast(BinaryIO, _HalfWritten(file, getattr(errno, name)))

    storage._created = created


def failures(fault: Path) -> int:
    """How many writes have failed since the file was written."""
    return fault.read_bytes().count(_FAILED)
