"""Quarantined messages into a file that only its owner may read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lake_cli.errors import LakeError
from lake_cli.quarantine.reading import Refused
from lake_cli.quarantine.repair import payload_line, repair_line


def export(messages: Iterable[Refused], output: Path, form: str) -> tuple[int, int]:
    """Writes messages in one of `repair.FORMATS`; returns how many were written, and how many cannot be one line.

    The file appears when it is whole.

    Raises:
        LakeError: it cannot be written.
    """
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    written = unwritable = 0
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for refused in messages:
                line = _line(refused, form)
                if line is None:
                    unwritable += 1
                else:
                    file.write(line + b"\n")
                    written += 1
        os.replace(temporary, output)
    except OSError as error:
        raise LakeError(f"{output} cannot be written ({error.strerror}): choose another place") from None
    finally:
        temporary.unlink(missing_ok=True)
    return written, unwritable


def _line(refused: Refused, form: str) -> bytes | None:
    if form == "payloads":
        return payload_line(refused)
    return repair_line(refused) if form == "repair" else msgspec.json.encode(refused.envelope)
