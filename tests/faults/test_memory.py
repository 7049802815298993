"""Memory stays bounded whatever is in a message: ten megabytes, or a hundred thousand keys."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from beam_pipeline.microbatch import subscription as subscriptions
from beam_pipeline.microbatch.progress import peak_rss_bytes
from event_contract.limits import MAX_MESSAGE_BYTES
from tests.faults.service import Service
from tests.ingestion.lake_reading import messages_in
from tests.ingestion.running import spawn
from tests.samples import event, payload

MEGABYTE = 1 << 20
LARGE = 10 * MEGABYTE
KEYS = 100_000


def large_message(number: int) -> bytes:
    """Text that no compression makes much smaller, in an event that would be valid."""
    noise = random.Random(number).randbytes(LARGE // 2).hex()
    return payload(event(event_id=f"00000000-0000-4000-8000-{number:012d}", note=noise))


def message_of_many_keys(number: int, keys: int = KEYS) -> bytes:
    """No two messages have a key in common."""
    names = {f"{number}_{key}": key for key in range(keys)}
    return payload(event(event_id=f"00000000-0000-4000-8000-{number:012d}", **names))


class Begin:
    """What a process does first: notes the memory it has used before it begins, and finds its subscription in itself."""

    def __init__(self, noted: Path, messages: int = 0) -> None:
        self._noted, self._messages = noted, messages

    def __call__(self) -> None:
        if self._messages:
            service = Service([large_message(0)] * self._messages, per_pull=1)
            subscriptions.SubscriberClient = service.client
        self._noted.write_text(str(peak_rss_bytes()))


def peak(folder: Path, source: str, begin: Begin) -> int:
    """Peak memory of an ingestion in a process of its own, above what it had before it began, in bytes."""
    options = [
        source,
        f"--output_path={folder / 'lake'}",
        f"--quarantine_path={folder / 'quarantine'}",
        f"--summary_file={folder / 'summary.json'}",
        f"--batch_max_bytes={LARGE}",
        "--stop_after_idle_seconds=1",
    ]
    process = spawn(options, prepare=begin)
    process.join(120)
    assert process.exitcode == 0
    used = json.loads((folder / "summary.json").read_text())["peak_rss_bytes"] - int((folder / "noted").read_text())
    return int(used)


def files(folder: Path, messages: Iterable[bytes], per_file: int) -> str:
    """Writes messages to files; returns the option that names them."""
    for number, batch in enumerate(batched(messages, per_file)):
        (folder / f"in-{number:03d}.ndjson").write_bytes(b"\n".join(batch) + b"\n")
    return f"--input_files={folder}/in-*.ndjson"


def found_in(folder: Path) -> Counter[tuple[str | None, str]]:
    """Codes and digests of all messages in lake and quarantine."""
    return Counter((one.code, digest(one.data)) for one in messages_in(folder / "lake", folder / "quarantine"))


def test_messages_of_ten_megabytes_from_a_subscription(tmp_path: Path) -> None:
    subscription = "--input_subscription=projects/lake-tests/subscriptions/unkind"
    used = peak(tmp_path, subscription, Begin(tmp_path / "noted", messages=8))
    assert found_in(tmp_path) == {("message_too_large", digest(large_message(0))): 8}
    assert used < 250 * MEGABYTE  # a micro-batch each; all of them in one take 500


@pytest.mark.parametrize("per_file", [1, 8])
def test_ten_megabytes_or_a_hundred_thousand_keys_in_a_message_of_a_file(tmp_path: Path, per_file: int) -> None:
    bodies = [*map(large_message, range(4)), *map(message_of_many_keys, range(4, 8))]
    used = peak(tmp_path, files(tmp_path, bodies, per_file), Begin(tmp_path / "noted"))
    assert found_in(tmp_path) == Counter(("message_too_large", digest(body)) for body in bodies)
    assert used < 180 * MEGABYTE


def test_as_many_keys_as_a_message_has_room_for_are_not_kept_in_memory(tmp_path: Path) -> None:
    """The lake keeps them, for producers may deploy first; 1.7 million names as Python's strings would take 100 MB."""
    bodies = [message_of_many_keys(number, keys=14_000) for number in range(120)]
    assert 0.7 * MAX_MESSAGE_BYTES < max(map(len, bodies)) < MAX_MESSAGE_BYTES
    used = peak(tmp_path, files(tmp_path, bodies, per_file=10), Begin(tmp_path / "noted"))
    assert found_in(tmp_path) == Counter((None, digest(body)) for body in bodies)
    assert used < 80 * MEGABYTE


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def batched(messages: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    remaining = iter(messages)
    while batch := list(islice(remaining, size)):
        yield batch
