"""Messages that are no JSON object at all: cut off, wrongly encoded, wrapped up, empty."""

import json
from random import Random
from typing import Final

from event_contract import MAX_MESSAGE_BYTES, ErrorCode
from producer.poison.kinds import Fields, PoisonKind, encode


def _empty(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - nothing is left of the event
    return b""


def _blank(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - nothing is left of the event
    return b" " * rng.randrange(1, 20)


def _too_large(event: Fields, rng: Random) -> bytes:
    return encode(event | {"screenshot": "A" * (MAX_MESSAGE_BYTES + rng.randrange(1000))})


def _latin_1(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event | {"campaign_name": "@"}).replace(b'"@"', b'"Soldes d\xe9t\xe9"')


def _utf_16(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return json.dumps(event).encode("utf-16")  # escaped to ASCII: no character brings a 0x0A byte


def _truncated(event: Fields, rng: Random) -> bytes:
    whole = encode(event)
    cut = whole[: rng.randrange(20, len(whole) - 1)]
    return cut.decode(errors="ignore").encode()  # a cut within a character would be another fault


def _byte_order_mark(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return b"\xef\xbb\xbf" + encode(event)


def _python_literal(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return repr(event).encode()


def _not_a_number(event: Fields, rng: Random) -> bytes:
    return encode(event)[:-1] + rng.choice((b',"load_ms":NaN}', b',"load_ms":-Infinity}'))


def _endless_number(event: Fields, rng: Random) -> bytes:
    return encode(event)[:-1] + b',"load_ms":' + b"9" * rng.randrange(310, 1000) + b"}"


def _half_a_surrogate_pair(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event)[:-1] + b',"search_terms":"sneakers \\ud83d"}'


def _trailing_comma(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event)[:-1] + b",}"


def _two_events(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event) * 2


def _matryoshka(event: Fields, rng: Random) -> bytes:
    depth = rng.randrange(65, 300)
    return encode(event)[:-1] + b',"context":' + b'{"in":' * depth + b"1" + b"}" * depth + b"}"


def _array(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode([event])


def _encoded_twice(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(encode(event).decode())


def _null(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - nothing is left of the event
    return b"null"


def _repeated_key(event: Fields, rng: Random) -> bytes:
    key = rng.choice(("event_id", "timestamp", "session_id"))
    return encode(event)[:-1] + b"," + encode({key: event[key]})[1:]


def _reserved_key(event: Fields, rng: Random) -> bytes:  # noqa: ARG001 - made without chance
    return encode(event | {"_ingest": {"message_id": "1", "publish_time": "2001-01-01T00:00:00Z"}})


BROKEN_BYTES: Final = (
    PoisonKind("empty", ErrorCode.EMPTY_MESSAGE, _empty),
    PoisonKind("blank", ErrorCode.EMPTY_MESSAGE, _blank),
    PoisonKind("too_large", ErrorCode.MESSAGE_TOO_LARGE, _too_large, every=20),
    PoisonKind("latin_1", ErrorCode.INVALID_UTF8, _latin_1),
    PoisonKind("utf_16", ErrorCode.INVALID_UTF8, _utf_16),
    PoisonKind("truncated", ErrorCode.INVALID_JSON, _truncated),
    PoisonKind("byte_order_mark", ErrorCode.INVALID_JSON, _byte_order_mark),
    PoisonKind("python_literal", ErrorCode.INVALID_JSON, _python_literal),
    PoisonKind("not_a_number", ErrorCode.INVALID_JSON, _not_a_number),
    PoisonKind("endless_number", ErrorCode.INVALID_JSON, _endless_number),
    PoisonKind("half_a_surrogate_pair", ErrorCode.INVALID_JSON, _half_a_surrogate_pair),
    PoisonKind("trailing_comma", ErrorCode.INVALID_JSON, _trailing_comma),
    PoisonKind("two_events", ErrorCode.INVALID_JSON, _two_events),
    PoisonKind("matryoshka", ErrorCode.NESTED_TOO_DEEP, _matryoshka),
    PoisonKind("array", ErrorCode.NOT_AN_OBJECT, _array),
    PoisonKind("encoded_twice", ErrorCode.NOT_AN_OBJECT, _encoded_twice),
    PoisonKind("null", ErrorCode.NOT_AN_OBJECT, _null),
    PoisonKind("repeated_key", ErrorCode.DUPLICATE_KEY, _repeated_key),
    PoisonKind("reserved_key", ErrorCode.RESERVED_FIELD, _reserved_key),
)
