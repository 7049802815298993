"""How latency and memory are judged, over files and samples whose answer is known."""

import gzip
import time
from pathlib import Path

import pytest

from beam_pipeline.messages import now_micros, rfc3339
from beam_pipeline.storage import store
from benchmarks.latency import Watch
from benchmarks.soak import change


def test_a_message_is_seen_when_its_object_is_listed_and_counted_from_its_publish_time(tmp_path: Path) -> None:
    published = now_micros()
    old = f'{{"a":1,"_ingest":{{"publish_time":"{rfc3339(published - 60_000_000)}"}}}}\n'
    misleading = f'{{"publish_time":"2020-01-01T00:00:00Z","_ingest":{{"publish_time":"{rfc3339(published)}"}}}}\n'
    with Watch(tmp_path) as watch:
        store(str(tmp_path / "lake"), "event_type=x/a.ndjson.gz", gzip.compress((old + misleading).encode()))
        store(str(tmp_path / "lake"), "_control/manifest/a.ndjson", b"no object")
        _wait_until_seen(watch, 1)
        store(str(tmp_path / "quarantine"), "failed/reason=x/b.ndjson.gz", gzip.compress(misleading.encode()))
        _wait_until_seen(watch, 2)

    messages = watch.messages(since_micros=published)

    assert [micros for micros, _ in messages] == [published, published]
    assert all(published <= seen <= now_micros() for _, seen in messages)
    assert len(watch.messages(since_micros=0)) == 3


def _wait_until_seen(watch: Watch, objects: int) -> None:
    deadline = time.monotonic() + 10
    while len(watch.seen) < objects and time.monotonic() < deadline:
        time.sleep(0.01)


def test_memory_that_grows_after_the_start_is_a_change() -> None:
    assert change([1, 50, 100, 100, 100, 100, 105, 105]) == pytest.approx(0.05)
    assert change([100, 100, 100, 100, 80, 80, 80, 80]) == pytest.approx(0.2)


def test_too_few_samples_give_no_verdict() -> None:
    with pytest.raises(ValueError, match="too few"):
        change([1, 2, 3])
