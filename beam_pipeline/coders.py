"""How the job's elements are encoded between steps: explicit and stable, so that a running job can be updated in place.

Registering them also spares Beam from pickling thousands of messages only to estimate their size.
"""

import struct
from typing import Final

import msgspec
from apache_beam.coders import Coder, registry

from beam_pipeline.chunking import Chunk
from beam_pipeline.messages import Message
from event_contract import ManifestRecord

_MESSAGE_OVERHEAD_BYTES: Final = 64
_SAMPLE_MESSAGES: Final = 16
_HEADER: Final = struct.Struct(">QQqqI")
_decode_messages: Final = msgspec.msgpack.Decoder(list[tuple[bytes, str, int, dict[str, str]]]).decode
_decode_record: Final = msgspec.json.Decoder(ManifestRecord).decode


class _ContractCoder(Coder):
    """A coder without settings: any two of a class are the same one, which Beam checks across a shuffle."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class MessageList(list[Message]):
    """Type hint of a list of messages; at run time a plain list serves."""


class MessageListCoder(_ContractCoder):
    """MessagePack of (data, message_id, publish_micros, attributes) per message."""

    def encode(self, value: list[Message]) -> bytes:
        return msgspec.msgpack.encode([(m.data, m.message_id, m.publish_micros, dict(m.attributes)) for m in value])

    def decode(self, encoded: bytes) -> list[Message]:
        return [Message(*fields) for fields in _decode_messages(encoded)]

    def estimate_size(self, value: list[Message]) -> int:
        sample = value[:: len(value) // _SAMPLE_MESSAGES + 1]
        mean = sum([len(message.data) for message in sample]) / max(1, len(sample))
        return int(len(value) * (mean + _MESSAGE_OVERHEAD_BYTES))

    def is_deterministic(self) -> bool:
        return False


class ChunkCoder(_ContractCoder):
    """A fixed header (size, rows, first and last publish time: 8 bytes each, CRC-32: 4, big-endian), then the packed lines."""

    def encode(self, value: Chunk) -> bytes:
        packed, *header = value
        return _HEADER.pack(*header) + packed

    def decode(self, encoded: bytes) -> Chunk:
        return Chunk(encoded[_HEADER.size :], *_HEADER.unpack_from(encoded))

    def estimate_size(self, value: Chunk) -> int:
        return _HEADER.size + len(value.packed)

    def is_deterministic(self) -> bool:
        return True


class ManifestRecordCoder(_ContractCoder):
    """The record as the manifest writes it: JSON."""

    def encode(self, value: ManifestRecord) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, encoded: bytes) -> ManifestRecord:
        return _decode_record(encoded)

    def is_deterministic(self) -> bool:
        return True


registry.register_coder(MessageList, MessageListCoder)
registry.register_coder(Chunk, ChunkCoder)
registry.register_coder(ManifestRecord, ManifestRecordCoder)
