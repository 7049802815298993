"""What an event of the shop is: types, limits, partitions and error codes. Everything else follows from here."""

from event_contract.acceptance import accept
from event_contract.amounts import minor_units, money
from event_contract.errors import DESCRIPTIONS, ErrorCode, Rejection
from event_contract.events import EVENT_TYPES, RESERVED_FIELD, SCHEMA_VERSIONS, Event
from event_contract.inspection import decode, inspect, judge
from event_contract.lake_records import Attribute, ManifestRecord, QuarantinedMessage
from event_contract.limits import MAX_MESSAGE_BYTES
from event_contract.partitions import Partition

__all__ = [
    "DESCRIPTIONS",
    "EVENT_TYPES",
    "MAX_MESSAGE_BYTES",
    "RESERVED_FIELD",
    "SCHEMA_VERSIONS",
    "Attribute",
    "ErrorCode",
    "Event",
    "ManifestRecord",
    "Partition",
    "QuarantinedMessage",
    "Rejection",
    "accept",
    "decode",
    "inspect",
    "judge",
    "minor_units",
    "money",
]
