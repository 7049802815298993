"""Any bytes at all, from the micro-batch to the files: conserved, in folders the contract knows, and never in a log."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from event_contract import EVENT_TYPES, ErrorCode
from tests.ingestion.lake_reading import OBJECT_NAME, manifest_records, messages_in, objects_below
from tests.samples import event, payload

_DAY = r"year=\d{4}/month=\d\d/day=\d\d"
KNOWN_PLACE = re.compile(
    rf"lake/event_type=({'|'.join(EVENT_TYPES)})/{_DAY}|quarantine/failed/reason=({'|'.join(ErrorCode)})/{_DAY}"
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)
valid = st.sampled_from(list(EVENT_TYPES)).map(event)
names = st.sampled_from(
    ["event_type", "timestamp", "event_id", "schema_version", "items", "total", "_ingest", "../../etc", "year=1/x"]
)
changed = st.builds(lambda one, name, value: {**one, name: value}, valid, names, documents | st.text())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid event with a few bytes replaced, put in or taken out."""
    data = bytearray(payload(draw(valid)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


bodies = (
    st.binary(max_size=200)
    | damaged()
    | valid.map(payload)
    | changed.map(lambda one: json.dumps(one).encode())
    | documents.map(lambda one: json.dumps(one).encode())
)
batches = st.lists(
    st.tuples(bodies, st.integers(0, 4_000_000_000_000_000), st.dictionaries(st.text(max_size=5), st.text(max_size=5))),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes-to-files")


@pytest.fixture(scope="module")
def graph(folder: Path) -> MicroBatchGraph:
    return MicroBatchGraph(
        IngestionConfig(
            output_path=str(folder / "lake"), quarantine_path=str(folder / "quarantine"), pipeline_version="test"
        )
    )


@settings(
    max_examples=int(os.environ.get("FUZZ_CASES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(batch=batches)
def test_any_messages_are_conserved_in_places_that_the_contract_knows(
    graph: MicroBatchGraph, folder: Path, batch: list[tuple[bytes, int, dict[str, str]]]
) -> None:
    for root in ("lake", "quarantine"):
        shutil.rmtree(folder / root, ignore_errors=True)
    messages = [Message(data, f"id-{n}", micros, attributes) for n, (data, micros, attributes) in enumerate(batch)]
    graph.run([messages])
    lake, quarantine = folder / "lake", folder / "quarantine"
    found = list(messages_in(lake, quarantine))
    assert Counter(one.message_id for one in found) == Counter(message.message_id for message in messages)
    sent = {message.message_id: message.data for message in messages}
    for one in found:
        if one.code is not None:
            assert one.data == sent[one.message_id]
        else:
            assert json.loads(one.data) == json.loads(sent[one.message_id])
    for path in objects_below(lake) + objects_below(quarantine):
        assert OBJECT_NAME.fullmatch(path.name)
        assert KNOWN_PLACE.fullmatch(str(path.relative_to(folder).parent)), path
    assert sum(record["rows"] for record in manifest_records(lake)) == len(messages)
    strays = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".gz", ".ndjson")]
    assert strays == []
