"""From lines to chunks to objects: nothing lost, nothing twice, names that depend on content alone."""

import gzip
import random
import zlib

import pytest

from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.manifest import manifest_object, record_of
from beam_pipeline.objects import pack

SECOND = 1_000_000


def lines_of(chunks: list[Chunk]) -> list[bytes]:
    return [line for chunk in chunks for line in chunk.lines().splitlines(keepends=True)]


def test_all_lines_come_back_by_destination_and_window() -> None:
    chunker = Chunker(window_micros=60 * SECOND, chunk_bytes=100)
    rng = random.Random(1)
    sent: dict[tuple[str, int], list[bytes]] = {}
    out: list[tuple[str, Chunk]] = []
    for i in range(500):
        destination, micros = rng.choice(["lake/a", "lake/b", "quarantine/c"]), rng.randrange(200 * SECOND)
        line = b"line %d\n" % i
        sent.setdefault((destination, micros // (60 * SECOND)), []).append(line)
        out += chunker.add(destination, [line], [micros])
    out += chunker.drain()
    assert list(chunker.drain()) == []
    received: dict[tuple[str, int], list[bytes]] = {}
    for destination, chunk in out:
        window = chunk.first_publish_micros // (60 * SECOND)
        assert chunk.last_publish_micros // (60 * SECOND) == window, "a chunk spans two windows"
        assert chunk.rows == chunk.lines().count(b"\n")
        assert chunk.size == len(chunk.lines())
        received.setdefault((destination, window), []).extend(lines_of([chunk]))
    assert received == sent


def test_a_full_chunk_is_given_back_at_once() -> None:
    chunker = Chunker(SECOND, chunk_bytes=10)
    assert list(chunker.add("d", [b"12345\n"], [5])) == []
    ((_, full),) = chunker.add("d", [b"67890\n"], [3])
    assert full.lines() == b"12345\n67890\n"
    assert (full.first_publish_micros, full.last_publish_micros) == (3, 5)


def test_many_lines_at_once_fill_chunks_as_one_by_one() -> None:
    lines, micros = [b"line %2d\n" % i for i in range(30)], [i * SECOND // 10 for i in range(30)]
    together, single = Chunker(SECOND, chunk_bytes=24), Chunker(SECOND, chunk_bytes=24)
    at_once = [*together.add("d", lines, micros), *together.drain()]
    one_by_one = [full for line, at in zip(lines, micros, strict=True) for full in single.add("d", [line], [at])]
    assert at_once == [*one_by_one, *single.drain()]
    assert [chunk.rows for _, chunk in at_once].count(3) == 9
    assert sorted(lines_of([chunk for _, chunk in at_once])) == lines


def test_many_small_chunks_are_drained_before_they_fill_memory() -> None:
    chunker = Chunker(SECOND, max_open_bytes=1000)
    for i in range(200):
        assert list(chunker.add(f"destination {i}", [b"123456\n"], [0])) == []
    assert chunker.is_over_limit
    assert len(list(chunker.drain())) == 200
    assert not chunker.is_over_limit


def chunk(content: bytes, micros: int = 0) -> Chunk:
    chunker = Chunker(SECOND)
    lines = content.splitlines(keepends=True)
    assert list(chunker.add("d", lines, [micros] * len(lines))) == []
    ((_, made),) = chunker.drain()
    return made


CHUNKS = [chunk(b"line %d\n" % i * 10, micros=i) for i in range(20)]


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_the_same_chunks_in_any_order_become_the_same_objects(compression: str) -> None:
    first = list(pack(CHUNKS, 0, compression, 300, 1000))
    shuffled = random.Random(2).sample(CHUNKS, len(CHUNKS))
    assert list(pack(shuffled, 0, compression, 300, 1000)) == first
    assert len({stored.name for stored in first}) == len(first)


@pytest.mark.parametrize(("max_bytes", "max_rows"), [(300, 10**9), (10**9, 30), (1, 1), (10**9, 10**9)])
def test_objects_keep_their_limits_and_lose_nothing(max_bytes: int, max_rows: int) -> None:
    objects = list(pack(CHUNKS, 0, "none", max_bytes, max_rows))
    for stored in objects:
        single = stored.rows == 10
        assert single or (len(stored.data) <= max_bytes and stored.rows <= max_rows)
        assert stored.rows == stored.data.count(b"\n")
    together = b"".join(stored.data for stored in objects)
    assert sorted(together.splitlines()) == sorted(b"".join(c.lines() for c in CHUNKS).splitlines())


def test_a_name_is_the_window_and_a_hash_of_the_content() -> None:
    window = 1_795_341_600 * SECOND
    (plain,) = pack(CHUNKS[:2], window, "none", 10**9, 10**9)
    (packed,) = pack(CHUNKS[:2], window, "gzip", 10**9, 10**9)
    (other,) = pack(CHUNKS[:3], window, "none", 10**9, 10**9)
    assert plain.name.startswith("20261122T100000Z-")
    assert plain.name.endswith(".ndjson")
    assert packed.name == plain.name + ".gz"
    assert other.name != plain.name
    assert gzip.decompress(packed.data) == plain.data


def test_an_object_is_one_gzip_member_that_carries_no_time_of_day() -> None:
    (stored,) = pack(CHUNKS, 0, "gzip", 10**9, 10**9)
    assert stored.data[4:8] == b"\0\0\0\0", "the header carries a time of day"
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert sorted(reader.decompress(stored.data).splitlines()) == sorted(
        line for c in CHUNKS for line in c.lines().splitlines()
    )
    assert reader.eof, "the checksum or the length at the end is wrong"
    assert reader.unused_data == b"", "readers that stop after the first member would lose the rest"


def test_a_chunk_that_was_damaged_says_so() -> None:
    whole = CHUNKS[0]
    damaged = whole._replace(crc=whole.crc ^ 1)
    with pytest.raises(ValueError, match="damaged"):
        damaged.lines()


def test_the_manifest_says_what_was_stored_and_is_named_by_it() -> None:
    (stored,) = pack(CHUNKS[:3], 0, "gzip", 10**9, 10**9)
    lake = record_of("lake/event_type=page_viewed/year=2026/month=11/day=22", stored, 5 * SECOND)
    failed = record_of("quarantine/failed/reason=invalid_json/year=2026/month=11/day=23", stored, 5 * SECOND)
    assert (lake.root, lake.event_type, lake.reason, lake.date) == ("lake", "page_viewed", None, "2026-11-22")
    assert (failed.root, failed.event_type, failed.reason, failed.date) == (
        "quarantine",
        None,
        "invalid_json",
        "2026-11-23",
    )
    assert lake.path == f"event_type=page_viewed/year=2026/month=11/day=22/{stored.name}"
    assert (lake.rows, lake.bytes) == (30, len(stored.data))
    path, content = manifest_object([lake, failed], 0)
    assert manifest_object([failed, lake], 0) == (path, content)
    later = record_of("lake/event_type=page_viewed/year=2026/month=11/day=22", stored, 9 * SECOND)
    assert manifest_object([later, failed], 0)[0] == path, "a retry must overwrite its manifest"
    assert content.count(b"\n") == 2
