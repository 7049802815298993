"""Emulator to emulator: Pub/Sub in, Cloud Storage out; every message accounted for."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from beam_pipeline.main import main
from beam_pipeline.watermark import read_watermark
from local_platform.pubsub import Route
from producer import SimulationConfig, publish_to_topic, read_truth, simulate
from tests.gcs import Gcs
from tests.ingestion.lake_reading import manifest_records, messages_in, objects_below

MESSAGES = 5000


def test_a_run_into_buckets_is_conserved_as_one_into_folders(
    gcs: Gcs, topic_and_subscription: Route, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    publish_to_topic(
        simulate(SimulationConfig(events=MESSAGES, days=3, seed=9, poison_rate=0.05, duplicate_rate=0.02)),
        topic_and_subscription.topic,
        truth=truth,
    )
    lake, quarantine = gcs.bucket("shop-lake"), gcs.bucket("shop-quarantine")
    options = [
        f"--input_subscription={topic_and_subscription.subscription}",
        f"--output_path={lake}/v1",
        f"--quarantine_path={quarantine}",
        "--stop_after_idle_seconds=4",
    ]
    assert main(options) == 0

    gcs.download("shop-lake", tmp_path / "lake")
    gcs.download("shop-quarantine", tmp_path / "quarantine")
    here, refused = tmp_path / "lake" / "v1", tmp_path / "quarantine"
    found = Counter(hashlib.sha256(one.data).hexdigest() for one in messages_in(here, refused))
    assert found == Counter(record.sha256 for record in read_truth(truth))
    recorded = {(record["root"], record["path"]) for record in manifest_records(here)}
    assert recorded == {("lake", str(path.relative_to(here))) for path in objects_below(here)} | {
        ("quarantine", str(path.relative_to(refused))) for path in objects_below(refused)
    }
    assert read_watermark(f"{lake}/v1") is not None
