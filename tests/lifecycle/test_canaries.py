"""Three persons in every place where a person can be, among many others: after `lake erase` not one byte of them is left.

`CANARY_EVENTS=1000000` hides them among as many events as the proof asks for (`make prove-erasure`); some thousands by default.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from beam_pipeline.main import main as run_job
from beam_pipeline.messages import now_micros
from event_contract import ErrorCode
from lake_cli.lifecycle import compaction
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.storage import open_root
from lake_cli.places import Places
from lake_cli.report import render
from producer import Message, SimulationConfig, simulate, write_to_file
from tests.samples import event
from warehouse_runner import build

pytestmark = pytest.mark.usefixtures("warm_dbt")

FULL = "CANARY_EVENTS" in os.environ
EVENTS = int(os.environ.get("CANARY_EVENTS", "3000"))
DAYS = 3
TIMES = 20
"""How often each person appears, with all that they do."""

MOST_SECONDS = 60.0
MARK = "canary7f3a"
"""In every id, name and address of the three."""

PEOPLE = tuple((f"u-{MARK}-{n}", f"a-{MARK}-{n}") for n in range(3))
TYPES = ("user_registered", "page_viewed", "product_viewed", "ad_clicked", "order_completed")


def canaries(number: int, day: str) -> Iterator[Message]:
    """What the three do at noon of a day: five types, and five messages that are refused."""
    for place, (user, device) in enumerate(PEOPLE):
        for kind, event_type in enumerate(TYPES):
            own = {"email": f"{MARK}@example.com", "name": f"Ms {MARK}"} if event_type == "user_registered" else {}
            event_id = f"00000000-0000-4000-9000-{1000 * number + 10 * place + kind:012d}"
            fields = {"event_id": event_id, "timestamp": f"{day}T12:00:00Z", "user_id": user, "anonymous_id": device}
            if event_type == "order_completed":
                fields["order_id"] = f"o-{event_id}"
            data = json.dumps(event(event_type, **fields, **own)).encode()
            yield Message(data, event_id, event_type, "valid", None, day)
        for refused in (
            data[:-20],
            b"{" + data,
            json.dumps({"event_type": "nothing", "user_id": user}).encode(),
            json.dumps({"user_id": user}).encode("utf-16"),
            json.dumps({"event_type": "page_viewed", "anonymous_id": device, "nested": {"who": [user]}}).encode(),
        ):
            yield Message(refused, "", "page_viewed", "broken", ErrorCode.INVALID_JSON, None)


def crowd() -> Iterator[Message]:
    """Everybody, the three among them."""
    groups = 0
    for number, message in enumerate(simulate(SimulationConfig(events=EVENTS, days=DAYS, seed=8))):
        yield message
        if message.date is not None and number * TIMES >= groups * EVENTS:
            yield from canaries(groups, message.date)
            groups += 1


def lake_command(log: Path, *arguments: str) -> float:
    """Runs a command, its output into a log; seconds."""
    begun = time.monotonic()
    with log.open("ab") as file:
        subprocess.run(
            [sys.executable, "-c", "from lake_cli.cli import main; main()", *arguments],
            check=True,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )
    return time.monotonic() - begun


def marked(folder: Path) -> Counter[str]:
    """How many files of each kind hold a byte of the three: unpacked, payloads decoded, zero bytes of UTF-16 left out."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        texts = [str(path).encode(), content]
        if path.suffix == ".gz":
            texts.append(text := gzip.decompress(content))
            if "failed" in path.parts:
                texts += [base64.b64decode(json.loads(line)["payload"]) for line in text.splitlines()]
        if any(MARK.encode() in text.replace(b"\0", b"") for text in texts):
            found[path.relative_to(folder).parts[0]] += 1
    return found


def marked_rows(warehouse: Path) -> Counter[str]:
    """Rows of the three by table: strings may be compressed in the file."""
    found: Counter[str] = Counter()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            row = connection.execute(
                f'select count(*) from "{schema}"."{table}" as t where contains(t::varchar, \'{MARK}\')'  # noqa: S608
            ).fetchone()
            if row and row[0]:
                found[f"{schema}.{table}"] = row[0]
    return found


def state_of(places: Places) -> dict[str, str]:
    """SHA-256 of every file of lake, quarantine, warehouse and page; of a receipt not when it was last applied."""
    found = {}
    for path in [*places.lake.rglob("*"), *places.quarantine.rglob("*"), places.warehouse, places.page]:
        if path.is_file():
            content = path.read_bytes()
            if path.parent.name == "erasures" and path.suffix == ".json":
                content = json.dumps({**json.loads(content), "applied_to": ""}).encode()
            found[str(path)] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.proof
def test_not_one_byte_of_three_persons_is_left(tmp_path: Path) -> None:
    places, log = Places(tmp_path), tmp_path / "maintenance.log"
    write_to_file(crowd(), places.messages)
    roots = ["--output_path", str(places.lake), "--quarantine_path", str(places.quarantine)]
    assert run_job([f"--input_files={places.messages}", *roots, f"--batch_max_messages={EVENTS // 12}"]) == 0
    places.messages.unlink()
    lake, quarantine = open_root(str(places.lake)), open_root(str(places.quarantine))
    for _ in range(2):  # the second deletes what the first replaced
        compaction.compact(lake, quarantine, Rules(date.max, keep=timedelta()), now_micros(), lambda: None)
    assert build(places.lake, places.quarantine, places.warehouse, "duckdb").succeeded
    render(places.warehouse, places.page)

    before = manifests.read(lake)
    rows = sum(each.rows - each.replaced_rows for each in before.records.values())
    types = {
        path.partition("/")[0]
        for path in lake.sizes("event_type=")
        if MARK.encode() in gzip.decompress(lake.read(path))
    }
    days = {path.partition("/")[2].rpartition("/")[0] for path in lake.sizes("event_type=user_registered/")}
    assert types == {f"event_type={each}" for each in TYPES}
    assert len(days) >= DAYS
    assert {"lake", "quarantine"} <= marked(tmp_path).keys()
    assert marked_rows(places.warehouse)

    ids = [option for user, device in PEOPLE for option in ("--user-id", user, "--anonymous-id", device)]
    seconds = lake_command(log, "erase", "--folder", str(tmp_path), *ids, "--yes")

    assert marked(tmp_path) == Counter()
    assert marked_rows(places.warehouse) == Counter()
    assert seconds <= MOST_SECONDS
    after = manifests.read(lake)
    left = sum(each.rows - each.replaced_rows for each in after.records.values())
    groups = (rows - left) / (len(PEOPLE) * (len(TYPES) + 5))
    assert groups == TIMES, "nobody else's line is gone, and none of theirs is left"

    state = state_of(places)
    lake_command(log, "erase", "--folder", str(tmp_path), *ids, "--yes")
    assert state_of(places) == state, "a second run changes nothing"

    sys.stderr.write(f"{rows - left:,} lines of {rows:,} erased in {seconds:.1f} s\n")
    if not FULL:  # tests/lifecycle/test_with_warehouse.py builds again, too
        return
    result = build(places.lake, places.quarantine, places.warehouse, "duckdb")
    assert result.succeeded, result.failures
    render(places.warehouse, places.page)
    assert marked(tmp_path) == Counter()
    assert marked_rows(places.warehouse) == Counter()
