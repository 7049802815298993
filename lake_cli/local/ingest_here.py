"""`lake ingest`: the Beam job in this process, pointed at the local platform where the user does not say otherwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local.live import state as states
from lake_cli.local.live.state import RunState
from lake_cli.places import Places


def run(arguments: Sequence[str], run_folder: Path, live_folder: Path) -> int:
    """Run the job and return its exit code.

    Raises LakeError if no input is given and nothing is up to read from.
    """
    state = states.load(run_folder)
    completed = [*_defaults(arguments, state, live_folder), *arguments]
    if state is not None and f"--input_subscription={state.subscription}" in completed:
        os.environ.update(
            emulators.client_environment(os.environ.get(emulators.HOST_VARIABLE) or state.emulator.address)
        )
    from beam_pipeline.main import main

    return main(completed)


def _defaults(arguments: Sequence[str], state: RunState | None, live_folder: Path) -> list[str]:
    given = {argument.partition("=")[0] for argument in arguments}
    places = Places(Path(state.folder) if state is not None else live_folder)
    defaults = {
        "--runner": "DirectRunner",
        "--output_path": str(places.lake),
        "--quarantine_path": str(places.quarantine),
    }
    if not given & {"--input_subscription", "--input_files"}:
        if state is None:
            raise LakeError(
                "no input: give --input_subscription=projects/P/subscriptions/S or --input_files='GLOB', "
                "or run `lake up` first to read what is published to it"
            )
        defaults["--input_subscription"] = state.subscription
    return [f"{name}={value}" for name, value in defaults.items() if name not in given]
