"""`lake up`: emulator, topic and subscription, and the ingestion, left running in the background."""

from __future__ import annotations

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
                return Started(state, already_up=True)
        else:
            state = _start_emulator(run_folder, folder, route, state, announce)
        try:
            pubsub.create(state.emulator.address, route)
            announce(f"starting the ingestion of {route.subscription} into {folder}")
            state = _start_ingest(run_folder, state, job_options)
        except BaseException:
            if emulator_is_new:  # an older one may hold messages, and stays up for another try
                emulators.stop(state.emulator)
                states.forget(run_folder)
            raise
        return Started(state, already_up=False)


def _check_same(state: RunState, folder: Path, route: Route) -> None:
    running = (state.folder, state.topic, state.subscription)
    wanted = (str(folder.resolve()), route.topic, route.subscription)
    if running != wanted:
        raise LakeError(
            f"the platform is up with {state.topic}, {state.subscription} and {state.folder}: "
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
    )
    states.save(run_folder, state)
    return state


def _start_ingest(run_folder: Path, state: RunState, job_options: tuple[str, ...]) -> RunState:
    places = Places(Path(state.folder))
    job = IngestJob(
        lake=places.lake,
        quarantine=places.quarantine,
        summary_file=places.ingest_summary,
        subscription=state.subscription,
        options=job_options,
    )
    places.ingest_summary.unlink(missing_ok=True)
    environment = emulators.client_environment(state.emulator.address, ingestion.environment())
    log = run_folder / "ingest.log"
    process = processes.record_of(processes.start(job.command(), log=log, environment=environment))
    try:
        state = msgspec.structs.replace(state, ingest=process)
        states.save(run_folder, state)
        _await_first_report(process, places.ingest_summary, log)
    except BaseException:
        processes.end(process, grace_seconds=ingestion.STOP_GRACE_SECONDS)
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
