"""The audit finds what is missing, what is repeated, and what the manifest does not know."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from lake_cli.errors import LakeError
from lake_cli.local.demo.audit import Audit, audit
from lake_cli.places import Places

PAGES = "event_type=page_viewed/year=2026/month=11/day=20/w-1.ndjson.gz"
REFUSED = "failed/reason=invalid_json/year=2026/month=11/day=22/w-1.ndjson"


def demo(
    folder: Path, lake: list[str], quarantine: list[str], published: int, listed: tuple[int, int] | None = None
) -> Places:
    """A demo's folder: the message ids in lake and quarantine, and the rows that the manifest lists of each."""
    places = Places(folder)
    codes: list[str | None] = [None] * (published - len(quarantine)) + ["invalid_json"] * len(quarantine)
    write(places.truth, [sent(number, code) for number, code in enumerate(codes)])
    write(places.lake / PAGES, [{"page_path": "/", "_ingest": {"message_id": one}} for one in lake])
    write(places.quarantine / REFUSED, [{"code": "invalid_json", "message_id": one} for one in quarantine])
    in_lake, in_quarantine = listed or (len(lake), len(quarantine))
    in_manifest = [
        _record("lake", PAGES, in_lake, event_type="page_viewed"),
        _record("quarantine", REFUSED, in_quarantine, reason="invalid_json"),
    ]
    # A batch that was repeated recorded its objects again.
    write(places.lake / "_control/manifest/year=2026/month=11/day=22/w-1.ndjson", in_manifest)
    write(places.lake / "_control/manifest/year=2026/month=11/day=22/w-2.ndjson", in_manifest[:1])
    return places


def _record(
    root: str, path: str, rows: int, event_type: str | None = None, reason: str | None = None
) -> dict[str, object]:
    times = dict.fromkeys(("min_publish_time", "max_publish_time", "written_at"), "2026-11-22T10:00:00.000000Z")
    kind = {"event_type": event_type, "reason": reason}
    return {"root": root, "path": path, "date": "2026-11-22", "rows": rows, "bytes": 100, **kind, **times}


def sent(sequence: int, code: str | None) -> dict[str, object]:
    return {
        "sequence": sequence,
        "id": f"event-{sequence}",
        "kind": "truncated" if code else "valid",
        "expected_code": code,
        "sha256": "00",
        "event_type": "page_viewed",
        "date": "2026-11-20",
    }


def write(file: Path, records: Sequence[object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def ids(count: int, prefix: str = "m") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def look(places: Places) -> Audit:
    return audit(places, lambda _files: None)


def test_every_message_in_one_of_the_two_holds(tmp_path: Path) -> None:
    found = look(demo(tmp_path, ids(8), ids(2, "q"), published=10))
    assert found.holds
    assert found.reasons == []
    assert found.equation == "published 10 = lake 8 + quarantine 2"
    assert found.published_by_kind == {"valid": 8, "damaged": 2}
    assert (found.published, found.lake.messages, found.quarantine.messages) == (10, 8, 2)
    assert found.manifest.rows_by_type == {"page_viewed": 8}
    assert found.manifest.lake_objects == 1, "an object recorded twice is one object"


def test_a_message_delivered_twice_counts_once(tmp_path: Path) -> None:
    found = look(demo(tmp_path, [*ids(8), "m0"], ids(2, "q"), published=10))
    assert found.holds
    assert found.repeated_lines == 1


@pytest.mark.parametrize(("published", "words"), [(12, "2 messages are missing"), (9, "1 messages too many")])
def test_a_message_missing_or_too_many_is_said(tmp_path: Path, published: int, words: str) -> None:
    found = look(demo(tmp_path, ids(8), ids(2, "q"), published=published))
    assert not found.holds
    assert found.reasons == [words]
    assert f"published {published} ≠ lake 8" in found.equation


def test_a_repetition_does_not_make_up_for_a_loss(tmp_path: Path) -> None:
    found = look(demo(tmp_path, [*ids(7), "m0"], ids(2, "q"), published=10))
    assert not found.holds
    assert found.reasons == ["1 messages are missing"]


def test_a_manifest_that_misses_lines_is_said(tmp_path: Path) -> None:
    found = look(demo(tmp_path, ids(8), ids(2, "q"), published=10, listed=(7, 2)))
    assert not found.holds
    assert found.reasons == ["the manifest lists 7 lines in the lake, there are 8"]


def test_a_message_refused_for_another_reason_than_the_one_meant_is_said(tmp_path: Path) -> None:
    places = demo(tmp_path, ids(8), ids(2, "q"), published=10)
    write(places.truth, [sent(n, "invalid_utf8" if n > 7 else None) for n in range(10)])
    assert look(places).reasons == [
        "0 messages were sent to be refused as invalid_json, 2 were",
        "2 messages were sent to be refused as invalid_utf8, 0 were",
    ]


def test_a_cut_object_is_named(tmp_path: Path) -> None:
    places = demo(tmp_path, ids(8), ids(2, "q"), published=10)
    file = places.lake / PAGES
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(LakeError, match=rf"{file} is damaged"):
        look(places)


def test_a_line_of_something_else_is_named(tmp_path: Path) -> None:
    places = demo(tmp_path, ids(8), ids(2, "q"), published=10)
    with (places.quarantine / REFUSED).open("a") as file:
        file.write("half a li\n")
    with pytest.raises(LakeError, match=rf"{places.quarantine / REFUSED}, line 3 is not"):
        look(places)
