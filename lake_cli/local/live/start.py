"""`lake up`: emulator, topic and subscription, the ingestion and the rotator, left running in the background."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local import ingestion, processes, pubsub
from lake_cli.local.ingestion import IngestJob
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from lake_cli.local.processes import ProcessRecord
from lake_cli.local.pubsub import Route
from lake_cli.places import Places

PREFERRED_PORT: Final = 8085  # where Google's own tools start the emulator, if it is free
ROTATOR_GRACE_SECONDS: Final = 5.0
LEASE_SECONDS: Final = pubsub.ACK_DEADLINE_SECONDS + 10.0
"""For so long messages may be leased to a process that is gone, or by an answer that was lost."""

_READY_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 5.0


class IngestDidNotStart(LakeError):
    """The ingestion ended, or said nothing, instead of starting."""

    exit_code = 1


@dataclass(frozen=True)
class Started:
    """The running platform, and whether it already ran."""

    state: RunState
    already_up: bool


def up(
    run_folder: Path,
    folder: Path,
    route: Route,
    announce: Callable[[str], None],
    *,
    job_options: tuple[str, ...] = (),
) -> Started:
    """Start what does not run yet. What one call started and could not complete, it ends again.

    Raises:
        EmulatorUnavailable: there is no emulator, and none can be started.
        LakeError: the platform is up with another folder, topic or subscription, or its emulator does not answer.
        IngestDidNotStart: the ingestion failed at once; the message holds its last words.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"--folder {folder} cannot be made ({error.strerror}): choose another one") from None
    with states.locked(run_folder):
        state = states.load(run_folder)
        emulator_is_new = state is None or not state.emulator_runs
        if state is not None and not emulator_is_new:
            _check_same(state, folder, route)
            _check_answers(state)
            if state.ingest_runs:
                return Started(_start_rotator(run_folder, state), already_up=True)
        else:
            state = _start_emulator(run_folder, folder, route, state, announce)
        try:
            if state.switching:
                announce(f"waiting {LEASE_SECONDS:.0f} s for messages that a killed rotator may have leased")
                time.sleep(LEASE_SECONDS)
            pubsub.create(state.emulator.address, pubsub.route_of(state.topic, state.subscription))
            announce(f"starting the ingestion of {state.subscription} into {folder}")
            state = start_ingest(run_folder, msgspec.structs.replace(state, job_options=job_options))
            state = _start_rotator(run_folder, state)
        except BaseException:
            if emulator_is_new:  # an older one may hold messages, and stays up for another try
                emulators.stop(state.emulator)
                states.forget(run_folder)
            raise
        return Started(state, already_up=False)


def _check_same(state: RunState, folder: Path, route: Route) -> None:
    running = (state.folder, state.topic, state.chosen_subscription or state.subscription)
    wanted = (str(folder.resolve()), route.topic, route.subscription)
    if running != wanted:
        raise LakeError(
            f"the platform is up with {running[1]}, {running[2]} and {running[0]}: "
            "run `lake down` before another one is started"
        )


def _check_answers(state: RunState) -> None:
    if not pubsub.answers(state.emulator.address, timeout_seconds=_ANSWER_SECONDS):
        raise LakeError(
            f"the platform is up, but its emulator at {state.emulator.address} does not answer: run `lake down`, "
            "then `lake up` again"
        )


def _start_emulator(
    run_folder: Path, folder: Path, route: Route, stale: RunState | None, announce: Callable[[str], None]
) -> RunState:
    if stale is not None and stale.rotator is not None:
        processes.end(stale.rotator, grace_seconds=ROTATOR_GRACE_SECONDS)
    if stale is not None and stale.ingest is not None:
        processes.end(
            stale.ingest, grace_seconds=ingestion.STOP_GRACE_SECONDS
        )  # it reads from an emulator that is gone
    emulator = emulators.obtain(run_folder / "emulator.log", preferred_port=PREFERRED_PORT, announce=announce)
    state = RunState(
        emulator=emulator,
        topic=route.topic,
        subscription=route.subscription,
        folder=str(folder.resolve()),
        started_at=datetime.now(UTC),
        chosen_subscription=route.subscription,
    )
    states.save(run_folder, state)
    return state


def start_ingest(run_folder: Path, state: RunState) -> RunState:
    """Start the ingestion of a state, in the place of one that has ended; returns the state with it.

    Raises:
        IngestDidNotStart: it failed at once; it does not run then.
    """
    if state.ingest is not None:
        state = state.without_ingest()
    states.save(run_folder, state)  # before the report of the last one is removed, which is counted by now
    places = Places(Path(state.folder))
    job = IngestJob(
        lake=places.lake,
        quarantine=places.quarantine,
        summary_file=places.ingest_summary,
        subscription=state.subscription,
        options=state.job_options,
    )
    places.ingest_summary.unlink(missing_ok=True)
    environment = emulators.client_environment(state.emulator.address, ingestion.environment())
    log = run_folder / "ingest.log"
    process = processes.record_of(processes.start(job.command(), log=log, environment=environment))
    try:
        started = msgspec.structs.replace(state, ingest=process)
        states.save(run_folder, started)
        _await_first_report(process, places.ingest_summary, log)
    except BaseException:
        processes.end(process, grace_seconds=ingestion.STOP_GRACE_SECONDS)
        states.save(run_folder, msgspec.structs.replace(state, switching=False))
        raise
    started = msgspec.structs.replace(started, switching=False)
    states.save(run_folder, started)
    return started


def _start_rotator(run_folder: Path, state: RunState) -> RunState:
    """Start the process that frees the emulator's memory, if it does not run; there is none for an emulator that is not ours."""
    if state.emulator.heap_bytes is None or state.rotator_runs:
        return state
    command = [sys.executable, "-m", "lake_cli.local.live.rotator", str(run_folder)]
    rotator = processes.record_of(
        processes.start(command, log=run_folder / "rotator.log", environment=ingestion.environment())
    )
    try:
        state = msgspec.structs.replace(state, rotator=rotator)
        states.save(run_folder, state)
    except BaseException:
        processes.end(rotator, grace_seconds=ROTATOR_GRACE_SECONDS)
        raise
    return state


def _await_first_report(process: ProcessRecord, summary_file: Path, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not summary_file.exists():
        if not processes.is_running(process):
            raise IngestDidNotStart(
                f"the ingestion ended instead of starting: {ingestion.last_words(log)} (log: {log})"
            )
        if time.monotonic() > deadline:
            raise IngestDidNotStart(f"the ingestion gave no sign of life in {_READY_SECONDS:.0f} s (log: {log})")
        time.sleep(0.1)
