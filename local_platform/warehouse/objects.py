"""Listing and reading small control objects, in a local folder or in a Cloud Storage bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from local_platform.warehouse.errors import WarehouseError


class ObjectStore(Protocol):
    """The two things the manifest's readers need. Names are relative to the store's root, with forward slashes."""

    def names(self, prefix: str) -> list[str]:
        """Names of all objects under `prefix` (a folder, with its trailing slash), sorted; empty if there is none."""

    def read(self, name: str) -> bytes:
        """The whole object."""


class LocalFolder:
    """Objects are the files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, prefix: str) -> list[str]:
        folder = self._root / prefix
        return sorted(path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()


class Bucket:
    """Objects of `gs://bucket/prefix`, with the caller's default credentials."""

    def __init__(self, uri: str) -> None:
        from google.cloud import storage  # only a warehouse on Google Cloud needs it, and it is slow to import

        name, _, root = uri.removeprefix("gs://").partition("/")
        self._root = f"{root.rstrip('/')}/" if root else ""
        self._bucket = storage.Client().bucket(name)

    def names(self, prefix: str) -> list[str]:
        listed = self._bucket.list_blobs(prefix=self._root + prefix)
        return sorted(str(blob.name).removeprefix(self._root) for blob in listed)

    def read(self, name: str) -> bytes:
        return bytes(self._bucket.blob(self._root + name).download_as_bytes())


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
