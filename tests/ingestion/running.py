"""The ingestion as a process of its own, as a user starts it."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from google.cloud.pubsub_v1 import SubscriberClient

from lake_cli.local.pubsub import Route

ACK_DEADLINE_SECONDS = 10
"""The shortest there is: what a killed process held, or a pull that was cut off, is redelivered soon."""

REPOSITORY = Path(__file__).resolve().parents[2]


def arguments(subscription: str, folder: Path, *more: str) -> list[str]:
    """The documented command line, for a folder that is to hold lake and quarantine."""
    return [
        "--runner=DirectRunner",
        f"--input_subscription={subscription}",
        f"--output_path={folder / 'lake'}",
        f"--quarantine_path={folder / 'quarantine'}",
        *more,
    ]


def shorten_ack_deadline(route: Route) -> None:
    """Makes the subscription anew with the shortest acknowledgement deadline; before anything is published."""
    with SubscriberClient() as client:
        client.delete_subscription(subscription=route.subscription)
        client.create_subscription(
            name=route.subscription, topic=route.topic, ack_deadline_seconds=ACK_DEADLINE_SECONDS
        )


class Done(NamedTuple):
    """How a run ended: exit code, and what it said on standard error."""

    returncode: int
    stderr: str


def run_command(*options: str, timeout: float = 180) -> Done:
    """`python -m beam_pipeline`, to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "beam_pipeline", *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stderr)


def run(*options: str, timeout: float = 180) -> Done:
    """The same in a process that is started by `spawn`."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors.txt"
        process = spawn(options, errors)
        process.join(timeout)
        assert process.exitcode is not None, f"still running after {timeout} s"
        return Done(process.exitcode, errors.read_text(encoding="utf-8"))


def _main(
    argv: Sequence[str], environment: dict[str, str], errors: str | None, prepare: Callable[[], object] | None
) -> None:
    from beam_pipeline.main import main

    os.environ.clear()  # it is the fork server's, from when that was started
    os.environ.update(environment)
    if errors is not None:
        sys.stderr = open(errors, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    if prepare is not None:
        prepare()
    sys.exit(main(argv))


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["beam_pipeline.main", "beam_pipeline.microbatch.run"])


def spawn(argv: Sequence[str], errors: Path | None = None, prepare: Callable[[], object] | None = None) -> BaseProcess:
    """The same as a process that starts in milliseconds: Beam is imported once, by a fork server.

    Args:
        argv: the command line.
        errors: file for standard error.
        prepare: called in the process before it begins.
    """
    given = (list(argv), dict(os.environ), errors and str(errors), prepare)
    process = _context.Process(target=_main, args=given, daemon=True)
    process.start()
    return process


def run_until(argv: Sequence[str], done: Callable[[], bool], seconds: float = 60) -> None:
    """Runs the ingestion in a process of its own until `done`, then asks it to end, and insists that it does so cleanly."""
    process = spawn(argv)
    try:
        wait_until(lambda: done() or not process.is_alive(), seconds)
        assert process.is_alive(), "the ingestion must not have ended by itself"
        process.terminate()
        process.join(30)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()


def wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    """Fails if it has not come true by then. What takes long to find out is asked less often."""
    deadline = time.monotonic() + seconds
    asked = time.monotonic()
    while not done():
        assert time.monotonic() < deadline, f"not after {seconds} s"
        time.sleep(max(0.01, 2 * (time.monotonic() - asked)))
        asked = time.monotonic()
