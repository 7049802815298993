"""The DoFn that validates, routes and chunks, called as a runner calls it."""

import base64
import gzip
import json

import pytest
from apache_beam.pvalue import TaggedOutput

from beam_pipeline import counters
from beam_pipeline.chunking import CHUNK_BYTES
from beam_pipeline.messages import Message
from beam_pipeline.validation import BYTES_AT_ONCE, MESSAGES_AT_ONCE, ValidateRouteChunk
from tests.samples import PUBLISH_MICROS, event, payload

GOOD = payload(event())
PACKED = gzip.compress(GOOD)
BOMB = gzip.compress(b" " * (32 << 20), 1)
GZIP = {"content-encoding": "gzip"}


def started(monkeypatch: pytest.MonkeyPatch) -> ValidateRouteChunk:
    monkeypatch.setattr(counters, "count", lambda *_: None)
    dofn = ValidateRouteChunk(600, "test")
    dofn.start_bundle()
    return dofn


def test_messages_that_come_one_by_one_share_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    dofn = started(monkeypatch)
    early = [
        output
        for number in range(MESSAGES_AT_ONCE + 5)
        for output in dofn.process([Message(GOOD, str(number), PUBLISH_MICROS + number)])
    ]
    (full,) = early
    assert full.value[1].size >= CHUNK_BYTES, "a full chunk leaves before the bundle ends"
    (last,) = dofn.finish_bundle()
    assert full.value[1].rows + last.value[1].rows == MESSAGES_AT_ONCE + 5
    assert last.value[1].last_publish_micros == PUBLISH_MICROS + MESSAGES_AT_ONCE + 4
    assert list(dofn.finish_bundle()) == [], "nothing is given back twice"


def test_long_messages_do_not_pile_up_until_the_bundle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    dofn = started(monkeypatch)
    assert list(dofn.process([Message(b"x" * (BYTES_AT_ONCE // 2), "1", PUBLISH_MICROS)])) == []
    outputs = list(dofn.process([Message(b"x" * (BYTES_AT_ONCE // 2), "2", PUBLISH_MICROS)]))
    assert [type(output) for output in outputs] == [TaggedOutput, TaggedOutput]
    assert list(dofn.finish_bundle()) == []


def routed(monkeypatch: pytest.MonkeyPatch, data: bytes, attributes: dict[str, str]) -> bytes | dict:
    """The line of a message in the lake, or its envelope in quarantine."""
    dofn = started(monkeypatch)
    assert list(dofn.process([Message(data, "1", PUBLISH_MICROS, attributes)])) == []
    (output,) = dofn.finish_bundle()
    if isinstance(output, TaggedOutput):
        return json.loads(output.value.value[1].lines())
    return output.value[1].lines()


@pytest.mark.parametrize("packed", [PACKED, gzip.compress(GOOD[:100]) + gzip.compress(GOOD[100:])])
def test_a_payload_that_says_it_is_gzip_reaches_the_lake_as_the_event_that_it_holds(
    monkeypatch: pytest.MonkeyPatch, packed: bytes
) -> None:
    line = routed(monkeypatch, packed, {"Content-Encoding": "GZIP"})
    assert isinstance(line, bytes)
    assert line.startswith(GOOD[:-1])
    assert routed(monkeypatch, GOOD, GZIP) == line, "an attribute that a proxy left behind hurts nobody"


@pytest.mark.parametrize(
    ("data", "attributes", "code", "reason"),
    [
        (PACKED, {}, "invalid_utf8", "no attribute content-encoding=gzip says so"),
        (PACKED, {"content-encoding": "br"}, "invalid_utf8", "content-encoding is 'br'"),
        (b"\xce\xb2\xff", {"content-encoding": "br"}, "invalid_utf8", "only gzip is decompressed"),
        (PACKED[:-9], GZIP, "invalid_utf8", "damaged gzip (cut off)"),
        (PACKED + b"tail", GZIP, "invalid_utf8", "damaged gzip"),
        (BOMB, GZIP, "message_too_large", "more than 262144 decompressed"),
        (gzip.compress(b"broken"), GZIP, "invalid_json", "not JSON at byte 0"),
    ],
    ids=["silent", "another name", "another kind", "cut off", "tail", "bomb", "no JSON"],
)
def test_what_cannot_be_decompressed_is_named_and_kept_as_it_was_sent(
    monkeypatch: pytest.MonkeyPatch, data: bytes, attributes: dict[str, str], code: str, reason: str
) -> None:
    envelope = routed(monkeypatch, data, attributes)
    assert isinstance(envelope, dict)
    assert envelope["code"] == code
    assert reason in envelope["message"]
    assert base64.b64decode(envelope["payload"]) == data


def test_a_mapped_message_is_an_event_in_the_lake_and_itself_in_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "count", lambda *_: None)
    dofn = ValidateRouteChunk(600, "test", mappings=("cloudevents", "segment"))
    dofn.start_bundle()
    inner = {name: value for name, value in event().items() if name != "event_type"}
    envelope = {"specversion": "1.0", "type": "page_viewed", "source": "/web", "id": "1", "time": inner["timestamp"]}
    good, poison = payload({**envelope, "data": inner}), payload({**envelope, "data": {**inner, "device": "fridge"}})
    packed = Message(gzip.compress(good), "3", PUBLISH_MICROS, GZIP)
    messages = [Message(good, "1", PUBLISH_MICROS), Message(poison, "2", PUBLISH_MICROS), packed]
    assert list(dofn.process(messages)) == []
    outputs = [each.value if isinstance(each, TaggedOutput) else each for each in dofn.finish_bundle()]
    lines = {routed.value[0].partition("/")[0]: routed.value[1].lines().splitlines() for routed in outputs}
    assert [json.loads(line)["event_type"] for line in lines["lake"]] == ["page_viewed", "page_viewed"]
    (refused,) = (json.loads(line) for line in lines["quarantine"])
    assert base64.b64decode(refused["payload"]) == poison, "a replay sends what was sent"
    assert refused["message"] == '`device` is "fridge"; allowed: desktop, mobile, tablet'
