"""What the tests of the cloud's files share: the repository's root, and calls to the storage emulator."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def make_bucket(emulator: str, name: str) -> None:
    request = urllib.request.Request(  # noqa: S310
        f"{emulator}/storage/v1/b?project=p",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=5).read()  # noqa: S310


def objects(emulator: str, bucket: str) -> dict[str, bytes]:
    """Every object of a bucket."""
    listed = json.loads(urllib.request.urlopen(f"{emulator}/storage/v1/b/{bucket}/o", timeout=5).read())  # noqa: S310
    found = {}
    for item in listed.get("items", []):
        name = urllib.parse.quote(item["name"], safe="")
        found[item["name"]] = urllib.request.urlopen(  # noqa: S310
            f"{emulator}/storage/v1/b/{bucket}/o/{name}?alt=media", timeout=5
        ).read()
    return found


def find_uv() -> str | None:
    """uv, wherever `make` finds or puts it."""
    beside = Path(sys.executable).with_name("uv")
    return os.environ.get("UV") or shutil.which("uv") or (str(beside) if beside.exists() else None)
