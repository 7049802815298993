"""Is a message one well-formed JSON object that every reader of the lake understands alike?

msgspec skips what it does not know, and a lake line keeps it: an unknown field that breaks JSON, or a key that comes
twice, would make DuckDB refuse the whole file. So a message that `acceptance` cannot prove is parsed in full.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any, Final

import msgspec

from event_contract.errors import ErrorCode, Rejection, reject
from event_contract.events import RESERVED_FIELD
from event_contract.limits import MAX_MESSAGE_BYTES, MAX_NESTING_DEPTH, MAX_NUMBER_CHARACTERS

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_STEPS: Final = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_NO_BRACKETS: Final = bytes(set(range(256)) - set(_STEPS))
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(payload: bytes) -> dict[str, Any] | Rejection:
    """Parses the whole message: the JSON object it is, or why it is none that can be kept in the lake."""
    if not payload or payload.isspace():
        return reject(ErrorCode.EMPTY_MESSAGE, f"the message holds {len(payload)} bytes, none of them text")
    if len(payload) > MAX_MESSAGE_BYTES:
        return reject(
            ErrorCode.MESSAGE_TOO_LARGE, f"the message holds {len(payload)} bytes; {MAX_MESSAGE_BYTES} are allowed"
        )
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        return reject(ErrorCode.INVALID_UTF8, f"byte 0x{payload[error.start]:02x} at offset {error.start} is not UTF-8")
    if payload.startswith(_BYTE_ORDER_MARK):
        return reject(ErrorCode.INVALID_JSON, "the message starts with a byte order mark (bytes EF BB BF)")
    depth = _nesting_depth(payload)
    if depth > MAX_NESTING_DEPTH:
        return reject(
            ErrorCode.NESTED_TOO_DEEP, f"arrays and objects are nested {depth} deep; {MAX_NESTING_DEPTH} are allowed"
        )
    return _parse(payload, text)


def _parse(payload: bytes, text: str) -> dict[str, Any] | Rejection:
    try:
        document = _DECODER.decode(text)
    except _DuplicateKey as error:
        return reject(ErrorCode.DUPLICATE_KEY, f"key {error.key!r} comes twice in one object", error.key)
    except _UnusableNumber as error:
        return reject(ErrorCode.INVALID_JSON, str(error))
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        return reject(ErrorCode.INVALID_JSON, f"not JSON at byte {offset}: {error.msg}")
    if _SURROGATE_ESCAPE.search(payload):
        try:
            msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return reject(ErrorCode.INVALID_JSON, "a \\u escape is half of a surrogate pair: no character")
    if not isinstance(document, dict):
        return reject(ErrorCode.NOT_AN_OBJECT, f"the message is a JSON {_JSON_NAMES[type(document)]}, not an object")
    if RESERVED_FIELD in document:
        return reject(
            ErrorCode.RESERVED_FIELD,
            f"the key {RESERVED_FIELD!r} is added by the pipeline; send another name",
            RESERVED_FIELD,
        )
    return document


def _nesting_depth(payload: bytes) -> int:
    if payload.count(b"{") + payload.count(b"[") <= MAX_NESTING_DEPTH:
        return 0  # cannot be deeper than it has brackets
    brackets = _STRING.sub(b"", payload).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


class _DuplicateKey(Exception):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


class _UnusableNumber(Exception):
    """A number that JSON's grammar or a 64-bit float has no room for; the text says which."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)
    return document


def _float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise _UnusableNumber(f"the number {literal[:40]} is too large for a 64-bit float")
    return number


def _int(literal: str) -> int:
    if len(literal) > MAX_NUMBER_CHARACTERS:
        raise _UnusableNumber(f"the number {literal[:40]}… has {len(literal)} characters: too large for a 64-bit float")
    return int(literal)


def _constant(literal: str) -> float:
    raise _UnusableNumber(f"{literal} is not JSON: use null, or leave the field out")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
)
_JSON_NAMES: Final = {list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
