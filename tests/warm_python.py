"""A Python that has already imported Airflow or dbt, and forks for each command: importing them takes longer than most commands.

The server listens on a Unix socket. Its `executable` is called like Python, with `-c code …` or `-m module …`; it hands
arguments, environment, folder and standard streams to the server, whose fork runs the command, and passes signals on and the exit
status back. A child of its own for each command: no command sees what another one left in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

_THREAD_SECONDS = 60
"""For threads of what was imported to end, such as anyio's after its event loop."""

# A shell starts it: the line that names an interpreter takes no path with a space. Without site and in isolation: it needs the
# standard library alone, and is to be there at once.
_EXECUTABLE = """#!/bin/sh
exec {python} -IS {client} "$@"
"""
_CLIENT = """import json, os, signal, socket, sys
if sys.argv[1:2] not in (["-c"], ["-m"]):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
pass_on = lambda number, _frame: server.send(bytes([number]))
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, pass_on)
request = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
answer = server.recv(1)
status = int.from_bytes(answer, "big", signed=True) if answer else 1
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class WarmPython:
    """The server's process.

    Attributes:
        executable: a program to call in place of Python.
    """

    def __init__(self, preload: str, environment: dict[str, str] | None = None) -> None:
        """Starts the server and waits until it has imported.

        Args:
            preload: `airflow` or `dbt`.
            environment: of the imports; each command has its own.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        address = f"{self._folder.name}/socket"
        self._log = Path(self._folder.name, "log")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_python", preload, address],
                env=environment,
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout
        ready = self._process.stdout.readline()
        assert ready == "ready\n", self._log.read_text()
        self.executable = f"{self._folder.name}/python"
        client = Path(self._folder.name, "client.py")
        client.write_text(_CLIENT.format(python=sys.executable, address=address))
        Path(self.executable).write_text(
            _EXECUTABLE.format(python=shlex.quote(sys.executable), client=shlex.quote(str(client)))
        )
        Path(self.executable).chmod(0o755)

    def stop(self) -> None:
        """Ends the server; commands under way go on."""
        self._process.communicate(timeout=60)
        self._folder.cleanup()


def _airflow() -> Callable[[], None]:
    """Imports what runs need and makes the interface that tasks speak to; returns what a child does first."""
    import googleapiclient.discovery  # noqa: F401
    import httpx
    from airflow import settings
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    async def ask_once() -> None:
        """The interface makes its routes at the first request."""
        transport = httpx.ASGITransport(app=in_process_api_server().app)
        async with httpx.AsyncClient(transport=transport, base_url="http://in-process") as client:
            await client.get("/health")

    asyncio.run(ask_once())

    def use_own_database() -> None:
        settings.dispose_orm(do_log=False)
        settings.configure_vars()
        settings.configure_orm()

    return use_own_database


RUN_VARS = frozenset(
    {
        *("changed_dates", "changed_quarantine_dates", "changed_manifest_dates"),
        *("first_date", "snapshot", "published_before", "publish"),
    }
)
"""Variables that say what a run does and leave the parsed project as it is (tests/warehouse/test_project.py)."""


def _dbt() -> Callable[[], None]:
    """Parses the project once; a child whose run would parse it to the same gets it as it is. Returns what a child does first."""
    from dbt.adapters.factory import get_adapter
    from dbt.cli.main import dbtRunner
    from dbt.context.query_header import generate_query_header_context
    from dbt.parser.manifest import ManifestLoader

    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(LAKE_PATH=folder, QUARANTINE_PATH=folder, DUCKDB_PATH=f"{folder}/warehouse.duckdb")
        parsed = dbtRunner().invoke(
            [
                *("parse", "--quiet", "--no-static-parser"),  # the static parser starts threads, which no fork has
                *(
                    "--project-dir",
                    str(REPOSITORY / "dbt"),
                    "--profiles-dir",
                    str(REPOSITORY / "dbt"),
                    "--target",
                    "duckdb",
                ),
                *("--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"),
            ]
        )
        assert parsed.success, parsed.exception
    manifest: Any = parsed.result
    parse = ManifestLoader.get_full_manifest

    def parsed_already(config: Any, **options: Any) -> Any:
        same = (
            config.project_root == str(REPOSITORY / "dbt")
            and (config.target_name, config.credentials.database) == ("duckdb", "warehouse")
            and config.cli_vars.keys() <= RUN_VARS
        )
        if not same:
            return parse(config, **options)
        adapter = get_adapter(config)
        adapter.set_macro_resolver(manifest)
        adapter.connections.set_query_header(generate_query_header_context(adapter.config, manifest))
        return manifest

    def use_what_is_parsed() -> None:
        ManifestLoader.get_full_manifest = parsed_already

    return use_what_is_parsed


def _serve(address: str, first: Callable[[], None]) -> None:
    """Forks for each connection until standard input ends."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(_THREAD_SECONDS)
    assert threading.active_count() == 1, f"threads do not survive a fork: {threading.enumerate()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)  # noqa: T201
        while True:
            readable, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in readable:
                return
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _watch(connection, first)
                os._exit(0)
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _watch(connection: socket.socket, first: Callable[[], None]) -> None:
    """Runs a command in a child; passes signals on, and kills it when its caller is gone."""
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    request = b""
    while len(request) < int.from_bytes(length, "big"):
        request += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        connection.close()
        _run(json.loads(request), streams, first)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    while ended not in select.select([connection, ended], [], [])[0]:
        number = connection.recv(1)
        os.kill(child, number[0] if number else signal.SIGKILL)
        if not number:
            os.waitpid(child, 0)
            return
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.send((status if status < 128 else 1).to_bytes(1, "big", signed=True))


def _run(request: list[Any], streams: list[int], first: Callable[[], None]) -> None:
    arguments, environment, folder = request
    status = 0
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.path[0] = folder
        sys.path[1:1] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
        first()
        how, what, *rest = arguments
        sys.argv = [how if how == "-c" else what, *rest]
        if how == "-c":
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 # the tests' own code
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)  # noqa: T201
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 # whatever it is, the child ends here
        traceback.print_exc()
        status = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[2], {"airflow": _airflow, "dbt": _dbt}[sys.argv[1]]())
