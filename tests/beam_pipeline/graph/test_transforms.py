"""Every transform of the graph, on Beam's own test pipelines."""

import base64
import gzip
import json
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.test_stream import TestStream as ElementStream
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows

from beam_pipeline import counters
from beam_pipeline.batching import BatchByKey, PublishTimeWindows
from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.coders import ChunkCoder, ManifestRecordCoder, MessageList, MessageListCoder
from beam_pipeline.file_input import ReadMessageFiles
from beam_pipeline.manifest import record_of
from beam_pipeline.messages import Message
from beam_pipeline.micro_batch import TakeMicroBatch
from beam_pipeline.objects import pack
from beam_pipeline.options import IngestionConfig
from beam_pipeline.pipeline import IngestMessages
from beam_pipeline.validation import ValidateRouteChunk
from beam_pipeline.watermark import AdvanceWatermark, read_watermark
from beam_pipeline.writing import WriteManifest, WriteObjects
from tests.samples import PUBLISH_MICROS, event, payload

MONTH_SECONDS = 32 * 86_400
SECOND = 1_000_000


def bounded() -> BeamPipeline:
    return BeamPipeline(runner=FnApiRunner(), options=PipelineOptions(["--no_save_main_session"]))


def streaming() -> BeamPipeline:
    options = PipelineOptions(["--no_save_main_session"])
    options.view_as(StandardOptions).streaming = True
    return BeamPipeline(runner=BundleBasedDirectRunner(), options=options)


def config(folder: Path, **changes: object) -> IngestionConfig:
    settings: dict = {
        "output_path": str(folder / "lake"),
        "quarantine_path": str(folder / "quarantine"),
        "compression": "gzip",
        "window_seconds": 600,
        "allowed_lateness_seconds": MONTH_SECONDS,
        "max_object_bytes": 64 << 20,
        "max_object_rows": 200_000,
        "max_object_age_seconds": 60,
        "pipeline_version": "test",
    }
    return IngestionConfig(**(settings | changes))


def closing(stream: ElementStream, *instants: int) -> ElementStream:
    """Lets the watermark pass these instants in small steps, then end.

    The local streaming runner drops what a timer flushes into a Reshuffle when the watermark leaps over the timer.
    """
    for instant in instants:
        for step in (-1, 0, 1, 2):
            stream = stream.advance_watermark_to(instant + step).advance_processing_time(1)
    return stream.advance_watermark_to_infinity()


def messages(count: int, first: int = 0, publish_micros: int = PUBLISH_MICROS) -> list[Message]:
    """Messages with ids of their own; every tenth is poison."""
    return [
        Message(
            b"poison %d" % i if i % 10 == 9 else payload(event(event_id=f"00000000-0000-4000-8000-{i:012d}")),
            str(i),
            publish_micros,
        )
        for i in range(first, first + count)
    ]


def stored_ids(folder: Path) -> tuple[list[str], list[str]]:
    """Message ids of all lines in the lake and in quarantine."""
    lake = [
        json.loads(line)["_ingest"]["message_id"] for line in lines_below(folder / "lake" / "event_type=page_viewed")
    ]
    quarantine = [json.loads(line)["message_id"] for line in lines_below(folder / "quarantine" / "failed")]
    return sorted(lake, key=int), sorted(quarantine, key=int)


def lines_below(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.rglob("*.gz")) for line in gzip.decompress(path.read_bytes()).splitlines()]


def expected_ids(count: int) -> tuple[list[str], list[str]]:
    return [str(i) for i in range(count) if i % 10 != 9], [str(i) for i in range(count) if i % 10 == 9]


def unpack(routed: tuple[str, Chunk]) -> tuple[str, int]:
    return routed[0], routed[1].rows


class TestValidateRouteChunk:
    def test_valid_events_and_the_others_leave_by_their_own_outputs(self) -> None:
        with bounded() as pipeline:
            outputs = (
                pipeline
                | beam.Create([messages(100)]).with_output_types(MessageList)
                | beam.ParDo(ValidateRouteChunk(600, "test")).with_outputs(
                    ValidateRouteChunk.QUARANTINED, main=ValidateRouteChunk.VALID
                )
            )
            day = "year=2026/month=11/day=22"
            assert_that(
                outputs[ValidateRouteChunk.VALID] | "valid" >> beam.Map(unpack),
                equal_to([(f"lake/event_type=page_viewed/{day}", 90)]),
                "lake",
            )
            assert_that(
                outputs[ValidateRouteChunk.QUARANTINED] | "failed" >> beam.Map(unpack),
                equal_to([(f"quarantine/failed/reason=invalid_json/{day}", 10)]),
                "quarantine",
            )

    def test_it_counts_what_it_read_accepted_and_refused(self) -> None:
        pipeline = bounded()
        (
            pipeline
            | beam.Create([messages(50), messages(50, 50)]).with_output_types(MessageList)
            | beam.ParDo(ValidateRouteChunk(600, "test"))
        )
        result = pipeline.run()
        assert counters.totals(result.metrics()) == {
            "messages_read": 100,
            "events_valid_page_viewed": 90,
            "events_quarantined_invalid_json": 10,
        }

    def test_chunks_carry_the_earliest_publish_time_so_that_they_fall_into_its_window(self) -> None:
        late = messages(1, publish_micros=PUBLISH_MICROS + 599 * SECOND)
        with bounded() as pipeline:
            windows = (
                pipeline
                | beam.Create([late + messages(1, 1), messages(1, 2, PUBLISH_MICROS + 600 * SECOND)]).with_output_types(
                    MessageList
                )
                | beam.ParDo(ValidateRouteChunk(600, "test"))
                | beam.WindowInto(FixedWindows(600))
                | beam.Map(lambda routed, w=beam.DoFn.WindowParam: (w.start.micros - PUBLISH_MICROS, routed[1].rows))
            )
            assert_that(windows, equal_to([(0, 2), (600 * SECOND, 1)]))


class TestBatchByKey:
    def test_bounded_input_becomes_one_batch_per_key_and_window(self) -> None:
        with bounded() as pipeline:
            batches = (
                pipeline
                | beam.Create([("a", 1), ("a", 2), ("b", 3)])
                | beam.Map(lambda pair: beam.window.TimestampedValue(pair, PUBLISH_MICROS / SECOND)).with_output_types(
                    tuple[str, int]
                )
                | PublishTimeWindows(600, MONTH_SECONDS)
                | BatchByKey(10, 60)
                | beam.MapTuple(lambda key, batch: (key, batch[0], sorted(batch[1])))
            )
            assert_that(batches, equal_to([("a", PUBLISH_MICROS, [1, 2]), ("b", PUBLISH_MICROS, [3])]))

    def test_unbounded_batches_close_by_count_and_at_the_end_of_the_window(self) -> None:
        stream = closing(
            ElementStream()
            .advance_watermark_to(0)
            .add_elements([beam.window.TimestampedValue(("a", i), 10) for i in range(5)]),
            600,
        )
        with streaming() as pipeline:
            batches = (
                pipeline
                | stream.with_output_types(tuple[str, int])
                | PublishTimeWindows(600, MONTH_SECONDS)
                | BatchByKey(2, 60)
                | beam.MapTuple(lambda key, batch: (key, batch[0], sorted(batch[1])))
            )
            assert_that(batches, equal_to([("a", 0, [0, 1]), ("a", 0, [2, 3]), ("a", 0, [4])]))


def routed_chunk(text: bytes, micros: int = PUBLISH_MICROS) -> Chunk:
    chunker = Chunker(600 * SECOND)
    assert list(chunker.add("d", [text], [micros])) == []
    ((_, chunk),) = chunker.drain()
    return chunk


class TestWriting:
    def test_a_batch_becomes_an_object_and_its_manifest_record(self, tmp_path: Path) -> None:
        folder = "event_type=page_viewed/year=2026/month=11/day=22"
        roots = {"lake": str(tmp_path / "lake"), "quarantine": str(tmp_path / "quarantine")}
        with bounded() as pipeline:
            records = (
                pipeline
                | beam.Create(
                    [(f"lake/{folder}", (PUBLISH_MICROS, [routed_chunk(b'{"a":1}\n'), routed_chunk(b'{"b":2}\n')]))]
                )
                | beam.ParDo(WriteObjects(roots, "none", 10**9, 10**9))
            )
            assert_that(
                records | beam.Map(lambda r: (r.root, r.date, r.rows, r.bytes)),
                equal_to([("lake", "2026-11-22", 2, 16)]),
            )
        (written,) = (tmp_path / "lake" / folder).iterdir()
        assert sorted(written.read_bytes().splitlines()) == [b'{"a":1}', b'{"b":2}']
        assert written.name.startswith("20261122T100000Z-")

    def test_records_of_a_window_become_one_manifest_file(self, tmp_path: Path) -> None:
        (stored,) = pack([routed_chunk(b"{}\n")], PUBLISH_MICROS, "none", 10**9, 10**9)
        destinations = [f"lake/event_type={name}/year=2026/month=11/day=22" for name in ("page_viewed", "ad_clicked")]
        with bounded() as pipeline:
            paths = (
                pipeline
                | beam.Create(
                    [("lake", (PUBLISH_MICROS, [record_of(d, stored, PUBLISH_MICROS) for d in destinations]))]
                )
                | beam.ParDo(WriteManifest(str(tmp_path)))
            )
            assert_that(paths | beam.Map(lambda path: path.split("/")[:2]), equal_to([["_control", "manifest"]]))
        (written,) = (tmp_path / "_control/manifest/year=2026/month=11/day=22").iterdir()
        assert [json.loads(line)["event_type"] for line in written.read_text().splitlines()] == [
            "ad_clicked",
            "page_viewed",
        ]


class TestReading:
    def test_files_become_messages_with_file_and_line_as_id(self, tmp_path: Path) -> None:
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

    def test_a_line_longer_than_any_buffer_is_one_message(self, tmp_path: Path) -> None:
        (tmp_path / "a.ndjson").write_bytes(b"x" * 3_000_000 + b"\nshort\n")
        with bounded() as pipeline:
            sizes = (
                pipeline
                | ReadMessageFiles(str(tmp_path / "a.ndjson"))
                | beam.FlatMap(lambda batch: [len(m.data) for m in batch])
            )
            assert_that(sizes, equal_to([3_000_000, 5]))

    def test_a_micro_batch_is_taken_once(self) -> None:
        source = TakeMicroBatch("test")
        source.put([messages(3), messages(2, 3)])
        with bounded() as pipeline:
            assert_that(pipeline | source | beam.Map(len), equal_to([3, 2]))
        with pytest.raises(Exception, match="test"), bounded() as pipeline:
            pipeline | source


class TestWholeGraph:
    def test_bounded_input_is_conserved(self, tmp_path: Path) -> None:
        with bounded() as pipeline:
            (
                pipeline
                | beam.Create([messages(500), messages(500, 500)]).with_output_types(MessageList)
                | IngestMessages(config(tmp_path))
            )
        assert stored_ids(tmp_path) == expected_ids(1000)

    def test_the_same_input_again_writes_the_same_objects(self, tmp_path: Path) -> None:
        names = []
        for _ in range(2):
            with bounded() as pipeline:
                (
                    pipeline
                    | beam.Create([messages(100)]).with_output_types(MessageList)
                    | IngestMessages(config(tmp_path))
                )
            names.append({str(p): p.read_bytes() for p in tmp_path.rglob("*.ndjson*") if "_control" not in str(p)})
        assert names[0] == names[1]
        assert stored_ids(tmp_path) == expected_ids(100)

    def test_the_manifest_names_every_object_and_counts_its_rows(self, tmp_path: Path) -> None:
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
            str(p.relative_to(tmp_path)): len(gzip.decompress(p.read_bytes()).splitlines())
            for p in tmp_path.rglob("*.gz")
        }
        assert recorded == present

    def test_the_payload_comes_back_from_quarantine_byte_for_byte(self, tmp_path: Path) -> None:
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
    def test_no_message_is_too_late(self, tmp_path: Path, lateness_seconds: int) -> None:
        published = PUBLISH_MICROS // SECOND
        now = published + lateness_seconds
        stream = closing(
            ElementStream()
            .advance_watermark_to(now)
            .add_elements([beam.window.TimestampedValue(messages(40), published)]),
            now + 10,
            now + 600,
            now + 610,
        )
        with streaming() as pipeline:
            pipeline | stream.with_output_types(MessageList) | IngestMessages(config(tmp_path))
        assert stored_ids(tmp_path) == expected_ids(40)

    def test_old_events_are_never_late_and_land_in_their_own_day(self, tmp_path: Path) -> None:
        old = Message(payload(event(timestamp="2025-11-22T10:00:00Z")), "1", PUBLISH_MICROS)
        published = PUBLISH_MICROS // SECOND
        stream = closing(
            ElementStream()
            .advance_watermark_to(published)
            .add_elements([beam.window.TimestampedValue([old], published)]),
            published + 600,
            published + 610,
        )
        with streaming() as pipeline:
            pipeline | stream.with_output_types(MessageList) | IngestMessages(config(tmp_path))
        assert len(list((tmp_path / "lake/event_type=page_viewed/year=2025/month=11/day=22").iterdir())) == 1


class TestAdvanceWatermark:
    def test_it_follows_the_pipeline_past_ends_of_windows_even_when_nothing_comes(self, tmp_path: Path) -> None:
        start = PUBLISH_MICROS // SECOND
        stream = ElementStream().advance_watermark_to(start)
        for beat in range(0, 1500, 300):
            stream = stream.add_elements([beam.window.TimestampedValue(None, start + beat)])
        stream = stream.advance_watermark_to(start + 600)
        stream = stream.advance_watermark_to(start + 1199).advance_watermark_to_infinity()
        with streaming() as pipeline:
            reached = pipeline | stream | AdvanceWatermark(str(tmp_path), 600)
            ends = [PUBLISH_MICROS + minutes * 60 * SECOND for minutes in (0, 10, 20)]
            assert_that(reached, equal_to(ends))
        assert read_watermark(str(tmp_path)) == ends[-1]


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
