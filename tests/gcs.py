"""A Cloud Storage emulator, at which Beam and Google's clients point for the time of a test."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google.auth
import pytest
from apache_beam.internal.gcp import auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PROJECT = "lake-tests"


@dataclass(frozen=True)
class Gcs:
    """The emulator: its address, and what is in it."""

    address: str
    client: storage.Client

    def bucket(self, name: str) -> str:
        """Makes a bucket; returns its gs:// address."""
        self.client.create_bucket(name)
        return f"gs://{name}"

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Every object of a bucket, as stored."""
        return {blob.name: blob.download_as_bytes(raw_download=True) for blob in self.client.list_blobs(bucket)}

    def download(self, bucket: str, folder: Path) -> Path:
        """Copies a bucket into a folder."""
        for name, content in self.objects(bucket).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder


@contextlib.contextmanager
def emulated() -> Iterator[Gcs]:
    """Starts an emulator. Without credentials each first call would look for Google's metadata server for some 20 s."""
    with _server() as port, pytest.MonkeyPatch.context() as patch:
        address = f"http://localhost:{port}"
        patch.setenv("STORAGE_EMULATOR_HOST", address)
        patch.setenv("no_proxy", ",".join(filter(None, (os.environ.get("no_proxy"), "localhost"))))
        patch.setattr(google.auth, "default", lambda *_, **__: (AnonymousCredentials(), PROJECT))
        patch.setattr(auth._Credentials, "_credentials_init", False)
        patch.setattr(auth._Credentials, "_credentials", None)
        with contextlib.closing(storage.Client(PROJECT, AnonymousCredentials())) as client:
            yield Gcs(address, client)


@contextlib.contextmanager
def _server() -> Iterator[int]:
    """Its port. It ends with its standard input, so even a test run that is killed leaves none behind."""
    program = Path(__file__).with_name("gcs_server.py")
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@pytest.fixture
def gcs() -> Iterator[Gcs]:
    """An emulator of this test alone."""
    with emulated() as found:
        yield found
