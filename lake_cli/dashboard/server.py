"""A server for this machine's browser: two pages and two documents, nothing else, and on the loopback address only."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import msgspec

from lake_cli.dashboard.reports import PublishedPage
from lake_cli.errors import LakeError

_Answer = Callable[[], tuple[str, bytes]]
"""Media type and content."""

_LOOPBACK: Final = "127.0.0.1"
_OPERATIONS: Final = Path(__file__).with_name("operations.html")


@contextlib.contextmanager
def bound(port: int, page: PublishedPage, status: Callable[[], object]) -> Iterator[ThreadingHTTPServer]:
    """A server that listens; `serve_forever` answers.

    Raises:
        LakeError: the port is taken.
    """
    answers: dict[str, _Answer] = {
        "/": lambda: ("text/html", page.content().encode()),
        "/version": lambda: ("text/plain", page.version().encode()),
        "/operations": lambda: ("text/html", _OPERATIONS.read_bytes()),
        "/operations.json": lambda: ("application/json", msgspec.json.encode(status())),
    }
    try:
        server = ThreadingHTTPServer((_LOOPBACK, port), functools.partial(_Handler, answers))
    except OSError as error:
        raise LakeError(f"--port {port} cannot be used ({error.strerror}): choose another one, or 0") from None
    with server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, answers: dict[str, _Answer], *connection: Any) -> None:
        self._answers = answers
        super().__init__(*connection)  # answers the request

    def do_GET(self) -> None:
        """Answers, to pages of this server only: a page from elsewhere could have its own name point here."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        answer = self._answers.get(self.path.partition("?")[0])
        if host not in (_LOOPBACK, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN, "ask for 127.0.0.1 or localhost")
        elif answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            try:
                kind, content = answer()
            except LakeError as error:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain=str(error))
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the browser has gone on to another page
                self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: a line a second for each browser would bury what the command says."""
