"""Published = lake + quarantine, message for message, through the real emulator."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from event_contract import EVENT_TYPES
from lake_cli.local import emulator as emulators
from lake_cli.local import pubsub
from lake_cli.local.emulator import Emulator
from lake_cli.local.pubsub import Route
from producer import POISON_KINDS, SimulationConfig, TruthRecord, publish_to_topic, read_truth, simulate
from tests.ingestion.lake_reading import Found, manifest_records, messages_in, objects_below
from tests.ingestion.running import arguments, run_command

MESSAGES = 20_000


class Ingested:
    """A finished run: what was sent and what is there."""

    def __init__(self, folder: Path, truth: Path, output: str) -> None:
        self.lake, self.quarantine, self.output = folder / "lake", folder / "quarantine", output
        self.sent: list[TruthRecord] = list(read_truth(truth))
        self.found: list[Found] = list(messages_in(self.lake, self.quarantine))


@pytest.fixture(scope="module")
def ingested(running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("conservation")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulators.client_environment(running_emulator.address).items():
            patch.setenv(name, value)
        route = Route("lake-tests", "conservation", "conservation-lake")
        pubsub.create(running_emulator.address, route)
        config = SimulationConfig(
            events=MESSAGES, days=60, seed=7, poison_rate=0.05, duplicate_rate=0.02, late_rate=0.03, late_days=50
        )
        publish_to_topic(simulate(config), route.topic, truth=folder / "truth.jsonl")
        done = run_command(
            *arguments(route.subscription, folder, "--stop_after_idle_seconds=4", "--batch_max_messages=6000")
        )
        pubsub.delete(running_emulator.address, route)
    assert done.returncode == 0, done.stderr
    return Ingested(folder, folder / "truth.jsonl", done.stderr)


def test_what_was_sent_covers_the_ways_a_message_can_be(ingested: Ingested) -> None:
    kinds = Counter(record.kind for record in ingested.sent)
    assert len(ingested.sent) == MESSAGES
    assert set(POISON_KINDS) <= set(kinds)
    assert {"valid", "duplicate", "late", "out_of_order"} <= set(kinds)
    of_the_shop = {"user_registered", "page_viewed", "product_viewed", "ad_clicked", "product_added", "product_removed"}
    of_the_shop |= {"checkout_started", "order_completed", "order_refunded"}
    assert of_the_shop <= {record.event_type for record in ingested.sent} <= set(EVENT_TYPES)


def test_every_message_arrived_exactly_once_with_its_exact_bytes(ingested: Ingested) -> None:
    assert len({found.message_id for found in ingested.found}) == len(ingested.found) == MESSAGES
    sent = Counter(record.sha256 for record in ingested.sent)
    found = Counter(hashlib.sha256(found.data).hexdigest() for found in ingested.found)
    assert found == sent


def test_every_poison_kind_earned_the_code_it_was_made_for(ingested: Ingested) -> None:
    expected = {record.sha256: record.expected_code for record in ingested.sent}
    for found in ingested.found:
        assert found.code == expected[hashlib.sha256(found.data).hexdigest()], found.data[:300]


def test_every_event_lies_in_the_folder_of_its_type_and_utc_date(ingested: Ingested) -> None:
    sent = {record.sha256: record for record in ingested.sent}
    dates = set()
    for found in ingested.found:
        if found.code is None:
            record = sent[hashlib.sha256(found.data).hexdigest()]
            assert (found.event_type, found.date) == (record.event_type, record.date)
            dates.add(found.date)
    assert len(dates) >= 60


def test_the_manifest_records_every_object_with_its_rows(ingested: Ingested) -> None:
    recorded = {(record["root"], record["path"]): record["rows"] for record in manifest_records(ingested.lake)}
    present = {("lake", str(path.relative_to(ingested.lake))) for path in objects_below(ingested.lake)}
    present |= {
        ("quarantine", str(path.relative_to(ingested.quarantine))) for path in objects_below(ingested.quarantine)
    }
    assert set(recorded) == present
    assert sum(recorded.values()) == MESSAGES


def test_the_run_says_in_numbers_what_it_did(ingested: Ingested) -> None:
    assert "Done: 20,000 messages" in ingested.output
