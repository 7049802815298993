"""Refused messages as the ingestion stored them, read from a folder or from gs://."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from isal import igzip

from event_contract import EVENT_TYPES, QuarantinedMessage
from local_platform.errors import LakeError

REPLAY_OF: Final = "replay_of"
"""Attribute of a message that was sent again: the fingerprint of the message that was first refused."""

REPLAY_ATTEMPT: Final = "replay_attempt"
"""Attribute of a message that was sent again: how often it has been, from 1."""

_decode: Final = msgspec.json.Decoder(QuarantinedMessage).decode
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_ATTEMPT: Final = re.compile(r"[1-9][0-9]{0,5}")
_EVENT_TYPE: Final = re.compile(rb'"event_type"\s*:\s*"([a-z_]{1,40})"')
_GLOB: Final = re.compile(r"[\[*?]")


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
    folders = [f"failed/reason={code}" for code in codes] or ["failed"]
    for path in sorted(path for folder in folders for path in objects_below(root, folder)):
        for number, line in enumerate(read_lines(path), start=1):
            try:
                refused = Refused(_decode(line), path)
                _ = refused.payload
            except (msgspec.DecodeError, binascii.Error) as error:
                raise LakeError(f"{path}, line {number} is no refused message ({error}): was it edited?") from None
            yield refused


def objects_below(root: str, folder: str) -> list[str]:
    """Paths of the objects below a folder of a quarantine.

    Raises:
        LakeError: the place cannot be listed.
    """
    pattern = _GLOB.sub(r"[\g<0>]", FileSystems.join(root, folder)) + "/**"
    try:
        found = [match.path for result in FileSystems.match([pattern]) for match in result.metadata_list]
    except (BeamIOError, OSError) as error:
        raise LakeError(f"{root} cannot be listed ({_first_line(error)}): check the address and your rights") from None
    return [path for path in found if path.endswith((".ndjson", ".ndjson.gz"))]


def read_lines(path: str) -> Iterator[bytes]:
    """The lines of an object, one at a time.

    Raises:
        LakeError: it cannot be read, or is damaged.
    """
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
            for line in igzip.IGzipFile(fileobj=raw) if path.endswith(".gz") else raw:
                yield line.rstrip(b"\n")
    except (BeamIOError, OSError, EOFError, zlib.error, igzip.BadGzipFile) as error:
        raise LakeError(f"{path} cannot be read ({_first_line(error)}): is it damaged?") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
