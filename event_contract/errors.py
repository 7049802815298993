"""Why a message is refused: the reason codes, and the rejection that carries one."""

from enum import StrEnum
from typing import NamedTuple

from event_contract.limits import MAX_REASON_CHARACTERS


class ErrorCode(StrEnum):
    """One code per way to fail; the code names the quarantine folder (`reason=<code>`), so it never changes."""

    EMPTY_MESSAGE = "empty_message"
    MESSAGE_TOO_LARGE = "message_too_large"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    NESTED_TOO_DEEP = "nested_too_deep"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    AMBIGUOUS_KEY = "ambiguous_key"
    RESERVED_FIELD = "reserved_field"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    INVALID_VALUE = "invalid_value"
    TIMESTAMP_UNPARSABLE = "timestamp_unparsable"
    TIMESTAMP_NAIVE = "timestamp_naive"
    TIMESTAMP_IN_FUTURE = "timestamp_in_future"
    TIMESTAMP_BEFORE_2000 = "timestamp_before_2000"
    INCONSISTENT_TOTAL = "inconsistent_total"
    VALIDATOR_FAILURE = "validator_failure"


DESCRIPTIONS: dict[ErrorCode, str] = {
    ErrorCode.EMPTY_MESSAGE: "The message has no bytes, or only white space.",
    ErrorCode.MESSAGE_TOO_LARGE: "The message is longer than 262,144 bytes.",
    ErrorCode.INVALID_UTF8: "The message is not UTF-8; the reason names the first wrong byte and its offset.",
    ErrorCode.INVALID_JSON: "The message is not JSON (RFC 8259), has a byte order mark, NaN or Infinity, a number too"
    " large for a 64-bit float, or half a surrogate pair; the reason names the byte offset where it is known.",
    ErrorCode.NESTED_TOO_DEEP: "Arrays and objects are nested more than 64 deep.",
    ErrorCode.NOT_AN_OBJECT: "The message is JSON, but not an object.",
    ErrorCode.DUPLICATE_KEY: "An object in the message has the same key twice: readers disagree which one counts.",
    ErrorCode.AMBIGUOUS_KEY: "A key equals one of the contract, or `_ingest`, but for case: readers take both for one column.",
    ErrorCode.RESERVED_FIELD: "The message brings its own `_ingest` key, which belongs to the pipeline.",
    ErrorCode.UNKNOWN_EVENT_TYPE: "No event type of this name is in the contract.",
    ErrorCode.UNKNOWN_SCHEMA_VERSION: "The contract has no such version of the event type.",
    ErrorCode.MISSING_FIELD: "A required field is absent.",
    ErrorCode.WRONG_TYPE: "A field has another JSON type than the contract says.",
    ErrorCode.INVALID_VALUE: "A field has the right type, but a value outside its limits, pattern or list.",
    ErrorCode.TIMESTAMP_UNPARSABLE: "`timestamp` is not RFC 3339 as the contract narrows it"
    " (`YYYY-MM-DDTHH:MM:SS`, up to nine decimals, then `Z` or `±HH:MM`), or no such date exists.",
    ErrorCode.TIMESTAMP_NAIVE: "`timestamp` has no offset from UTC.",
    ErrorCode.TIMESTAMP_IN_FUTURE: "`timestamp` lies more than a day after the publish time.",
    ErrorCode.TIMESTAMP_BEFORE_2000: "`timestamp` lies before the year 2000 (UTC).",
    ErrorCode.INCONSISTENT_TOTAL: "The amounts do not add up to the total, or to the subtotal.",
    ErrorCode.VALIDATOR_FAILURE: "The validator itself failed. The message is kept; please report it as a bug.",
}


class Rejection(NamedTuple):
    """Why one message was refused.

    `message` is for a person: it names the value and the rule. `field` is the path of the field at fault, like
    `items[0].unit_price`, or None where no single field is.
    """

    code: ErrorCode
    message: str
    field: str | None = None


def reject(code: ErrorCode, message: str, field: str | None = None) -> Rejection:
    """A rejection with its explanation cut to a bounded length: part of it may quote the sender."""
    if len(message) > MAX_REASON_CHARACTERS:
        message = message[: MAX_REASON_CHARACTERS - 1] + "…"
    if field is not None and len(field) > MAX_REASON_CHARACTERS:
        field = field[: MAX_REASON_CHARACTERS - 1] + "…"
    return Rejection(code, message, field)
