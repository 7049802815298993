"""Running the programs that talk to Google Cloud."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

from lake_cli.errors import LakeError

_INSTALL: Final = {
    "gcloud": "https://cloud.google.com/sdk/docs/install",
    "terraform": "https://developer.hashicorp.com/terraform/install",
    "git": "https://git-scm.com/downloads",
}


class CommandFailed(LakeError):
    """A program that was called ended with an error; its own words are above or in the text."""

    exit_code = 1


def run(command: Sequence[str]) -> None:
    """Runs a program that talks to the person at the terminal itself.

    Raises:
        LakeError: it is not installed.
        CommandFailed: it ended with an error.
    """
    _require(command[0])
    code = subprocess.run(command, check=False).returncode
    if code:
        raise CommandFailed(f"`{' '.join(command[:4])} …` ended with exit code {code}; what it said is above")


def read(command: Sequence[str]) -> str:
    """What a program prints.

    Raises:
        LakeError: it is not installed.
        CommandFailed: it ended with an error.
    """
    _require(command[0])
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())[-400:]
        raise CommandFailed(f"`{' '.join(command)}` ended with exit code {done.returncode}: {said}")
    return done.stdout


def _require(program: str) -> None:
    if shutil.which(program) is None:
        raise LakeError(f"{program} is not on PATH: install it ({_INSTALL.get(program, 'see its documentation')})")
