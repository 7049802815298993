"""Whose lines are to be erased: ids on the command line, hashes in a receipt; and how they are found in lines.

A line of the lake belongs to a person if its `user_id` or `anonymous_id` is theirs, however it is escaped, or if their id stands
anywhere in it as a word of its own. In quarantine the decoded message is searched in the same way, and what may be broken in it
is searched as text. A receipt keeps hashes only, made with the lake's own salt: ids are compared by their hash, so that an order
to erase can stand without naming whom.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import msgspec

from event_contract import QuarantinedMessage

_WORD: Final = rb"[A-Za-z0-9_-]"
_WORDS: Final = re.compile(_WORD + rb"+")
_IDS: Final = re.compile(rb'"(?:user_id|anonymous_id)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_STRINGS: Final = re.compile(rb'"((?:[^"\\]|\\.){1,400})"', re.DOTALL)
_ESCAPE: Final = b"\\"
_MAX_HASHED: Final = 1 << 16


class _Ids(msgspec.Struct):
    user_id: str | None = None
    anonymous_id: str | None = None


_decode_ids: Final = msgspec.json.Decoder(_Ids).decode
_decode_text: Final = msgspec.json.Decoder(str).decode
_decode_envelope: Final = msgspec.json.Decoder(QuarantinedMessage).decode


def hashed(salt: bytes, value: str) -> str:
    """The hash that a receipt keeps of an id: HMAC-SHA-256 with the lake's salt."""
    return hmac.digest(salt, value.encode(), "sha256").hex()


class Subjects:
    """Persons by their ids (`values`), or by hashes of ids from standing orders (`hashes`)."""

    def __init__(self, salt: bytes, values: Iterable[str] = (), hashes: Iterable[str] = ()) -> None:
        self.values = frozenset(values)
        self.hashes = frozenset(hashes) | {hashed(salt, value) for value in self.values}
        self._by_hash = bool(self.hashes - {hashed(salt, value) for value in self.values})
        self._named = _as_words(self.values)
        self._is_known = lru_cache(_MAX_HASHED)(lambda value: hashed(salt, value) in self.hashes)

    def lines_in_lake(self, text: bytes) -> list[tuple[int, int]]:
        """Where their lines begin and end (line feed included) in an object of the lake, in order."""
        starts = set()
        named = self._named
        if self._by_hash:
            words = {word.decode() for word in set(_WORDS.findall(text))}
            named = _as_words(self.values | {word for word in words if self._is_known(word)})
            for match in _IDS.finditer(text):
                if _ESCAPE not in match[1] and self._is_known(match[1].decode(errors="replace")):
                    starts.add(text.rfind(b"\n", 0, match.start()) + 1)
        if named is not None:
            starts.update(text.rfind(b"\n", 0, match.start()) + 1 for match in named.finditer(text))
        # Keys and values can be escaped: what has an escape is decoded.
        place = text.find(_ESCAPE)
        while place >= 0:
            start, end = text.rfind(b"\n", 0, place) + 1, _end_of_line(text, place)
            if start not in starts and self._decoded(text[start:end]):
                starts.add(start)
            place = text.find(_ESCAPE, end)
        return [(start, _end_of_line(text, start)) for start in sorted(starts)]

    def lines_in_quarantine(self, text: bytes) -> list[tuple[int, int]]:
        """The same for an object of quarantine."""
        found = []
        start = 0
        while start < len(text):
            end = _end_of_line(text, start)
            if any(self._mentioned(each) for each in _texts(text[start:end])):
                found.append((start, end))
            start = end
        return found

    def ids_in(self, line: bytes) -> tuple[set[str], set[str]]:
        """Ids in a line: theirs, and in a line of the lake others that stand beside them."""
        theirs: set[str] = set()
        others: set[str] = set()
        for text in _texts(line):
            theirs.update(word.decode() for word in _WORDS.findall(text) if self._is_known(word.decode()))
            theirs.update(value for value in _strings(text) if self._is_known(value))
        try:
            ids = _decode_ids(line)
            others = {value for value in (ids.user_id, ids.anonymous_id) if value and not self._is_known(value)}
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        return theirs, others

    def _decoded(self, line: bytes) -> bool:
        try:
            ids = _decode_ids(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return any(value is not None and self._is_known(value) for value in (ids.user_id, ids.anonymous_id))

    def _mentioned(self, text: bytes) -> bool:
        if self._named is not None and self._named.search(text):
            return True
        if self._by_hash and any(self._is_known(word.decode()) for word in _WORDS.findall(text)):
            return True
        if not self._by_hash and _ESCAPE not in text:
            return False
        return any(self._is_known(value) for value in _strings(text))


def _as_words(values: Iterable[str]) -> re.Pattern[bytes] | None:
    """Finds values where they are no part of a longer word."""
    alternatives = b"|".join(re.escape(value.encode()) for value in sorted(values))
    return re.compile(rb"(?<![A-Za-z0-9_-])(?:" + alternatives + rb")(?![A-Za-z0-9_-])") if alternatives else None


def _strings(text: bytes) -> Iterator[str]:
    for match in _STRINGS.finditer(text):
        try:
            yield _decode_text(b'"' + match[1] + b'"')
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield match[1].decode(errors="replace")


def _texts(line: bytes) -> Iterator[bytes]:
    """What can be read of a quarantined message: the envelope, its payload, and its payload without zero bytes (UTF-16)."""
    yield line
    try:
        payload = base64.b64decode(_decode_envelope(line).payload)
    except (msgspec.DecodeError, ValueError):
        return
    yield payload
    if b"\0" in payload:
        yield payload.replace(b"\0", b"")


def _end_of_line(text: bytes, place: int) -> int:
    return text.find(b"\n", place) + 1 or len(text)
