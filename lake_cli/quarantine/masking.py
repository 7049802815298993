"""Payloads for the screen: what may be personal is masked, byte for byte, so that offsets still point right.

What is not personal is known by name: fields that the contract judges so (`NOT_PERSONAL`). Every other value,
those of unknown or misspelt fields included, shows its first character at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from event_contract import EVENT_TYPES
from event_contract.columns import Column, columns_of


def _judgements(columns: Iterable[Column]) -> Iterator[tuple[str, bool]]:
    """Name and whether it is open, of columns and of those inside them."""
    for column in columns:
        yield column.name, column.open
        yield from _judgements(column.fields)


_JUDGED: Final = frozenset(
    pair for kind in EVENT_TYPES.values() for pair in (("event_type", True), *_judgements(columns_of(kind)))
)
OPEN_FIELDS: Final = frozenset(name for name, _ in _JUDGED) - {name for name, is_open in _JUDGED if not is_open}
"""Fields that the contract judges to say nothing about a person, in every type that has them."""

_TOKEN: Final = re.compile(rb'(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<word>[^\s"{}\[\],:]+)', re.DOTALL)
_KEY: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_LITERALS: Final = frozenset({b"true", b"false", b"null"})
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_NESTED: Final = re.compile(r"\{.*|\[(?!\d+\]|\.\.\.\]).*", re.DOTALL)  # not the index of items[0]
_ADDRESS: Final = re.compile(r"[^\s'\"@]+@[^\s'\"@]+")
_HARMLESS: Final = re.compile(r"[a-z0-9_+:.TZ-]{1,40}", re.ASCII)
_BLOT: Final = 0x2A  # *


def masked_payload(payload: bytes) -> bytes:
    """The payload with as many bytes, the values of all but open fields masked; works on broken JSON, too."""
    masked = bytearray(payload)
    key = b""
    for token in _TOKEN.finditer(payload):
        start, end = token.span()
        if token["string"] is not None:
            if payload[end : end + 32].lstrip().startswith(b":"):
                key = token["string"].strip(b'"')
                if not _KEY.fullmatch(key):
                    _blot(masked, start + 1, end - 1)
                continue
            start, end = start + 1, end - (token["string"].endswith(b'"') and len(token["string"]) > 1)
        shown = key.decode("latin-1") in OPEN_FIELDS and b"@" not in token[0]
        if token[0] not in _LITERALS and not shown:
            _blot(masked, start, end)
    return bytes(masked)


def masked_value(key: str | None, value: str) -> str:
    """The text of a value for the screen, whole if its field is an open one."""
    if (key in OPEN_FIELDS and "@" not in value) or not value:
        return value
    return value[0] + "*" * (len(value) - 1)


def masked_reason(reason: str) -> str:
    """A reason, which may quote the sender, without addresses and without quotations that are more than a name or a number."""

    def quoted(match: re.Match[str]) -> str:
        inner = match[0][1:-1]
        return match[0] if _HARMLESS.fullmatch(inner) else f"{match[0][0]}{inner[:1]}***{match[0][-1]}"

    without_values = _NESTED.sub(lambda match: match[0][0] + "***", reason)
    return printable(_QUOTED.sub(quoted, _ADDRESS.sub(lambda match: match[0][:1] + "***", without_values)))


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would act upon or not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _blot(masked: bytearray, start: int, end: int) -> None:
    """All but the first byte, which must be ASCII to stay: others may be part of a character."""
    if start < end and masked[start] < 0x80:
        start += 1
    masked[start:end] = bytes([_BLOT]) * max(0, end - start)
