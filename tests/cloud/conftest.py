"""Stand-ins for Google Cloud that run here: a storage emulator, and a server that hands out tokens nobody checks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cloud.stand_ins import free_port


@pytest.fixture(scope="session")
def storage_emulator() -> Iterator[str]:
    """http://host:port of a Cloud Storage emulator, its objects in memory."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gcp_storage_emulator", "start", f"--port={port}", "--host=localhost", "--in-memory"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/storage/v1/b?project=p", timeout=1).read()  # noqa: S310
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        else:
            raise RuntimeError("the storage emulator does not answer")
        yield address
    finally:
        process.terminate()
        process.wait()


class _Tokens(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the name is http.server's
        body = json.dumps({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A service account's key file that Google's libraries accept, and whose tokens come from a server here."""
    server = ThreadingHTTPServer(("localhost", 0), _Tokens)
    Thread(target=server.serve_forever, daemon=True).start()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path_factory.mktemp("credentials") / "key.json"
    file.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "shop-lake-test",
                "private_key_id": "1",
                "private_key": key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ).decode(),
                "client_email": "lake-ingestion@shop-lake-test.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": f"http://localhost:{server.server_port}/token",
            }
        )
    )
    yield file
    server.shutdown()
    server.server_close()
