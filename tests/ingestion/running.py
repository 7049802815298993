"""The ingestion as a process of its own, as a user starts it."""

import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from google.cloud.pubsub_v1 import SubscriberClient

from local_platform.pubsub import Route

ACK_DEADLINE_SECONDS = 10
"""The shortest there is: what a killed process held, or a pull that was cut off, comes again soon."""

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


def run(*options: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
    """``python -m beam_pipeline``, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "beam_pipeline", *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _main(argv: Sequence[str]) -> None:
    from beam_pipeline.main import main

    sys.exit(main(argv))


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["beam_pipeline.main", "local_platform.microbatch"])


def spawn(argv: Sequence[str]) -> BaseProcess:
    """The same as a process that starts in milliseconds, to be killed: Beam is imported once, by a fork server."""
    process = _context.Process(target=_main, args=(list(argv),), daemon=True)
    process.start()
    return process
