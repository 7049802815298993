"""The unbounded graph in bundles as small as Dataflow's: objects a minute, stored bytes, bytes through shuffle and state.

    python -m benchmarks.small_bundles [--rates 100,1000,10000] [--bundles 1,10,500]

The real DoFns and coders, driven bundle by bundle on a simulated clock (`simulated_runner`): Pub/Sub's bundles are validated and
chunked, chunks collected and written, records collected and written. Messages come for as long as a batch may wait, so every
object that is begun counts, and then time goes on until all is written. They are one day's traffic, published at an even rate;
late ones were published a week before they are read. Exits with 1 if a bar is missed. Some five minutes on an idle core, nearly
all of them for 10,000 messages a second.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline import writing
from beam_pipeline.batching import key_by_shard
from beam_pipeline.coders import ChunkCoder, ChunkListCoder, ManifestRecordCoder, RecordListCoder
from beam_pipeline.collecting import Collect, weigh_chunk, weigh_record
from beam_pipeline.config import MESSAGES_PER_FILE_BATCH, IngestionConfig
from beam_pipeline.dictionary import NEWEST
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import manifest_limits, object_limits
from beam_pipeline.validation import ValidateRouteChunk
from beam_pipeline.writing import WriteManifest, WriteObjects
from benchmarks.figures import RESULTS, Bar, finish, progress, table, whole_numbers
from benchmarks.simulated_runner import Keyed, SimulatedCollect
from producer import SimulationConfig, simulate

_SECOND: Final = 1_000_000
_DAY: Final = datetime(2026, 11, 22, tzinfo=UTC)
_PUBLISHED: Final = int(datetime(2026, 11, 23, 1, tzinfo=UTC).timestamp()) * _SECOND
_LATE: Final = 7 * 86_400 * _SECOND
_CONFIG: Final = IngestionConfig(output_path="lake", quarantine_path="quarantine", pipeline_version="benchmark")
_BARRIER_KEY_BYTES: Final = 12
SECONDS: Final = _CONFIG.max_object_age_seconds + 1
"""Of traffic: as long as a batch may wait, for deadlines are whole seconds."""

_LATE_UP_TO: Final = 1_000  # messages/s: more of them would show nothing else and take most of the time

_LARGE: Final = {1_000_000: 30, 10_000_000: 3}


@dataclass(frozen=True)
class Found:
    """What one rate in bundles of one size came to; bytes are an event's mean, but for the largest element's.

    `shuffled`: of chunks on their way to state; `kept`: committed to state and timers; `batched`: of batches on their way through
    the barrier, which `at_least_once` leaves out.
    """

    rate: int
    bundle: int
    late: bool
    objects_a_minute: float
    manifests_a_minute: float
    rows_an_object: float
    stored: float
    shuffled: float
    kept: float
    batched: float
    largest_element: int
    cpu_micros: float

    @property
    def exactly_once(self) -> float:
        return self.shuffled + self.kept + self.batched

    @property
    def at_least_once(self) -> float:
        return self.shuffled + self.kept


class Graph:
    """The steps of the unbounded graph behind the source, and what they have written."""

    def __init__(self) -> None:
        self._chunks = ChunkCoder()
        self._validate = ValidateRouteChunk(_CONFIG.window_seconds, _CONFIG.pipeline_version, dictionary=NEWEST)
        self._objects = SimulatedCollect(Collect(object_limits(_CONFIG), self._chunks, weigh_chunk), self._chunks)
        records = ManifestRecordCoder()
        self._records = SimulatedCollect(Collect(manifest_limits(_CONFIG), records, weigh_record), records)
        self._write = WriteObjects(
            _CONFIG.roots, _CONFIG.compression, _CONFIG.max_object_bytes, _CONFIG.max_object_rows
        )
        self._manifest = WriteManifest(_CONFIG.output_path)
        self.sizes: Counter[str] = Counter()
        self.rows = self.stored = self.batched = self.largest = 0

    def bundle(self, messages: Sequence[Message], now: int) -> None:
        """One bundle from Pub/Sub, each message an element."""
        self.until(now)
        self._validate.start_bundle()
        routed = [one for message in messages for one in self._validate.process([message])]
        routed += self._validate.finish_bundle()
        for batch in self._objects.bundle(map(_keyed, routed), now):
            self._written(batch, now)

    def until(self, now: int) -> None:
        """Writes what reaches its age by then."""
        for fired, batch in self._objects.until(now):
            self._written(batch, fired)
        for _, batch in self._records.until(now):
            self._recorded(batch)

    def drain(self, now: int) -> None:
        """Writes all that waits."""
        for batch in self._objects.drain():
            self._written(batch, now)
        for batch in self._records.drain():
            self._recorded(batch)

    @property
    def moved(self) -> tuple[int, int, int]:
        """Bytes through the first shuffle, into state, and through the barrier."""
        return (
            self._objects.shuffled + self._records.shuffled,
            self._objects.stored + self._records.stored,
            self.batched,
        )

    def _written(self, batch: TimestampedValue, now: int) -> None:
        self._passes(ChunkListCoder().encode(batch.value[1]), batch)
        records = [_sharded(made.value, made.timestamp.micros) for made in self._write.process(batch.value)]
        for _, record, _ in records:
            self.rows += record.rows
            self.stored += record.bytes
        self.sizes["objects"] += len(records)
        for full in self._records.bundle(records, now):
            self._recorded(full)

    def _recorded(self, batch: TimestampedValue) -> None:
        self._passes(RecordListCoder().encode(batch.value[1]), batch)
        self.sizes["manifests"] += len(list(self._manifest.process(batch.value)))

    def _passes(self, encoded: bytes, batch: TimestampedValue) -> None:
        size = len(encoded) + len(batch.value[0][0]) + _BARRIER_KEY_BYTES
        self.batched += size
        self.largest = max(self.largest, size)


def _keyed(output: Any) -> Keyed:
    stamped = output.value if isinstance(output, TaggedOutput) else output
    return _sharded(stamped.value, stamped.timestamp.micros)


def _sharded(pair: tuple[str, Any], instant: int) -> Keyed:
    key, value = key_by_shard(pair, _CONFIG.window_seconds * _SECOND, _CONFIG.shards, Timestamp(micros=instant))
    return key, value, instant


def run(events: Sequence[Any], rate: int, bundle: int, late: bool) -> Found:
    """Reads a batch's age of messages at that rate, in bundles of that size, and waits until all is written."""
    graph, behind = Graph(), _LATE if late else 0
    count = rate * SECONDS
    started = time.process_time()
    for first in range(0, count, bundle):
        messages = [
            Message(event.data, str(10**16 + number), _PUBLISHED + number * _SECOND // rate, event.attributes)
            for number, event in enumerate(events[first : min(first + bundle, count)], start=first)
        ]
        graph.bundle(messages, behind + messages[-1].publish_micros)
    for age in (1, 2, 3):  # of the objects, then of the manifest
        graph.until(behind + _PUBLISHED + age * (SECONDS + 1) * _SECOND)
    cpu = time.process_time() - started
    assert graph.rows == count, f"{count} messages were read and {graph.rows} written"
    shuffled, kept, batched = graph.moved
    return Found(
        rate=rate,
        bundle=bundle,
        late=late,
        objects_a_minute=graph.sizes["objects"] * 60 / SECONDS,
        manifests_a_minute=graph.sizes["manifests"] * 60 / SECONDS,
        rows_an_object=graph.rows / graph.sizes["objects"],
        stored=graph.stored / count,
        shuffled=shuffled / count,
        kept=kept / count,
        batched=batched / count,
        largest_element=graph.largest,
        cpu_micros=cpu / count * 1e6,
    )


def files(events: Sequence[Any]) -> float:
    """Bytes stored an event when the same messages come from a file, in micro-batches of the default size."""
    graph = Graph()
    graph.bundle(
        [Message(event.data, str(10**16 + n), _PUBLISHED + n, event.attributes) for n, event in enumerate(events)], 0
    )
    graph.drain(0)
    return graph.stored / len(events)


def largest_element(bundle: int) -> int:
    """Bytes of the largest element with incompressible messages of 1 MB and 10 MB, Pub/Sub's largest, one after the other."""
    graph, noise = Graph(), Random(1)
    sizes = [size for size, count in _LARGE.items() for _ in range(count)]
    for first in range(0, len(sizes), bundle):
        messages = [
            Message(noise.randbytes(size), str(number), _PUBLISHED + number)
            for number, size in enumerate(sizes[first : first + bundle], start=first)
        ]
        graph.bundle(messages, _PUBLISHED + first)
    graph.drain(_PUBLISHED)
    assert graph.rows == len(sizes)
    return graph.largest


def bars(found: Sequence[Found], stored_by_files: float, largest: int) -> list[Bar]:
    """What must hold at every size of bundles."""
    at = {rate: [one for one in found if one.rate == rate] for rate in sorted({one.rate for one in found})}
    made: list[Bar] = []
    for rate, those in at.items():
        objects = max(one.objects_a_minute for one in those)
        if rate >= 1000:
            made.append(
                Bar(f"objects a minute at {rate:,} messages/s", objects, 40 if rate < 10_000 else 60, at_most=True)
            )
        stored = max(one.stored for one in those) / stored_by_files
        made.append(
            Bar(
                f"stored bytes an event at {rate:,} messages/s / by files",
                stored,
                1.3 if rate >= 1000 else 1.6,
                at_most=True,
            )
        )
    punctual = {(one.rate, one.bundle): one for one in found if not one.late}
    ratios = [
        ratio
        for one in found
        if one.late
        for before in [punctual[one.rate, one.bundle]]
        for ratio in (one.objects_a_minute / before.objects_a_minute, one.stored / before.stored)
    ]
    if ratios:
        made.append(Bar("late / punctual, objects or stored bytes, the worst", max(ratios), 1.1, at_most=True))
    tens = [one for one in found if one.bundle == 10]
    if tens:
        most = max(one.exactly_once for one in tens)
        made.append(
            Bar("bytes through shuffle and state an event, bundles of 10, exactly once", most, 450, at_most=True)
        )
        most = max(one.at_least_once for one in tens)
        made.append(
            Bar("bytes through shuffle and state an event, bundles of 10, at least once", most, 300, at_most=True)
        )
    made.append(Bar("largest element with messages of 1 and 10 MB, MB", largest / 1e6, 20, at_most=True))
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=whole_numbers, default=[100, 1_000, 10_000])
    parser.add_argument("--bundles", type=whole_numbers, default=[1, 10, 500])
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    progress("simulating the shop")
    most = max(*given.rates, MESSAGES_PER_FILE_BATCH // SECONDS) * SECONDS
    events = list(simulate(SimulationConfig(events=most, days=1, start=_DAY, seed=1)))
    found: list[Found] = []
    with patch.object(writing, "store", lambda *_: None):
        for rate in given.rates:
            for bundle in given.bundles:
                for late in (False, True) if rate <= _LATE_UP_TO else (False,):
                    progress(f"{rate:,} messages/s in bundles of {bundle}, {'late' if late else 'punctual'}")
                    found.append(run(events, rate, bundle, late))
        progress("large messages")
        largest = max(largest_element(bundle) for bundle in given.bundles)
        by_files = files(events[:MESSAGES_PER_FILE_BATCH])
    print(f"One day's traffic at an even rate for {SECONDS} s; from files an event takes {by_files:.1f} bytes.")
    print(_shown(found))
    kept = {
        "found": [
            asdict(one) | {"exactly_once": one.exactly_once, "at_least_once": one.at_least_once} for one in found
        ],
        "stored_by_files": by_files,
        "largest_element": largest,
        "seconds": SECONDS,
    }
    return finish("small_bundles", kept, bars(found, by_files, largest), given.results)


def _shown(found: Sequence[Found]) -> str:
    header = ["", "objects/min", "manifests/min", "rows an object", "stored B/event"]
    header += ["shuffle", "state", "barrier", "exactly once", "at least once", "CPU µs/event"]
    rows = [
        [
            f"{one.rate:,}/s, bundles of {one.bundle}, {'late' if one.late else 'punctual'}",
            *(f"{number:,.0f}" for number in (one.objects_a_minute, one.manifests_a_minute, one.rows_an_object)),
            f"{one.stored:.1f}",
            *(
                f"{number:,.0f}"
                for number in (one.shuffled, one.kept, one.batched, one.exactly_once, one.at_least_once)
            ),
            f"{one.cpu_micros:.1f}",
        ]
        for one in found
    ]
    return table(header, rows)


if __name__ == "__main__":
    sys.exit(main())
