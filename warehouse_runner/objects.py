"""Listing and reading small control objects, in a local folder or in a Cloud Storage bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from warehouse_runner.errors import WarehouseError

_CONNECTIONS: Final = 16  # each small object costs a round trip and little else


class ObjectStore(Protocol):
    """The things the manifest's readers need. Names are relative to the store's root, with forward slashes."""

    def names(self, prefix: str) -> list[str]:
        """Names of all objects under `prefix` (a folder, with its trailing slash), sorted; empty if there is none."""

    def read(self, name: str) -> bytes:
        """The whole object."""

    def read_all(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Names with whole objects, in order, over several connections where each costs a round trip."""

    def find(self, name: str) -> bytes | None:
        """The whole object; None if there is none of the name."""


class LocalFolder:
    """Objects are the files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, prefix: str) -> list[str]:
        folder = self._root / prefix
        return sorted(path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def read_all(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return ((name, self.read(name)) for name in names)

    def find(self, name: str) -> bytes | None:
        try:
            return self.read(name)
        except FileNotFoundError:
            return None


class Bucket:
    """Objects of `gs://bucket/prefix`, with the caller's default credentials."""

    def __init__(self, uri: str) -> None:
        # Only a warehouse on Google Cloud needs them, and they are slow to import.
        from google.api_core.exceptions import NotFound
        from google.cloud import storage

        self._not_found = NotFound
        name, _, root = uri.removeprefix("gs://").partition("/")
        self._root = f"{root.rstrip('/')}/" if root else ""
        self._bucket = storage.Client().bucket(name)

    def names(self, prefix: str) -> list[str]:
        listed = self._bucket.list_blobs(prefix=self._root + prefix)
        return sorted(str(blob.name).removeprefix(self._root) for blob in listed)

    def read(self, name: str) -> bytes:
        return bytes(self._bucket.blob(self._root + name).download_as_bytes())

    def read_all(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        if not names:
            return
        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            yield from zip(names, threads.map(self.read, names), strict=True)

    def find(self, name: str) -> bytes | None:
        try:
            return self.read(name)
        except self._not_found:
            return None


def open_store(location: str) -> ObjectStore:
    """The store at a local folder or a gs:// address.

    Raises:
        WarehouseError: the folder does not exist.
    """
    if location.startswith("gs://"):
        return Bucket(location)
    folder = Path(location)
    if not folder.is_dir():
        raise WarehouseError(f"the lake {location} does not exist; run the ingestion first or correct --lake-path")
    return LocalFolder(folder)
