"""The whole graph: nothing lost, nothing too late, the same objects again."""

import base64
import gzip
import json
from pathlib import Path

import apache_beam as beam
import pytest

from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import IngestMessages
from tests.pipelines import (
    START,
    bounded,
    config,
    ending,
    expected_ids,
    lines_below,
    messages,
    pulled,
    run,
    stored_ids,
    stream,
)
from tests.samples import PUBLISH_MICROS, event, payload


def test_bounded_input_is_conserved(tmp_path: Path) -> None:
    with bounded() as pipeline:
        (
            pipeline
            | beam.Create([messages(500), messages(500, 500)]).with_output_types(MessageList)
            | IngestMessages(config(tmp_path))
        )
    assert stored_ids(tmp_path) == expected_ids(1000)


def test_the_same_input_again_writes_the_same_objects(tmp_path: Path) -> None:
    names = []
    for _ in range(2):
        with bounded() as pipeline:
            (pipeline | beam.Create([messages(100)]).with_output_types(MessageList) | IngestMessages(config(tmp_path)))
        names.append({str(p): p.read_bytes() for p in tmp_path.rglob("*.ndjson*") if "_control" not in str(p)})
    assert names[0] == names[1]
    assert stored_ids(tmp_path) == expected_ids(100)


def test_the_manifest_names_every_object_and_counts_its_rows(tmp_path: Path) -> None:
    with bounded() as pipeline:
        (
            pipeline
            | beam.Create([messages(300)]).with_output_types(MessageList)
            | IngestMessages(config(tmp_path, max_object_rows=50))
        )
    recorded = {}
    for path in (tmp_path / "lake/_control/manifest").rglob("*.ndjson"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            recorded[f"{record['root']}/{record['path']}"] = record["rows"]
    present = {
        str(p.relative_to(tmp_path)): len(gzip.decompress(p.read_bytes()).splitlines()) for p in tmp_path.rglob("*.gz")
    }
    assert recorded == present


def test_the_payload_comes_back_from_quarantine_byte_for_byte(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    with bounded() as pipeline:
        (
            pipeline
            | beam.Create([[Message(data, "1", PUBLISH_MICROS, {"k": "v"})]]).with_output_types(MessageList)
            | IngestMessages(config(tmp_path))
        )
    (line,) = lines_below(tmp_path / "quarantine")
    assert base64.b64decode(json.loads(line)["payload"]) == data


@pytest.mark.parametrize(
    "lateness_seconds", [0, 3600, 7 * 86_400, 30 * 86_400], ids=["on time", "1 h", "1 week", "30 days"]
)
def test_no_message_is_too_late(tmp_path: Path, lateness_seconds: int) -> None:
    begun = stream(starting=START + lateness_seconds)
    run(ending(begun.add_elements([beam.window.TimestampedValue(messages(40), START)])), config(tmp_path))
    assert stored_ids(tmp_path) == expected_ids(40)


def test_old_events_are_never_late_and_land_in_their_own_day(tmp_path: Path) -> None:
    old = Message(payload(event(timestamp="2025-11-22T10:00:00Z")), "1", PUBLISH_MICROS)
    run(ending(pulled(stream(), old)), config(tmp_path))
    assert len(list((tmp_path / "lake/event_type=page_viewed/year=2025/month=11/day=22").iterdir())) == 1
