"""What an event of the shop is: types, limits, partitions and reason codes. Everything else follows from here.

Names are imported on first use: building the decoders takes a tenth of a second, which a command that reads a control file need
not wait for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from event_contract.acceptance import accept
    from event_contract.amounts import minor_units, money
    from event_contract.errors import DESCRIPTIONS, ErrorCode, Rejection
    from event_contract.events import EVENT_TYPES, EVENT_VERSIONS, RESERVED_FIELD, Event
    from event_contract.inspection import decode, inspect, judge
    from event_contract.lake_records import Attribute, ManifestRecord, QuarantinedMessage
    from event_contract.limits import MAX_MESSAGE_BYTES
    from event_contract.partitions import Partition

_MODULES: Final = {
    "acceptance": ("accept",),
    "amounts": ("minor_units", "money"),
    "errors": ("DESCRIPTIONS", "ErrorCode", "Rejection"),
    "events": ("EVENT_TYPES", "EVENT_VERSIONS", "RESERVED_FIELD", "Event"),
    "inspection": ("decode", "inspect", "judge"),
    "lake_records": ("Attribute", "ManifestRecord", "QuarantinedMessage"),
    "limits": ("MAX_MESSAGE_BYTES",),
    "partitions": ("Partition",),
}
_HOME: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DESCRIPTIONS",
    "EVENT_TYPES",
    "EVENT_VERSIONS",
    "MAX_MESSAGE_BYTES",
    "RESERVED_FIELD",
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


def __getattr__(name: str) -> Any:
    """Imports an exported name from its module when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"event_contract.{_HOME[name]}"), name)
    globals()[name] = value
    return value
