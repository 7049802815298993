"""Messages as files: to keep, to ingest, or to repair by hand and bring back."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lake_cli.errors import LakeError
from lake_cli.quarantine.reading import Refused

FORMATS: Final = ("envelopes", "payloads", "repair")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class RepairLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message in a file for repair; it is in one of the last three.

    Attributes:
        replay_of: which case it is (`Refused.case`): leave it as it is.
        code, message, field: why it was refused; not read back.
        attributes: of the message; sent again with it.
        event: the message, if it is a JSON object; it may be changed, but must stay on the line.
        text: the message, if it is other text.
        base64: the message, if it is not even text.
    """

    replay_of: str
    code: str = ""
    message: str = ""
    field: str | None = None
    attributes: dict[str, str] = {}
    event: msgspec.Raw = msgspec.Raw()
    text: str | None = None
    base64: str | None = None

    def payload(self) -> bytes:
        """The message's bytes as they are now.

        Raises:
            ValueError: none of event, text and base64 is given, or more than one, or base64 is none.
        """
        given = [bytes(self.event)] if bytes(self.event) else []
        given += [self.text.encode()] if self.text is not None else []
        given += [base64.b64decode(self.base64, validate=True)] if self.base64 is not None else []
        if len(given) != 1:
            raise ValueError("give exactly one of event, text and base64")
        return given[0]


_decode: Final = msgspec.json.Decoder(RepairLine).decode


def repair_line(refused: Refused) -> bytes:
    """A message for the file that a person repairs."""
    envelope, payload = refused.envelope, refused.payload
    content: dict[str, Any]
    try:
        if not isinstance(msgspec.json.decode(payload), dict):
            raise ValueError("no object")
        content = {"event": msgspec.Raw(_on_one_line(payload.strip()))}
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        try:
            content = {"text": payload.decode()}
        except UnicodeDecodeError:
            content = {"base64": base64.b64encode(payload).decode()}
    line = RepairLine(
        replay_of=refused.case,
        code=envelope.code,
        message=envelope.message,
        field=envelope.field,
        attributes=refused.attributes,
        **content,
    )
    return msgspec.json.encode(line)


def payload_line(refused: Refused) -> bytes | None:
    """The message on a line of its own; None if it has line breaks that cannot be taken out without changing it."""
    payload = refused.payload
    if b"\n" not in payload:
        return payload
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _on_one_line(payload)


def read_fixed(file: Path) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Case, bytes and attributes of every message in a repaired file.

    Raises:
        LakeError: the file cannot be read, or a line is not one of a file for repair.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise LakeError(f"--fixed {file} cannot be read ({error.strerror}): check the path") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            repaired = _decode(line)
            payload = repaired.payload()
        except (msgspec.DecodeError, ValueError, binascii.Error) as error:
            raise LakeError(
                f"--fixed {file}, line {number}: {error}; a line is as `lake quarantine export --as repair` wrote it"
            ) from None
        if not _FINGERPRINT.fullmatch(repaired.replay_of):
            raise LakeError(f"--fixed {file}, line {number}: replay_of is no fingerprint; leave it as it was exported")
        yield repaired.replay_of, payload, repaired.attributes


def _on_one_line(payload: bytes) -> bytes:
    return payload.replace(b"\r", b" ").replace(b"\n", b" ")  # in JSON they can only be white space
