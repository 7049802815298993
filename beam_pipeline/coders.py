"""How the job's elements and its state are encoded: explicit and stable, so that a running job can be updated in place.

Where Beam finds no coder it pickles, and a pickle names our classes: a release that renames one would pass Dataflow's check of an
update, and then fail on what the running job had kept. What is written here must stay readable by the next release:
`tests/beam_pipeline/unit/test_state_coders.py` holds bytes of the last. Registering coders also spares Beam from pickling
thousands of messages only to estimate their size.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec
from apache_beam.coders import Coder, registry
from apache_beam.io.gcp.pubsub import PubsubMessage

from beam_pipeline.chunking import Chunk
from beam_pipeline.messages import Message
from event_contract import ManifestRecord

_MESSAGE_OVERHEAD_BYTES: Final = 64
_SAMPLE_MESSAGES: Final = 16
_CHUNK_OVERHEAD_BYTES: Final = 32
_RECORD_BYTES: Final = 400
_decode_chunk: Final = msgspec.msgpack.Decoder(tuple[int, int, int, int, int, int, bytes]).decode
_decode_chunks: Final = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_numbers: Final = msgspec.msgpack.Decoder(list[int]).decode
_decode_messages: Final[Callable[[bytes], list[Message]]] = msgspec.msgpack.Decoder(list[Message]).decode
_decode_records: Final = msgspec.json.Decoder(list[ManifestRecord]).decode
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
    """MessagePack of (data, message_id, publish_micros, attributes, ordering_key) per message; the last may be absent."""

    def encode(self, value: list[Message]) -> bytes:
        return msgspec.msgpack.encode([m._replace(attributes=dict(m.attributes)) for m in value])

    def decode(self, encoded: bytes) -> list[Message]:
        return _decode_messages(encoded)

    def estimate_size(self, value: list[Message]) -> int:
        sample = value[:: len(value) // _SAMPLE_MESSAGES + 1]
        mean = sum([len(message.data) for message in sample]) / max(1, len(sample))
        return int(len(value) * (mean + _MESSAGE_OVERHEAD_BYTES))

    def is_deterministic(self) -> bool:
        return False


class ChunkCoder(_ContractCoder):
    """MessagePack of [dictionary, size, rows, first publish time, microseconds from it to the last, CRC-32, packed lines]."""

    def encode(self, value: Chunk) -> bytes:
        packed, size, rows, first, last, crc, dictionary = value
        return msgspec.msgpack.encode((dictionary, size, rows, first, last - first, crc, packed))

    def decode(self, encoded: bytes) -> Chunk:
        dictionary, size, rows, first, span, crc, packed = _decode_chunk(encoded)
        return Chunk(packed, size, rows, first, first + span, crc, dictionary)

    def estimate_size(self, value: Chunk) -> int:
        return _CHUNK_OVERHEAD_BYTES + len(value.packed)

    def is_deterministic(self) -> bool:
        return True


_CHUNK: Final = ChunkCoder()


class ChunkList(list[Chunk]):
    """Type hint of a list of chunks; at run time a plain list serves."""


class ChunkListCoder(_ContractCoder):
    """MessagePack array of chunks, each as `ChunkCoder` has it."""

    def encode(self, value: list[Chunk]) -> bytes:
        return msgspec.msgpack.encode([_CHUNK.encode(chunk) for chunk in value])

    def decode(self, encoded: bytes) -> list[Chunk]:
        return [_CHUNK.decode(chunk) for chunk in _decode_chunks(encoded)]

    def estimate_size(self, value: list[Chunk]) -> int:
        return sum([_CHUNK_OVERHEAD_BYTES + len(chunk.packed) for chunk in value])

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


class RecordList(list[ManifestRecord]):
    """Type hint of a list of manifest records; at run time a plain list serves."""


class RecordListCoder(_ContractCoder):
    """JSON array of records."""

    def encode(self, value: list[ManifestRecord]) -> bytes:
        return msgspec.json.encode(list(value))

    def decode(self, encoded: bytes) -> list[ManifestRecord]:
        return _decode_records(encoded)

    def estimate_size(self, value: list[ManifestRecord]) -> int:
        return _RECORD_BYTES * len(value)

    def is_deterministic(self) -> bool:
        return True


class PubsubMessageCoder(_ContractCoder):
    """A received message as Pub/Sub's own protocol buffer."""

    def encode(self, value: PubsubMessage) -> bytes:
        return value._to_proto_str()  # it has no public name

    def decode(self, encoded: bytes) -> PubsubMessage:
        return PubsubMessage._from_proto_str(encoded)

    def is_deterministic(self) -> bool:
        return False


class NumbersCoder(_ContractCoder):
    """A named tuple of integers, `made`, as a MessagePack array: a subclass for each kind.

    A release may add fields with defaults at the end, and reads what an older one wrote; it never removes or reorders any. Fields
    that a newer release added are dropped, so that one can go back.
    """

    made: ClassVar[Any]

    def encode(self, value: tuple[int, ...]) -> bytes:
        return msgspec.msgpack.encode(tuple(value))

    def decode(self, encoded: bytes) -> Any:
        return self.made(*self.numbers(encoded)[: len(self.made._fields)])

    def numbers(self, encoded: bytes) -> list[int]:
        """The integers, however many there are."""
        return _decode_numbers(encoded)

    def is_deterministic(self) -> bool:
        return True


registry.register_coder(PubsubMessage, PubsubMessageCoder)
registry.register_coder(ChunkList, ChunkListCoder)
registry.register_coder(RecordList, RecordListCoder)
registry.register_coder(MessageList, MessageListCoder)
registry.register_coder(Chunk, ChunkCoder)
registry.register_coder(ManifestRecord, ManifestRecordCoder)
