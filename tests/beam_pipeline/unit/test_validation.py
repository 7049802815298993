"""The DoFn that validates, routes and chunks, called as a runner calls it."""

import pytest
from apache_beam.pvalue import TaggedOutput

from beam_pipeline import counters
from beam_pipeline.chunking import CHUNK_BYTES
from beam_pipeline.messages import Message
from beam_pipeline.validation import BYTES_AT_ONCE, MESSAGES_AT_ONCE, ValidateRouteChunk
from tests.samples import PUBLISH_MICROS, event, payload

GOOD = payload(event())


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
