"""The Cloud Storage emulator as a program: prints its port, and serves until its standard input ends.

In a process of its own: a client's writer that is thrown away may make a request from any thread in which Python happens to
collect garbage, and in a thread of the emulator it would wait for itself.
"""

from __future__ import annotations

import logging
import sys
import threading
from functools import partial
from http.server import ThreadingHTTPServer

from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage


class _Server(ThreadingHTTPServer):
    # By itself the emulator serves one connection at a time: one left idle by a client would block all others.
    request_queue_size = 64


def main() -> None:
    """Serves what it keeps in memory."""
    logging.disable()
    with _Server(("localhost", 0), partial(RequestHandler, Storage(use_memory_fs=True))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
