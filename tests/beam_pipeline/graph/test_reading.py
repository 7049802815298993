"""Messages from files and from micro-batches."""

import gzip
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.file_input import ReadMessageFiles
from beam_pipeline.microbatch.graph import TakeMicroBatch
from tests.pipelines import (
    bounded,
    messages,
)


def test_files_become_messages_with_file_and_line_as_id(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"one\n\nthree\r\n")
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(b"four\nfive"))
    with bounded() as pipeline:
        found = (
            pipeline
            | ReadMessageFiles(str(tmp_path / "*"))
            | beam.FlatMap(lambda batch: [(m.message_id, m.data) for m in batch])
        )
        assert_that(
            found,
            equal_to(
                [
                    ("a.ndjson:1", b"one"),
                    ("a.ndjson:2", b""),
                    ("a.ndjson:3", b"three\r"),
                    ("b.ndjson.gz:1", b"four"),
                    ("b.ndjson.gz:2", b"five"),
                ]
            ),
        )


def test_a_line_longer_than_any_buffer_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"x" * 3_000_000 + b"\nshort\n")
    with bounded() as pipeline:
        sizes = (
            pipeline
            | ReadMessageFiles(str(tmp_path / "a.ndjson"))
            | beam.FlatMap(lambda batch: [len(m.data) for m in batch])
        )
        assert_that(sizes, equal_to([3_000_000, 5]))


def test_a_micro_batch_is_taken_once() -> None:
    source = TakeMicroBatch("test")
    source.put([messages(3), messages(2, 3)])
    with bounded() as pipeline:
        assert_that(pipeline | source | beam.Map(len), equal_to([3, 2]))
    with pytest.raises(Exception, match="test"), bounded() as pipeline:
        pipeline | source
