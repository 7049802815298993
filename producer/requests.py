"""A publish request, written as bytes of Protocol Buffers' wire format: half of the CPU that message objects take.

    request, data = publish_request("projects/P/topics/T", messages, ledger="")

Field numbers are those of `google.pubsub.v1.PublishRequest` and `PubsubMessage`; the wire format is
https://protobuf.dev/programming-guides/encoding. Fields of length 128 and more have a length of several bytes.
"""

from functools import lru_cache
from typing import Final

from event_contract.ledgers import LEDGER_ATTRIBUTE
from producer.messages import Message

# A field's number, and that bytes follow (wire type 2).
_TOPIC: Final = b"\x0a"
_MESSAGES: Final = b"\x12"
_DATA: Final = b"\x0a"
_ATTRIBUTES: Final = b"\x12"
_KEY: Final = b"\x0a"
_VALUE: Final = b"\x12"


def publish_request(topic: str, messages: list[Message], ledger: str) -> tuple[bytes, dict[str, list[bytes]]]:
    """The request that publishes messages with their attributes, and the messages' bytes by event type.

    Args:
        topic: full name, `projects/P/topics/T`.
        messages: no more than Pub/Sub takes in one request.
        ledger: value of the attribute `ledger`; none if empty.
    """
    parts = [_field(_TOPIC, topic.encode())]
    shared = _attribute(LEDGER_ATTRIBUTE, ledger) if ledger else b""
    types: dict[str, tuple[bytes, list[bytes]]] = {}
    for message in messages:
        data, event_id, event_type = message[:3]
        known = types.get(event_type)
        if known is None:
            known = types[event_type] = _attribute("event_type", event_type) + shared, []
        tail, of_type = known
        of_type.append(data)
        value = event_id.encode()
        entry = _EVENT_ID + _length(len(value)) + value
        body = b"".join((_DATA, _length(len(data)), data, _ATTRIBUTES, _length(len(entry)), entry, tail))
        parts += (_MESSAGES, _length(len(body)), body)
    return b"".join(parts), {event_type: of_type for event_type, (_, of_type) in types.items()}


@lru_cache(4096)
def _length(number: int) -> bytes:
    """As a base 128 varint."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(tag: bytes, value: bytes) -> bytes:
    return tag + _length(len(value)) + value


def _attribute(key: str, value: str) -> bytes:
    return _field(_ATTRIBUTES, _field(_KEY, key.encode()) + _field(_VALUE, value.encode()))


_EVENT_ID: Final = _field(_KEY, b"event_id") + _VALUE
