"""Listing, reading, writing and deleting whole objects below a root: a folder, or gs://BUCKET and gs://BUCKET/FOLDER."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, TypeVar

from event_contract.lake_layout import TEMPORARY
from lake_cli.errors import LakeError

_CONNECTIONS: Final = 16
_T = TypeVar("_T")


class Root(Protocol):
    """Objects of a root by name, which is their path below it, with forward slashes."""

    address: str

    def sizes(self, prefix: str) -> dict[str, int]:
        """Names of the objects that begin with a prefix, sorted, with their stored size in bytes."""

    def read(self, name: str) -> bytes:
        """The whole object, as stored.

        Raises:
            FileNotFoundError: there is none of that name.
        """

    def write(self, name: str, content: bytes) -> None:
        """Stores an object whole, replacing one of the same name."""

    def delete(self, name: str) -> None:
        """Removes an object; one that is gone already is no error."""


class FolderRoot:
    """A root that is a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self._folder = folder

    def sizes(self, prefix: str) -> dict[str, int]:
        found: dict[str, int] = {}
        parent, _, start = prefix.rpartition("/")
        try:
            below = [entry for entry in os.scandir(self._folder / parent) if entry.name.startswith(start)]
        except FileNotFoundError:
            return {}
        while below:
            entry = below.pop()
            try:
                if entry.is_dir():
                    below.extend(os.scandir(entry.path))
                else:
                    found[Path(entry.path).relative_to(self._folder).as_posix()] = entry.stat().st_size
            except FileNotFoundError:
                continue  # deleted since
        return dict(sorted(found.items()))

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        temporary = self._folder / TEMPORARY / uuid.uuid4().hex  # outside of every partition
        target = self._folder / name
        temporary.parent.mkdir(parents=True, exist_ok=True)
        # On the disk before it has its name: other objects are deleted for it.
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, target)
            _sync(target.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BucketRoot:
    """A root in Cloud Storage, with the caller's default credentials. Google's client retries what is transient."""

    def __init__(self, address: str) -> None:
        from google.api_core.exceptions import NotFound, PreconditionFailed
        from google.cloud import storage
        from google.cloud.storage.retry import DEFAULT_RETRY

        name, _, folder = address.removeprefix("gs://").partition("/")
        self.address = address
        self._prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self._bucket = storage.Client().bucket(name)
        self._not_found, self._changed, self._retry = NotFound, PreconditionFailed, DEFAULT_RETRY

    def sizes(self, prefix: str) -> dict[str, int]:
        listed = self._bucket.list_blobs(prefix=self._prefix + prefix)
        return {str(blob.name).removeprefix(self._prefix): int(blob.size or 0) for blob in listed}

    def read(self, name: str) -> bytes:
        try:
            return bytes(self._bucket.blob(self._prefix + name).download_as_bytes(raw_download=True))
        except self._not_found:
            raise FileNotFoundError(f"{self.address}/{name}") from None

    def write(self, name: str, content: bytes) -> None:
        # The same name is the same content, or a control file of which there is one writer: trying again is safe.
        self._bucket.blob(self._prefix + name).upload_from_string(
            content, "application/octet-stream", retry=self._retry
        )

    def replace(self, name: str, content: bytes, generation: int) -> int | None:
        """Stores an object only if it has a generation (0: is not there); its new one, or None if it had another."""
        blob = self._bucket.blob(self._prefix + name)
        try:
            blob.upload_from_string(content, "application/octet-stream", if_generation_match=generation)
        except self._changed:
            return None
        return int(blob.generation)

    def generation(self, name: str) -> tuple[bytes, int] | None:
        """An object's content with its generation; None if there is none."""
        try:
            blob = self._bucket.get_blob(self._prefix + name)
            if blob is None:
                return None
            generation = int(blob.generation)
            return bytes(blob.download_as_bytes(raw_download=True, if_generation_match=generation)), generation
        except (self._not_found, self._changed):
            return None

    def delete_generation(self, name: str, generation: int) -> None:
        """Removes an object if it still has a generation."""
        try:
            self._bucket.blob(self._prefix + name).delete(if_generation_match=generation)
        except (self._not_found, self._changed):
            return

    def delete(self, name: str) -> None:
        try:
            self._bucket.blob(self._prefix + name).delete(retry=self._retry)
        except self._not_found:
            return


def open_root(address: str) -> Root:
    """The root at an address.

    Raises:
        LakeError: a folder that is not there.
    """
    if address.startswith("gs://"):
        return BucketRoot(address.rstrip("/"))
    folder = Path(address)
    if not folder.is_dir():
        raise LakeError(f"there is nothing at {address}: give --folder, or --lake-path and --quarantine-path")
    return FolderRoot(folder)


def in_parallel(root: Root, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of objects, in order, read over several connections where each costs a round trip."""
    if isinstance(root, FolderRoot):
        for name in names:
            yield name, root.read(name)
        return
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        chosen = list(names)
        yield from zip(chosen, threads.map(root.read, chosen), strict=True)


def delete_all(root: Root, names: Iterable[str]) -> None:
    """Removes objects, over several connections."""
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        for _ in threads.map(root.delete, names):
            pass
