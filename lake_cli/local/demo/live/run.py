"""The demo that goes on: everything started, shown while it runs, ended, and accounted for."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from event_contract.lake_layout import LAKE, QUARANTINE
from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local import ingestion, processes, pubsub
from lake_cli.local.demo import audit as audits
from lake_cli.local.demo import folder
from lake_cli.local.demo.live import warm
from lake_cli.local.demo.live.account import RunningAccount
from lake_cli.local.demo.live.chaos import Chaos, Kind
from lake_cli.local.demo.live.options import LiveOptions
from lake_cli.local.demo.live.publishing import Publishing
from lake_cli.local.demo.live.screen import Show, open_screen
from lake_cli.local.demo.live.summary import LiveResult, show
from lake_cli.local.demo.live.supervised import SupervisedIngestion
from lake_cli.local.demo.live.view import Moment, Rates
from lake_cli.local.demo.run import terminated_like_interrupted
from lake_cli.local.emulator import Emulator
from lake_cli.local.ingestion import IngestJob
from lake_cli.local.processes import ProcessRecord
from lake_cli.local.pubsub import Route
from lake_cli.places import Places

_ROUTE: Final = Route(pubsub.LOCAL_PROJECT, "live-demo-events", "live-demo-events-lake")
_CHAOS_ACK_DEADLINE_SECONDS: Final = 10
"""The shortest there is: what a killed ingestion had pulled comes again soon."""

_LOOK_SECONDS: Final = 0.5
_STALLED_SECONDS: Final = 180.0  # several leases of a killed ingestion, one after the other


class NotDrained(LakeError):
    """Messages wait, and none has been written for minutes."""

    exit_code = 1


def live(options: LiveOptions, console: Console) -> int:
    """Run the demo until its time is over or Ctrl-C, and print its account.

    Returns the exit code: 0, or 1 if a message is unaccounted for.
    """
    options.simulation()  # what cannot be simulated is refused before anything is emptied or started
    places = options.places
    try:
        with folder.emptied(options.folder), terminated_like_interrupted():
            try:
                with emulators.running(places.logs / "emulator.log", announce=console.print) as emulator:
                    run = _Run(options, emulator)
                    with open_screen(console) as screen:
                        run(screen)
                recorded = record_unrecorded(places) if options.chaos else 0
                result = LiveResult(run.faults, run.ingestion.starts, recorded, audits.audit(places, lambda _: None))
            finally:  # all has been ended before, but for what an interrupt left between its start and its owner
                processes.end_all_started(grace_seconds=ingestion.STOP_GRACE_SECONDS)
    except KeyboardInterrupt:
        console.print(f"Interrupted. Everything started has been ended; {options.folder} holds what was written.")
        raise
    show(result, places, console)
    return 0 if result.audit.holds else 1


class _Run:
    """One run, from the first message to the last written."""

    def __init__(self, options: LiveOptions, emulator: Emulator) -> None:
        places = options.places
        self._options = options
        self._emulator = emulator
        # The emulator may be the user's own, and hold messages of an earlier demo: this one starts with none.
        pubsub.delete(emulator.address, _ROUTE)
        deadline = _CHAOS_ACK_DEADLINE_SECONDS if options.chaos else pubsub.ACK_DEADLINE_SECONDS
        pubsub.create(emulator.address, _ROUTE, deadline)
        os.environ.update(emulators.client_environment(emulator.address))
        self._account = RunningAccount(places)
        self._rates = Rates()
        self._publishing = Publishing(options.simulation(), _ROUTE.topic, self._account, places.truth)
        fault = (places.folder / "storage-fault").absolute()
        self.ingestion = ingestion_of(places, _ROUTE.subscription, fault if options.chaos else None)
        self.chaos = Chaos(self.ingestion, fault, self._publishing.flood, options.seed) if options.chaos else None

    @property
    def faults(self) -> dict[Kind, int] | None:
        """How many there were of each kind; None without chaos."""
        if self.chaos is None:
            return None
        counts = self.chaos.by_kind
        return {kind: counts[kind] for kind in Kind}

    def __call__(self, screen: Show) -> None:
        """Raises NotDrained, and what the parts raise."""
        self._began = time.monotonic()
        try:
            self.ingestion.check()
            self._publishing.start()
            if self.chaos is not None:
                self.chaos.start()
            with contextlib.suppress(KeyboardInterrupt):  # how a run without --minutes ends
                self._go_on(screen)
            self._end_input()
            self._drain(screen)
        finally:
            with contextlib.suppress(RuntimeError):  # its thread may never have been started
                self._end_input()
            self.ingestion.close()

    def _end_input(self) -> None:
        if self.chaos is not None:
            self.chaos.end()
        self._publishing.end()

    def _go_on(self, screen: Show) -> None:
        seconds = None if self._options.minutes is None else 60 * self._options.minutes
        while seconds is None or time.monotonic() - self._began < seconds:
            self._publishing.check()
            if self.chaos is not None:
                self.chaos.check()
            screen(self._moment("streaming"))
            time.sleep(_LOOK_SECONDS)

    def _drain(self, screen: Show) -> None:
        waiting, moved_at = -1, time.monotonic()
        while True:
            moment = self._moment("writing what is under way")
            screen(moment)
            if moment.counts.waiting == 0:
                return
            if moment.counts.waiting != waiting:
                waiting, moved_at = moment.counts.waiting, time.monotonic()
            elif time.monotonic() - moved_at > _STALLED_SECONDS:
                raise NotDrained(
                    f"{waiting:,} messages are not written, and none has been for {_STALLED_SECONDS:.0f} s: "
                    f"{ingestion.last_words(self._options.places.logs / 'ingest.log')}"
                )
            time.sleep(_LOOK_SECONDS)

    def _moment(self, phase: str) -> Moment:
        emulators.check_runs(self._emulator)
        self.ingestion.check()
        counts, now = self._account.look(), time.time()
        published, written = self._rates(now, counts)
        return Moment(
            at=now,
            seconds=time.monotonic() - self._began,
            of_seconds=None if self._options.minutes is None else 60 * self._options.minutes,
            phase=phase,
            counts=counts,
            published_per_second=published,
            written_per_second=written,
            pid=self.ingestion.pid,
            starts=self.ingestion.starts,
            faults=None if self.chaos is None else self.chaos.faults,
        )


def ingestion_of(places: Places, subscription: str, fault: Path | None) -> SupervisedIngestion:
    """An ingestion; with a file that breaks its storage, one that starts quickly and is started again when it ends."""
    job = IngestJob(
        lake=places.lake,
        quarantine=places.quarantine,
        summary_file=places.ingest_summary,
        subscription=subscription,
    )
    log, environment = places.logs / "ingest.log", ingestion.environment()

    def start() -> ProcessRecord:
        if fault is None:
            return processes.record_of(processes.start(job.command(), log=log, environment=environment))
        return warm.start(job.arguments(), environment, log, fault)

    if fault is not None:
        warm.preload()
    return SupervisedIngestion(places.ingest_summary, log, start, restart=fault is not None)


def record_unrecorded(places: Places) -> int:
    """Records the objects that a killed ingestion stored and had no time to record; returns how many."""
    from lake_cli.manifest import reconcile

    roots = {LAKE: str(places.lake), QUARANTINE: str(places.quarantine)}
    found = reconcile.check(roots, now=time.time() + reconcile.ON_ITS_WAY_SECONDS)  # nobody writes any more
    found.missing = []  # the audit tells
    reconcile.repair(roots, found)
    return len(found.unrecorded)
