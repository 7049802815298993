"""Emulator to emulator: Pub/Sub in, Cloud Storage out, and dbt over what lies there; every message accounted for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from beam_pipeline.main import main
from beam_pipeline.watermark import read_watermark
from lake_cli.local import emulator as emulators
from lake_cli.local import pubsub
from lake_cli.local.demo.audit import audit
from lake_cli.local.emulator import Emulator
from lake_cli.places import Places
from producer import SimulationConfig, publish_to_topic, read_truth, simulate
from tests.gcs import emulated
from tests.ingestion.lake_reading import manifest_records, messages_in, objects_below
from tests.warehouse.conftest import rows
from warehouse_runner import BuildResult, build

MESSAGES = 2000


@dataclass(frozen=True)
class Downloaded:
    """What lay in the buckets after a run, as folders; and the watermark as a reader of the bucket sees it."""

    places: Places
    watermark: int | None


@pytest.fixture(scope="module")
def downloaded(
    running_emulator: Emulator, warm_dbt: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Downloaded]:
    places = Places(tmp_path_factory.mktemp("buckets"))
    route = pubsub.Route("lake-tests", "buckets", "buckets-lake")
    with emulated() as gcs, pytest.MonkeyPatch.context() as patch:
        for name, value in emulators.client_environment(running_emulator.address).items():
            patch.setenv(name, value)
        pubsub.create(running_emulator.address, route)
        config = SimulationConfig(events=MESSAGES, days=3, seed=9, poison_rate=0.05, duplicate_rate=0.02)
        publish_to_topic(simulate(config), route.topic, truth=places.truth)
        lake, quarantine = f"{gcs.bucket('shop-lake')}/v1", gcs.bucket("shop-quarantine")
        options = [
            f"--input_subscription={route.subscription}",
            f"--output_path={lake}",
            f"--quarantine_path={quarantine}",
            "--batch_max_messages=700",
            "--stop_after_idle_seconds=4",
        ]
        assert main(options) == 0
        pubsub.delete(running_emulator.address, route)
        gcs.download("shop-lake", places.folder / "bucket")
        (places.folder / "bucket" / "v1").rename(places.lake)
        gcs.download("shop-quarantine", places.quarantine)
        yield Downloaded(places, read_watermark(lake))


def test_a_run_into_buckets_is_conserved_as_one_into_folders(downloaded: Downloaded) -> None:
    places = downloaded.places
    found = Counter(hashlib.sha256(one.data).hexdigest() for one in messages_in(places.lake, places.quarantine))
    assert found == Counter(record.sha256 for record in read_truth(places.truth))
    recorded = {(record["root"], record["path"]) for record in manifest_records(places.lake)}
    assert recorded == {("lake", str(path.relative_to(places.lake))) for path in objects_below(places.lake)} | {
        ("quarantine", str(path.relative_to(places.quarantine))) for path in objects_below(places.quarantine)
    }
    assert downloaded.watermark is not None
    assert read_watermark(str(places.lake)) == downloaded.watermark


def test_the_audit_of_folders_holds_for_what_was_downloaded(downloaded: Downloaded) -> None:
    found = audit(downloaded.places, lambda _: None)
    assert found.reasons == []
    assert (found.published, found.lake.lines + found.quarantine.lines) == (MESSAGES, MESSAGES)


@pytest.fixture(scope="module")
def built(downloaded: Downloaded) -> BuildResult:
    places = downloaded.places
    return build(places.lake, places.quarantine, places.warehouse)


def test_dbt_builds_the_whole_project_over_it_and_publishes(built: BuildResult) -> None:
    assert built.succeeded, built.failures
    assert built.published
    assert (built.models_failed, built.models_skipped, built.tests_failed, built.tests_skipped) == (0, 0, 0, 0)


def test_every_lake_line_is_a_row_of_the_warehouse_or_a_copy_of_one(built: BuildResult, downloaded: Downloaded) -> None:
    places = downloaded.places
    lines = [one for one in messages_in(places.lake, places.quarantine) if one.code is None]
    events = Counter((one.event_type, json.loads(one.data)["event_id"].lower()) for one in lines)
    assert len(events) < len(lines), "some events were sent twice"
    staged = Counter[tuple[str, str]]()
    for event_type in {event_type for event_type, _ in events}:
        query = f"select event_id, copies from staging.stg_{event_type}"  # noqa: S608 - a name of the contract
        for event_id, copies in rows(places.warehouse, query):
            assert (event_type, event_id) not in staged
            staged[event_type, event_id] = copies
    assert staged == events
    totals = (
        "select sum(events), sum(duplicate_rows), sum(lake_rows), sum(unreadable_rows) from reporting.rpt_data_quality"
    )
    assert rows(places.warehouse, totals) == [(len(events), len(lines) - len(events), len(lines), 0)]


def test_every_refused_message_is_in_the_warehouse_under_its_code(built: BuildResult, downloaded: Downloaded) -> None:
    places = downloaded.places
    refused = Counter(one.code for one in messages_in(places.lake, places.quarantine) if one.code is not None)
    sent = Counter(record.expected_code for record in read_truth(places.truth) if record.expected_code is not None)
    staged = "select error_code, sum(copies) from staging.stg_quarantine group by 1"
    assert dict(rows(places.warehouse, staged)) == refused == sent
    daily = "select error_code, sum(quarantine_rows) from intermediate.int_quarantine_daily group by 1"
    assert dict(rows(places.warehouse, daily)) == refused
