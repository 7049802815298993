"""Objects and manifests from batches, and how elements travel between steps."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.coders import ChunkCoder, ManifestRecordCoder, MessageListCoder
from beam_pipeline.manifest import record_of
from beam_pipeline.objects import pack
from beam_pipeline.writing import WriteManifest, WriteObjects
from tests.pipelines import bounded, messages, routed_chunk
from tests.samples import PUBLISH_MICROS


def test_a_batch_becomes_an_object_and_its_manifest_record(tmp_path: Path) -> None:
    folder = "event_type=page_viewed/year=2026/month=11/day=22"
    roots = {"lake": str(tmp_path / "lake"), "quarantine": str(tmp_path / "quarantine")}
    with bounded() as pipeline:
        records = (
            pipeline
            | beam.Create(
                [((f"lake/{folder}", PUBLISH_MICROS), [routed_chunk(b'{"a":1}\n'), routed_chunk(b'{"b":2}\n')])]
            )
            | beam.ParDo(WriteObjects(roots, "none", 10**9, 10**9))
        )
        assert_that(
            records | beam.MapTuple(lambda key, r: (key, r.root, r.date, r.rows, r.bytes)),
            equal_to([("lake", "lake", "2026-11-22", 2, 16)]),
        )
    (written,) = (tmp_path / "lake" / folder).iterdir()
    assert sorted(written.read_bytes().splitlines()) == [b'{"a":1}', b'{"b":2}']
    assert written.name.startswith("20261122T100000Z-")


def test_records_of_a_window_become_one_manifest_file(tmp_path: Path) -> None:
    (stored,) = pack([routed_chunk(b"{}\n")], PUBLISH_MICROS, "none", 10**9, 10**9)
    destinations = [f"lake/event_type={name}/year=2026/month=11/day=22" for name in ("page_viewed", "ad_clicked")]
    with bounded() as pipeline:
        paths = (
            pipeline
            | beam.Create([(("lake", PUBLISH_MICROS), [record_of(d, stored, PUBLISH_MICROS) for d in destinations])])
            | beam.ParDo(WriteManifest(str(tmp_path)))
        )
        assert_that(paths | beam.Map(lambda path: path.split("/")[:2]), equal_to([["_control", "manifest"]]))
    (written,) = (tmp_path / "_control/manifest/year=2026/month=11/day=22").iterdir()
    assert [json.loads(line)["event_type"] for line in written.read_text().splitlines()] == [
        "ad_clicked",
        "page_viewed",
    ]


@pytest.mark.parametrize(
    ("coder", "value"),
    [
        (MessageListCoder(), messages(3)),
        (ChunkCoder(), routed_chunk(b"{}\n")),
        (
            ManifestRecordCoder(),
            record_of(
                "lake/event_type=x/year=2026/month=01/day=02", next(pack([routed_chunk(b"{}\n")], 0, "none", 9, 9)), 1
            ),
        ),
    ],
    ids=["messages", "chunk", "manifest record"],
)
def test_what_is_encoded_between_steps_comes_back_equal(coder: beam.coders.Coder, value: object) -> None:
    assert coder.decode(coder.encode(value)) == value
    assert coder.estimate_size(value) > 0
    assert coder == type(coder)()
