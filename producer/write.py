"""Sends a simulation into a file: one message a line, to be ingested where no Pub/Sub can run."""

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from producer.files import replacing
from producer.ledger import Progress, Summary, open_ledger
from producer.messages import Message

_CHUNK: Final = 1000


@contextmanager
def _compressed(path: Path, file: BinaryIO) -> Iterator[BinaryIO | gzip.GzipFile]:
    if path.suffix != ".gz":
        yield file
        return
    # No name and no time in the header: the same messages make the same file.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=1, mtime=0) as packed:
        yield packed


def write_to_file(
    messages: Iterable[Message],
    path: Path,
    *,
    truth: Path | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Writes messages to a file, one a line; gzipped if its name ends with `.gz`. An empty message is an empty line.

    The file appears under its name when it is complete. Attributes are not written.

    Args:
        messages: from `simulate`; they must come to an end.
        path: the file; replaced if it exists.
        truth: where to record what was written, one JSON line a message.
        progress: called with the number of messages written since the last call.
        stop: set it to end early: the file then holds what was written until then.

    Raises:
        OSError: a file cannot be written; the output file then is not there.
    """
    numbered = enumerate(messages)
    with (
        open_ledger(truth, progress, keep_on_error=False) as ledger,
        replacing(path) as file,
        _compressed(path, file) as lines,
    ):
        while chunk := list(islice(numbered, _CHUNK)):
            written = [message for _, message in chunk]
            lines.write(b"\n".join(message.data for message in written) + b"\n")
            ledger.enter(chunk[0][0], written)
            if stop is not None and stop.is_set():
                ledger.summary.interrupted = True
                break
    return ledger.summary
