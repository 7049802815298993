"""Starts the ingestion in milliseconds: its processes are forked from one that has imported Beam, which alone takes seconds.

With a kill every few seconds the ingestion would else do little but start.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lake_cli.local import processes
from lake_cli.local.demo.live.breakable import break_on_demand
from lake_cli.local.processes import ProcessRecord

_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.01


def preload() -> None:
    """Begins to import, in the process that the others will be forked from."""
    _context.set_forkserver_preload(
        ["lake_cli.local.demo.live.warm", "beam_pipeline.main", "beam_pipeline.microbatch.run"]
    )


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path, fault: Path) -> ProcessRecord:
    """The job as a process that leads a group of its own.

    Args:
        arguments: of the job.
        environment: all of its environment.
        log: what it prints is appended.
        fault: breaks its storage while it is there (`breakable`).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    given = (list(arguments), dict(environment), str(log), str(fault))
    process = _context.Process(target=_run, args=given, daemon=True)
    process.start()
    pid = process.pid or 0
    deadline = time.monotonic() + _START_SECONDS
    while process.is_alive() and os.getpgid(pid) != pid and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return processes.record_of_pid(pid)


def _run(arguments: list[str], environment: dict[str, str], log: str, fault: str) -> None:
    os.setsid()  # a Ctrl-C in the terminal is for the demo, which decides what ends first
    os.environ.clear()  # it is that of the process forked from, from when that was started
    os.environ.update(environment)
    with open(log, "ab", buffering=0) as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    break_on_demand(Path(fault))
    from beam_pipeline.main import main

    sys.exit(main(arguments))


_context = multiprocessing.get_context("forkserver")
