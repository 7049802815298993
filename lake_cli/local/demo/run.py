"""The demo from start to end: each phase timed, everything it started ended, whatever happens."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

from rich.console import Console

from beam_pipeline.run_summary import RunSummary
from lake_cli.display import Display, open_display
from lake_cli.local import emulator as emulators
from lake_cli.local import ingestion, processes
from lake_cli.local.demo import folder, steps, summary
from lake_cli.local.demo.options import DemoOptions
from lake_cli.local.demo.summary import DemoResult
from lake_cli.local.emulator_launchers import EmulatorUnavailable


class _Stopwatch:
    """Seconds by phase, in the order of the phases."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun


def demo(options: DemoOptions, console: Console) -> int:
    """Run the demo and print its account.

    Returns the exit code: 0, or 1 if a message is unaccounted for, or the warehouse or the page failed.
    """
    options.simulation()  # what cannot be simulated is refused before anything is emptied or started
    try:
        with folder.emptied(options.folder), terminated_like_interrupted():
            try:
                result = _run(options, console)
            finally:  # all has been ended before, but for what an interrupt left between its start and its owner
                processes.end_all_started(grace_seconds=ingestion.STOP_GRACE_SECONDS)
    except KeyboardInterrupt:
        console.print(f"Interrupted. Everything started has been ended; {options.folder} holds what was written.")
        raise
    summary.show(result, options.places, console)
    return 0 if result.succeeded else 1


def _run(options: DemoOptions, console: Console) -> DemoResult:
    clock = _Stopwatch()
    with clock.phase("total"), open_display(console) as display:
        transport, ingested = _ingest(options, display, clock)
        with clock.phase("audit"):
            audit = steps.check(options.places, display)
        with clock.phase("dbt"):
            warehouse = steps.build_warehouse(options.places, display)
        with clock.phase("page"):
            page = steps.render_page(options, audit, ingested, display) if warehouse.published else None
    return DemoResult(transport, ingested, audit, warehouse, page, clock.seconds)


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """A polite kill, or a closed terminal, ends the demo as Ctrl-C does. By default it would leave the emulator behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup means to go on without a terminal
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ingest(options: DemoOptions, display: Display, clock: _Stopwatch) -> tuple[str, RunSummary]:
    if not options.file_mode:
        with contextlib.ExitStack() as cleanup:
            try:
                with clock.phase("emulator"):
                    emulator = cleanup.enter_context(
                        emulators.running(options.places.logs / "emulator.log", announce=display.say)
                    )
            except EmulatorUnavailable as reason:
                display.say(f"Going through a file instead of Pub/Sub: {reason}.")
            else:
                with clock.phase("publish and ingest"):
                    ingested = steps.stream(options, emulator, display)
                return f"Pub/Sub emulator at {emulator.address} ({emulator.origin})", ingested
    with clock.phase("write and ingest"):
        return f"the file {options.places.messages}", steps.through_file(options, display)
