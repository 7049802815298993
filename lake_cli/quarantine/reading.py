"""Quarantined messages as the ingestion stored them, read from a folder or from gs://."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec
from isal import igzip

from event_contract import EVENT_TYPES, QuarantinedMessage
from event_contract.lake_layout import FAILED
from lake_cli.errors import LakeError
from lake_cli.lifecycle.storage import FolderRoot, Root, open_root

REPLAY_OF: Final = "replay_of"
"""Attribute of a message that was sent again: the fingerprint of the message that was first refused."""

REPLAY_ATTEMPT: Final = "replay_attempt"
"""Attribute of a message that was sent again: how often it has been, from 1."""

_decode: Final = msgspec.json.Decoder(QuarantinedMessage).decode
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_ATTEMPT: Final = re.compile(r"[1-9][0-9]{0,5}")
_EVENT_TYPE: Final = re.compile(rb'"event_type"\s*:\s*"([a-z_]{1,40})"')


@dataclass(frozen=True)
class Refused:
    """One message in quarantine: its envelope, and where it lies."""

    envelope: QuarantinedMessage
    path: str

    @cached_property
    def payload(self) -> bytes:
        """The exact bytes of the message."""
        return base64.b64decode(self.envelope.payload)

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The message's attributes."""
        return {attribute.key: attribute.value for attribute in self.envelope.attributes}

    @property
    def case(self) -> str:
        """What stays the same when the message is sent again and refused again: the fingerprint it was first refused with."""
        origin = self.attributes.get(REPLAY_OF, "")
        return origin if _FINGERPRINT.fullmatch(origin) else self.envelope.fingerprint

    @property
    def attempt(self) -> int:
        """How often it had been sent again when it was refused: 0 for a message as its producer sent it."""
        text = self.attributes.get(REPLAY_ATTEMPT, "")
        return int(text) if REPLAY_OF in self.attributes and _ATTEMPT.fullmatch(text) else 0

    @cached_property
    def event_type(self) -> str | None:
        """The event type that it says it has, if the contract knows that one; of broken JSON, the first named."""
        for match in _EVENT_TYPE.finditer(self.payload):
            name = match[1].decode()
            if name in EVENT_TYPES:
                return name
        return None


def read_refused(root: str, codes: tuple[str, ...] = ()) -> Iterator[Refused]:
    """Every message in a quarantine, object by object in the order of their names; only of these codes, if any are given.

    Raises:
        LakeError: the quarantine is not there, or an object of it cannot be read.
    """
    place = open_root(root)
    folders = [f"{FAILED}/reason={code}/" for code in codes] or [f"{FAILED}/"]
    for name in sorted(name for folder in folders for name in objects_below(place, folder)):
        path = f"{place.address}/{name}"
        for number, line in enumerate(read_lines(place, name), start=1):
            try:
                refused = Refused(_decode(line), path)
                _ = refused.payload
            except (msgspec.DecodeError, binascii.Error) as error:
                raise LakeError(f"{path}, line {number} is no quarantined message ({error}): was it edited?") from None
            yield refused


def objects_below(place: Root, folder: str) -> list[str]:
    """Names of the objects below a folder of a quarantine.

    Raises:
        LakeError: the place cannot be listed.
    """
    try:
        found = place.sizes(folder)
    except _unreadable(place) as error:
        raise LakeError(
            f"{place.address} cannot be listed ({_first_line(error)}): check the address and your rights"
        ) from None
    return [name for name in found if name.endswith((".ndjson", ".ndjson.gz"))]


def read_lines(place: Root, name: str) -> Iterator[bytes]:
    """The lines of an object, one at a time.

    Raises:
        LakeError: it cannot be read, or is damaged.
    """
    try:
        raw = io.BytesIO(place.read(name))
        for line in igzip.IGzipFile(fileobj=raw) if name.endswith(".gz") else raw:
            yield line.rstrip(b"\n")
    except (*_unreadable(place), EOFError, zlib.error, igzip.BadGzipFile) as error:
        raise LakeError(f"{place.address}/{name} cannot be read ({_first_line(error)}): is it damaged?") from None


def _unreadable(place: Root) -> tuple[type[Exception], ...]:
    if isinstance(place, FolderRoot):
        return (OSError,)
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    return (OSError, GoogleAPIError, GoogleAuthError)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
