"""State that a running job holds when it is updated: what the release before wrote must be read by this one.

`state.json` is that: encoded values in hexadecimal, beside what they hold. Lines may be added to it. If a test fails here, do not
renew the file: keep the old form readable.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline.chunking import Chunk, chunk_of
from beam_pipeline.claims import Claims, ClaimsCoder
from beam_pipeline.coders import ChunkCoder, ChunkListCoder, ManifestRecordCoder, RecordListCoder
from beam_pipeline.collecting import OpenBatch, OpenBatchCoder
from beam_pipeline.dictionary import DICTIONARIES, NEWEST
from beam_pipeline.heartbeat import BeatRangeCoder, BeatWatermarkCoder
from beam_pipeline.objects import joined

GOLDEN: dict[str, str] = json.loads(Path(__file__).with_name("state.json").read_text(encoding="utf-8"))
LINES = b'{"event_type":"page_viewed","_ingest":{"message_id":"1"}}\n{"event_type":"page_viewed"}\n'
FIRST, LAST = 1_795_341_600_000_001, 1_795_341_601_000_000


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name])


@pytest.mark.parametrize(("name", "dictionary"), [("chunk", 0), ("chunk with dictionary 1", 1)])
def test_chunks_that_the_last_release_kept_are_read(name: str, dictionary: int) -> None:
    chunk = ChunkCoder().decode(golden(name))
    assert chunk.lines() == LINES
    assert chunk[1:] == (len(LINES), 2, FIRST, LAST, chunk.crc, dictionary)
    (stored,) = joined([chunk])
    assert (stored.lines(), stored.dictionary) == (LINES, 0), "an object never needs a dictionary to be read"


def test_batches_on_their_way_are_read() -> None:
    first, second = ChunkListCoder().decode(golden("batch of chunks"))
    assert first.lines() == second.lines() == LINES
    (record,) = RecordListCoder().decode(golden("batch of records"))
    assert record == ManifestRecordCoder().decode(golden("record"))
    assert (record.root, record.event_type, record.rows) == ("lake", "page_viewed", 2)


@pytest.mark.parametrize(
    ("name", "coder", "value"),
    [
        ("open batch", OpenBatchCoder(), OpenBatch(1000, 20_000, 50, FIRST, 1_795_341_700_000_000)),
        ("claims", ClaimsCoder(), Claims(9, 8, 7, 6, 5, 4, 3)),
        ("beats", BeatRangeCoder(), OffsetRange(119_689_440, 2**40)),
        ("watermark of beats", BeatWatermarkCoder(), Timestamp(micros=FIRST)),
    ],
)
def test_what_is_known_of_batches_claims_and_beats_is_read(name: str, coder: Any, value: Any) -> None:
    assert coder.decode(golden(name)) == value
    assert coder.decode(coder.encode(value)) == value


def test_a_release_may_add_a_field_and_be_taken_back() -> None:
    assert ClaimsCoder().decode(ClaimsCoder().encode((*range(9),))) == Claims(*range(7)), "fields of a later release"
    assert ClaimsCoder().decode(ClaimsCoder().encode((1, 2))) == Claims(1, 2), "an earlier one had fewer"


def test_a_dictionary_that_a_release_has_used_never_changes() -> None:
    assert NEWEST == 1
    assert {number: chunk_of(text, 1, 0, 0).crc for number, text in DICTIONARIES.items()} == {
        1: GOLDEN["crc of dictionary 1"]
    }


def test_a_tiny_chunk_is_a_third_smaller_with_a_dictionary() -> None:
    alone, helped = chunk_of(LINES, 2, FIRST, LAST), chunk_of(LINES, 2, FIRST, LAST, NEWEST)
    assert len(helped.packed) < len(alone.packed) * 2 / 3
    large = chunk_of(LINES * 200, 400, FIRST, LAST, NEWEST)
    assert large.dictionary == 0, "a large one needs none, and is taken into an object as it is"


def test_a_chunk_of_an_unknown_dictionary_is_not_read_as_something_else() -> None:
    chunk: Chunk = chunk_of(LINES, 2, FIRST, LAST, NEWEST)._replace(dictionary=99)
    with pytest.raises(KeyError):
        chunk.lines()
