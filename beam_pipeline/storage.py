"""Storing an object so that a reader sees it whole or not at all.

Local folders: written under a temporary name outside every partition, then renamed. Everything else goes through Beam's
filesystems; on Cloud Storage an object appears when its upload finishes. The same name again replaces the object.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import requests
from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils import retry
from google.api_core.exceptions import RetryError
from google.auth.exceptions import TransportError

from event_contract.lake_layout import CONTROL, FAILED, TEMPORARY

_RETRIES: Final = 6
_FIRST_DELAY_SECONDS: Final = 0.25
_MAX_DELAY_SECONDS: Final = 20
# What Google's client raises when its own retries have come to an end is not one of Python's errors of the same names.
_TRANSIENT: Final = (
    ConnectionError,
    TimeoutError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    RetryError,
    TransportError,
)
_TRANSIENT_STATUS: Final = frozenset({408, 429, 500, 502, 503, 504})


def is_transient(error: Exception) -> bool:
    """Whether trying again may help: time-outs, lost connections, and the statuses that HTTP calls retryable."""
    if isinstance(error, _TRANSIENT):
        return True
    answer = getattr(error, "response", None)
    status = getattr(error, "code", None) or getattr(error, "status_code", None) or getattr(answer, "status_code", None)
    if status in _TRANSIENT_STATUS:
        return True
    cause = error.__cause__ or error.__context__
    return isinstance(cause, Exception) and is_transient(cause)


@retry.with_exponential_backoff(  # type: ignore[untyped-decorator]
    num_retries=_RETRIES,
    initial_delay_secs=_FIRST_DELAY_SECONDS,
    max_delay_secs=_MAX_DELAY_SECONDS,
    fuzz=0.5,
    retry_filter=is_transient,
)
def store(root: str, relative_path: str, data: bytes) -> None:
    """Stores an object below a root, replacing one of the same name. Transient faults are tried again with back-off.

    Raises:
        OSError: permanent, or still there after the last try; whatever the filesystem raises otherwise.
    """
    if FileSystems.get_scheme(root) is None:
        _store_local(Path(root), relative_path, data)
    else:
        _store_remote(FileSystems.join(root, relative_path), data)


def _store_local(root: Path, relative_path: str, data: bytes) -> None:
    temporary = root / TEMPORARY / uuid.uuid4().hex
    target = root / relative_path
    try:
        with _created(temporary) as file:
            file.write(data)
            if relative_path.startswith(f"{CONTROL}/"):  # a power cut must not leave an empty one: readers stop at it
                file.flush()
                os.fsync(file.fileno())
        try:
            os.replace(temporary, target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _created(path: Path) -> BinaryIO:
    """A new file, and its folder if it is not there: asking first would cost every object a call."""
    try:
        return open(path, "xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb")


def _store_remote(path: str, data: bytes) -> None:
    # No context manager: leaving one on an error closes the writer, and closing is what publishes what arrived so far.
    writer = FileSystems.create(path, "application/octet-stream", CompressionTypes.UNCOMPRESSED)
    writer.write(data)
    writer.close()


def remove(root: str, relative_path: str) -> None:
    """Removes an object below a root; none of that name is no error.

    Beam's own `delete` takes a path for a pattern, so a local folder whose name holds a bracket would not be found.
    """
    if FileSystems.get_scheme(root) is None:
        (Path(root) / relative_path).unlink(missing_ok=True)
    elif FileSystems.exists(FileSystems.join(root, relative_path)):
        FileSystems.delete([FileSystems.join(root, relative_path)])


def compression_of(root: str) -> str | None:
    """Compression of the objects below a root, by the first one found (`objects.COMPRESSIONS`); None if there is none.

    A lake keeps one compression, so one object answers for all, and no bucket is listed as a whole.
    """
    for folder in ("event_type=", f"{FAILED}/reason="):
        found: Iterator[str] = (
            (path.name for path in Path(root).glob(f"{folder}*/**/*.ndjson*"))
            if FileSystems.get_scheme(root) is None
            else (each.path for each in _listed(f"{FileSystems.join(root, folder)}**.ndjson*"))
        )
        for name in found:
            return "gzip" if name.endswith(".gz") else "none"
    return None


def _listed(pattern: str) -> list[FileMetadata]:
    return list(FileSystems.match([pattern], limits=[1])[0].metadata_list)


def check_writable(root: str) -> None:
    """Proves that objects can be stored below a local root, by storing and removing one; makes the folder if absent.

    Remote roots are proven by the first write: a probe there would need rights that the job itself does not.

    Raises:
        OSError: the folder cannot be made or written.
    """
    if FileSystems.get_scheme(root) is None:
        folder = Path(root) / TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f"probe-{uuid.uuid4().hex}"
        probe.touch(exist_ok=False)
        probe.unlink()
