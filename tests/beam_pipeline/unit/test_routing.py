"""Where a message goes and the line it becomes."""

import base64
import hashlib
import json

import msgspec
import pytest

from beam_pipeline.coders import MessageListCoder
from beam_pipeline.messages import Message
from beam_pipeline.routing import (
    MAX_QUARANTINED_BYTES,
    lake_destination,
    lake_lines,
    quarantine_destination,
    quarantine_line,
)
from event_contract import ErrorCode, Partition, Rejection, inspect
from event_contract.ledgers import arrived_in_lake
from tests.samples import PUBLISH_MICROS, event, payload


def message(data: bytes, message_id: str = "17", **attributes: str) -> Message:
    return Message(data, message_id, PUBLISH_MICROS + 123, attributes)


def lake_line(data: bytes, **given: str) -> bytes:
    (line,) = lake_lines([message(data, **given)])
    return line


@pytest.mark.parametrize(
    "data",
    [
        payload(event("order_completed")),
        json.dumps(event(), indent=2).encode(),
        json.dumps(event(), indent=2).replace("\n", "\r\n").encode() + b"\r\n ",
        payload(event("user_registered", extra="\u2028 and \u0085")),
    ],
    ids=["compact", "pretty-printed", "pretty-printed with CR", "exotic line separators"],
)
def test_a_lake_line_is_the_message_on_one_line_plus_where_it_came_from(data: bytes) -> None:
    line = lake_line(data)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    found = json.loads(line)
    assert found.pop("_ingest") == {"message_id": "17", "publish_time": "2026-11-22T10:00:00.000123Z"}
    assert found == json.loads(data)


def test_a_compact_message_is_kept_byte_for_byte() -> None:
    data = payload(event("user_registered"))
    assert lake_line(data).startswith(data[:-1])


def test_a_message_id_cannot_break_out_of_its_string() -> None:
    line = lake_line(payload(event()), message_id='a","x":"\n')
    assert json.loads(line)["_ingest"]["message_id"] == 'a","x":"\n'


def test_attributes_and_ordering_key_are_kept_when_asked_for() -> None:
    sent = Message(payload(event()), "17", PUBLISH_MICROS, {"b": '"', "_ingest": "x"}, "cart-1")
    (line,) = lake_lines([sent], keep_attributes=True)
    ingest = json.loads(line)["_ingest"]
    assert ingest["attributes"] == [{"key": "_ingest", "value": "x"}, {"key": "b", "value": '"'}]
    assert ingest["ordering_key"] == "cart-1"
    assert arrived_in_lake(line).message_id == "17", "what reads lines finds the pipeline's own key"
    assert lake_lines([sent._replace(attributes={}, ordering_key="")], keep_attributes=True) == lake_lines([sent])


def test_messages_between_steps_keep_all_their_parts_and_those_of_an_older_version_are_read() -> None:
    sent = Message(b"x", "17", 5, {"k": "v"}, "cart-1")
    assert MessageListCoder().decode(MessageListCoder().encode([sent])) == [sent]
    assert MessageListCoder().decode(msgspec.msgpack.encode([sent[:4]])) == [sent._replace(ordering_key="")]


@pytest.mark.parametrize("data", [b"", b"\xff\x00\n", b"not json", b"x" * 300_000])
def test_a_quarantine_line_gives_the_exact_bytes_back(data: bytes) -> None:
    rejection = inspect(data, PUBLISH_MICROS)
    assert isinstance(rejection, Rejection)
    line = quarantine_line(message(data, event_type="page_viewed", a="1"), rejection, "1.2.3")
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert base64.b64decode(found["payload"]) == data
    assert found["fingerprint"] == hashlib.sha256(data).hexdigest()
    assert found["attributes"] == [{"key": "a", "value": "1"}, {"key": "event_type", "value": "page_viewed"}]
    assert found["code"] == rejection.code
    assert found["pipeline_version"] == "1.2.3"


def test_a_quarantine_line_is_never_longer_than_its_readers_take() -> None:
    """Even with every attribute that Pub/Sub allows, of characters that JSON escapes to six."""
    data = b"x" * (MAX_QUARANTINED_BYTES + 1)
    attributes = {f"{n:03}" + "k" * 253: "\x01" * 1024 for n in range(100)}
    rejection = inspect(data, PUBLISH_MICROS)
    assert isinstance(rejection, Rejection)
    line = quarantine_line(message(data, **attributes), rejection, "1.2.3")
    assert len(line) < 16 * 1024 * 1024
    found = json.loads(line)
    assert base64.b64decode(found["payload"]) == data[:-1]
    assert found["fingerprint"] == hashlib.sha256(data).hexdigest()
    assert f"{len(data)} bytes" in found["message"]


def test_destinations_are_folders_of_one_of_two_roots() -> None:
    place = inspect(payload(event()), PUBLISH_MICROS)
    assert isinstance(place, Partition)
    assert lake_destination(place) == "lake/event_type=page_viewed/year=2026/month=11/day=22"
    rejection = Rejection(ErrorCode.INVALID_JSON, "why")
    assert (
        quarantine_destination(rejection, PUBLISH_MICROS)
        == "quarantine/failed/reason=invalid_json/year=2026/month=11/day=22"
    )
