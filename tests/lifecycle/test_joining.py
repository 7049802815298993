"""Objects of ours are joined without decompressing them; everything else through its lines."""

from __future__ import annotations

import gzip

import pytest

from beam_pipeline.chunking import Chunker
from beam_pipeline.objects import gzip_of
from lake_cli.lifecycle.gzip_joining import blocks_from, blocks_of, join, unpacked


def ours(lines: list[bytes], chunk_bytes: int = 1000) -> bytes:
    chunker = Chunker(60_000_000, chunk_bytes)
    found = [chunk for _, chunk in chunker.add("d", lines, [0] * len(lines))]
    return gzip_of([*found, *(chunk for _, chunk in chunker.drain())])


def test_joined_objects_hold_all_lines_in_order_and_can_be_joined_again() -> None:
    texts = [[b"%d of %d\n" % (line, each) for line in range(each)] for each in (1, 500, 3, 2000)]
    joined = join([blocks for text in texts if (blocks := blocks_of(ours(text)))])
    again = join([blocks for each in (joined, ours([b"late\n"])) if (blocks := blocks_of(each))])
    expected = b"".join(line for text in texts for line in text)
    assert gzip.decompress(joined) == expected
    assert gzip.decompress(again) == expected + b"late\n"
    assert b"".join(unpacked(again)) == expected + b"late\n"


def test_deflated_lines_are_blocks_like_ours() -> None:
    lines = [b"a line\n", b"", b"another\n" * 50_000]
    joined = join([blocks_from(lines)])
    assert gzip.decompress(joined) == b"".join(lines)
    assert blocks_of(joined) is not None


@pytest.mark.parametrize(
    "foreign",
    [gzip.compress(b"x\n" * 99), gzip.compress(b"", mtime=0), b"", b"\x1f\x8b", b"plain\n", ours([b"x\n"])[:-1]],
    ids=["another header", "another empty one", "nothing", "a beginning", "plain text", "truncated"],
)
def test_what_others_wrote_is_not_taken_for_ours(foreign: bytes) -> None:
    assert blocks_of(foreign) is None


def test_members_one_after_the_other_are_unpacked() -> None:
    several = gzip.compress(b"one\n") + ours([b"two\n"]) + gzip.compress(b"three\n" * 100_000)
    assert b"".join(unpacked(several)) == b"one\ntwo\n" + b"three\n" * 100_000


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_damage_is_seen(damage: str) -> None:
    whole = ours([b"a line %d\n" % number for number in range(1000)])
    flipped = whole[:200] + bytes([whole[200] ^ 0xFF]) + whole[201:]
    with pytest.raises(ValueError, match=r"cut off|not the gzip object"):
        b"".join(unpacked({"cut": whole[:-20], "flipped": flipped, "empty": b""}[damage]))
