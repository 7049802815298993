"""The Cloud Storage emulator as a program: prints its port, and serves until its standard input ends.

In a process of its own: a client's writer that is thrown away may make a request from any thread in which Python happens to
collect garbage, and in a thread of the emulator it would wait for itself.

The emulator ignores `ifGenerationMatch`; here it is obeyed for uploads and deletions, as Cloud Storage does.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage


class _Changed(Exception):
    """The object has another generation than was asked for."""


class _Storage(Storage):  # type: ignore[misc] # untyped
    def __init__(self) -> None:
        super().__init__(use_memory_fs=True)
        self.expected = threading.local()
        self._one_change = threading.RLock()

    def create_file(self, bucket_name: str, file_name: str, *args: Any, **kwargs: Any) -> Any:
        with self._one_change:
            self._check(bucket_name, file_name)
            return super().create_file(bucket_name, file_name, *args, **kwargs)

    def delete_file(self, bucket_name: str, file_name: str) -> Any:
        with self._one_change:
            self._check(bucket_name, file_name)
            return super().delete_file(bucket_name, file_name)

    def _check(self, bucket_name: str, file_name: str) -> None:
        expected = getattr(self.expected, "generation", None)
        if expected is None:
            return
        try:
            found = int(self.get_file_obj(bucket_name, file_name)["generation"])
        except NotFound:
            found = 0
        if found != expected:
            raise _Changed


class _Handler(RequestHandler):  # type: ignore[misc] # untyped
    def do_POST(self) -> None:  # noqa: N802 # the standard library says so
        self._obey_precondition(super().do_POST)

    def do_DELETE(self) -> None:  # noqa: N802
        self._obey_precondition(super().do_DELETE)

    def do_PUT(self) -> None:  # noqa: N802
        self._obey_precondition(super().do_PUT)

    def _obey_precondition(self, handle: Callable[[], None]) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("ifGenerationMatch")
        self.storage.expected.generation = int(asked[0]) if asked else None
        try:
            handle()
        except _Changed:
            self.send_error(HTTPStatus.PRECONDITION_FAILED)


class _Server(ThreadingHTTPServer):
    # By itself the emulator serves one connection at a time: one left idle by a client would block all others.
    request_queue_size = 64


def main() -> None:
    """Serves what it keeps in memory."""
    logging.disable()
    with _Server(("localhost", 0), partial(_Handler, _Storage())) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
