"""What a quiet day costs before and after compaction: a day of small objects, joined, queried on disk and through an emulator.

    python -m benchmarks.bench_lifecycle [--minutes 1440] [--events 7]

Every minute of a day is one micro-batch of the job's own functions, with `--events` events of each of nine types and one
quarantined message: 1,440 minutes make 14,400 objects. Then objects of large chunks are joined, on one core, to say how fast
joining is where nothing is deflated again; and a producer's messages are published with and without a ledger.

The query through the storage emulator is DuckDB's over gcsfs, which lists the day and opens each object, as readers of Cloud
Storage do; the emulator answers in some milliseconds, Cloud Storage in some tens.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import gcsfs
from isal import isal_zlib

from beam_pipeline.chunking import Chunker
from beam_pipeline.messages import now_micros
from beam_pipeline.objects import gzip_of
from benchmarks.figures import Bar, finish
from benchmarks.ledger import extra_cpu
from event_contract import EVENT_TYPES, ManifestRecord
from lake_cli.lifecycle import compaction
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.gzip_joining import blocks_of, join
from lake_cli.lifecycle.rewriting import joined_object
from tests.gcs import emulated
from tests.lifecycle.lakes import MINUTE, Lake, in_folder, message
from tests.samples import PUBLISH_MICROS

_MIDNIGHT = PUBLISH_MICROS - PUBLISH_MICROS % 86_400_000_000
_QUERY = (
    "select count(*), count(distinct anonymous_id) from read_json('{}', format = 'newline_delimited', columns = {})"
)
_COLUMNS = {"event_id": "VARCHAR", "anonymous_id": "VARCHAR", "timestamp": "VARCHAR"}


MOST_OBJECTS: Final = 20
MOST_MANIFEST_FILES: Final = 1
LEAST_MEGABYTES: Final = 300.0
LEAST_FASTER: Final = 2.0
LEAST_FASTER_REMOTE: Final = 5.0
MOST_LEDGER_SHARE: Final = 0.03


def main() -> int:
    """Measures, keeps the figures, and says whether the bars are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--events", type=int, default=7)
    options = parser.parse_args()
    day = quiet_day(options.minutes, options.events)
    alone, verified = joining()
    ledger = extra_cpu()
    figures = {
        **day,
        "joining_megabytes_per_second": alone,
        "verified_megabytes_per_second": verified,
        "ledger": ledger,
    }
    print(json.dumps(figures, indent=1))
    return finish(
        "lifecycle",
        figures,
        [
            Bar("objects of the fullest type after compaction", day["most_objects_a_type"], MOST_OBJECTS, at_most=True),
            Bar("lines identical after compaction (SHA-256 of their multiset)", float(day["identical"]), 1.0),
            Bar("a day's query on disk, times faster", day["query_seconds"][0] / day["query_seconds"][1], LEAST_FASTER),
            Bar(
                "a day's query through a storage emulator, times faster",
                day["remote_query_seconds"][0] / day["remote_query_seconds"][1],
                LEAST_FASTER_REMOTE,
            ),
            Bar(
                "manifest files a day of writing after compaction",
                day["most_manifest_files_a_day"],
                MOST_MANIFEST_FILES,
                at_most=True,
            ),
            Bar("joining and verifying, MB/s of stored bytes on one core", verified, LEAST_MEGABYTES),
            Bar("CPU that a ledger costs the producer, share", ledger["share"], MOST_LEDGER_SHARE, at_most=True),
        ],
    )


def quiet_day(minutes: int, events: int) -> dict[str, Any]:
    """A day of small objects before and after compaction: pairs of figures."""
    with tempfile.TemporaryDirectory() as folder:
        lake = in_folder(Path(folder))
        fill(lake, minutes, events)
        files = f"{folder}/lake/event_type=page_viewed/*/*/*/*.ndjson.gz"
        before = {
            "objects": len(lake.objects()),
            "manifest": len(lake.lake.sizes("_control/manifest/")),
            "digest": lake.digest(),
        }
        slow = best(lambda: query(files))
        with emulated() as gcs:
            bucket = Lake(gcs.bucket("lake"), gcs.bucket("quarantine"))
            slow_read, slow_remote = copied_and_read(lake, bucket, gcs.address)
            begun = time.perf_counter()
            done = compaction.compact(
                lake.lake, lake.quarantine, Rules(date.max, keep=timedelta(0)), now_micros(), lambda: None
            )
            seconds = time.perf_counter() - begun
            # The next day's run joins the manifest files that this one wrote, too.
            compaction.compact(
                lake.lake, lake.quarantine, Rules(date.max, keep=timedelta(0)), now_micros(), lambda: None
            )
            fast_read, fast_remote = copied_and_read(lake, bucket, gcs.address)
        after = {
            "objects": len(lake_after := lake.objects()),
            "manifest": len(lake.lake.sizes("_control/manifest/")),
            "digest": lake.digest(),
        }
        fast = best(lambda: query(files))
        manifest_days = Counter(path.rpartition("/")[0] for path in lake.lake.sizes("_control/manifest/"))
    folders = Counter(path.split("/year=")[0] for path in lake_after)
    return {
        "minutes": minutes,
        "events": minutes * (9 * events + 1),
        "objects": [before["objects"], after["objects"]],
        "most_objects_a_type": max(folders.values()),
        "manifest_files": [before["manifest"], after["manifest"]],
        "most_manifest_files_a_day": max(manifest_days.values()),
        "stored_bytes": [sum(group.stored_bytes for group in done.groups), done.stored_bytes],
        "compaction_seconds": seconds,
        "identical": before["digest"] == after["digest"],
        "query_seconds": [slow, fast],
        "read_seconds": [slow_read, fast_read],
        "remote_query_seconds": [slow_remote, fast_remote],
    }


def fill(lake: Lake, minutes: int, events: int) -> None:
    """A day, minute by minute."""
    for minute in range(minutes):
        at = _MIDNIGHT + minute * MINUTE
        batch = [
            message(1000 * minute + 100 * place + n, at, event_type, anonymous_id=f"a-{n}")
            for place, event_type in enumerate(EVENT_TYPES)
            for n in range(events)
        ]
        batch.append(message(1000 * minute + 999, at)._replace(data=b"broken %d" % minute))
        lake.write(batch)


def query(files: str, remote: gcsfs.GCSFileSystem | None = None) -> None:
    """Counts a type's day with DuckDB."""
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items()) + "}"
    with duckdb.connect() as connection:
        if remote is not None:
            connection.register_filesystem(remote)
        connection.sql(_QUERY.format(files, columns)).fetchall()


def copied_and_read(lake: Lake, bucket: Lake, emulator: str) -> tuple[float, float]:
    """Puts one type's day into the bucket in place of what was there; seconds of reading it whole, and of the query."""
    root = bucket.lake
    for name in root.sizes("event_type="):
        root.delete(name)
    for name in lake.lake.sizes("event_type=page_viewed"):
        root.write(name, lake.lake.read(name))

    def read() -> None:
        for name in root.sizes("event_type=page_viewed"):
            root.read(name)

    files = f"{root.address}/event_type=page_viewed/*/*/*/*.ndjson.gz"
    remote = gcsfs.GCSFileSystem(
        token="anon",  # noqa: S106 - no credentials
        endpoint_url=emulator,
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    return best(read), best(lambda: query(files, remote))


def joining() -> tuple[float, float]:
    """MB/s of stored bytes of one core's time, where nothing is deflated again: joining alone, and with its proof."""
    lines = [json.dumps({"number": n, "text": str(n * 7919)}).encode() + b"\n" for n in range(400_000)]
    chunker = Chunker(MINUTE)
    chunks = [chunk for _, chunk in chunker.add("d", lines, [0] * len(lines))]
    chunks += [chunk for _, chunk in chunker.drain()]
    stored = [gzip_of(chunks) for _ in range(8)]
    size = sum(map(len, stored))
    blocks = [each for each in map(blocks_of, stored) if each is not None]
    records = [
        ManifestRecord(
            path=f"f/{n}.ndjson.gz", root="lake", event_type="t", reason=None, date="2026-11-22",
            rows=len(lines), bytes=len(each),
            min_publish_time="2026-11-22T10:00:00Z", max_publish_time="2026-11-22T10:00:00Z", written_at="2026-11-22T10:00:00Z",
            crc32=isal_zlib.crc32(each),
        )
        for n, each in enumerate(stored)
    ]  # fmt: skip
    alone = best(lambda: join(blocks), time.process_time)
    verified = best(lambda: joined_object(records, stored), time.process_time)
    return size / alone / 1e6, size / verified / 1e6


def best(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the fastest of three."""
    times = []
    for _ in range(3):
        begun = clock()
        work()
        times.append(clock() - begun)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
