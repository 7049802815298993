"""`lake audit`: one line deleted, altered or added, anywhere, is found and its minute named."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.main import main as run_job
from beam_pipeline.messages import Message, now_micros, rfc3339
from event_contract.ledgers import LEDGER_ATTRIBUTE, Check, Sums, body_of
from lake_cli.cli import main
from lake_cli.lifecycle import auditing, compaction
from lake_cli.lifecycle.auditing import Entry, audit
from lake_cli.lifecycle.compaction import Rules
from lake_cli.lifecycle.erasure_run import ErasureRun
from lake_cli.lifecycle.storage import Root
from lake_cli.local import pubsub
from producer import SimulationConfig, publish_to_topic, simulate
from producer.booking import Booking
from tests.gcs import emulated
from tests.lifecycle.lakes import MINUTE, Lake, in_folder, message, unpacked
from tests.samples import PUBLISH_MICROS

DAY = date(2026, 11, 22)
EVENTS = int(os.environ.get("AUDIT_EVENTS", "60"))
"""Messages with a ledger among which one line is damaged, a hundred times over (`make prove-erasure`: a million)."""

_MINUTES = 10 if EVENTS <= 10_000 else 500


def messages(minutes: int = 10, each: int = 6) -> Iterator[Message]:
    """A publisher with a ledger, whose clock is 20 seconds behind Pub/Sub's; and in every minute a message of another without."""
    for minute in range(minutes):
        at = PUBLISH_MICROS + minute * MINUTE
        for n in range(each):
            found = message(10_000 * minute + n, at + n, ("page_viewed", "ad_clicked")[n % 2], user_id=f"u-{n}")
            if n == 0:
                found = found._replace(data=b'{"user_id": "u-0", broken %d' % minute)
            event_type = ("page_viewed", "ad_clicked")[n % 2]
            stamp = f"shop-1/{rfc3339(at - 20_000_000)[:16]}Z"
            yield found._replace(attributes={LEDGER_ATTRIBUTE: stamp, "event_type": event_type})
        yield message(10_000 * minute + 9000, at)


def booked(sent: Iterable[Message]) -> dict[Entry, Sums]:
    found: dict[Entry, Sums] = {}
    for each in sent:
        publisher, _, minute = each.attributes.get(LEDGER_ATTRIBUTE, "").rpartition("/")
        if publisher:
            entry = Entry(publisher, minute, each.attributes["event_type"])
            found.setdefault(entry, Sums()).add_one(Check.of(body_of(each.data)))
    return found


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param == "folder":
        yield in_folder(tmp_path)
        return
    with emulated() as gcs:
        yield Lake(gcs.bucket("lake"), gcs.bucket("quarantine"))


def result(lake: Lake, ledger: dict[Entry, Sums]) -> auditing.Audited:
    return audit({"lake": lake.lake, "quarantine": lake.quarantine}, ledger, DAY)


def test_everything_is_there_before_and_after_compaction_and_erasure(lake: Lake, tmp_path: Path) -> None:
    sent = list(messages())
    for start in range(0, len(sent), 7):
        lake.write(sent[start : start + 7])
    lake.write(sent[:5])  # delivered again
    found = result(lake, booked(sent))
    assert found.holds, (found.differences, found.problems)
    assert (found.booked, found.lake, found.quarantine, found.without_ledger) == (60, 50, 10, 10)

    compaction.compact(
        lake.lake, lake.quarantine, Rules(date(2026, 11, 24), keep=timedelta(hours=1)), now_micros(), lambda: None
    )
    found = result(lake, booked(sent))
    assert found.holds, (found.differences, found.problems)

    ErasureRun(lake.lake, lake.quarantine, tmp_path / "none", tmp_path / "none", lambda _: None).erase(["u-0", "u-1"])
    found = result(lake, booked(sent))
    assert found.holds, (found.differences, found.problems)
    assert (found.booked, found.lake, found.quarantine, found.erased) == (60, 40, 0, 20)


def tamper(lake: Lake, rng: random.Random) -> tuple[str, str, Root, str, bytes]:
    """Deletes, alters or adds one line of a publisher with a ledger.

    Returns:
        What, the minute of its entry, and the object's root, path and content of before.
    """
    root = lake.lake if rng.random() < 0.7 else lake.quarantine
    path = rng.choice(list(root.sizes("event_type=" if root.address.endswith("lake") else "failed/")))
    before = root.read(path)
    lines = unpacked(before).splitlines(keepends=True)
    place = rng.choice([n for n, line in enumerate(lines) if b"shop-1" in line])
    line = lines[place]
    minute = line[line.index(b"shop-1/") + 7 :][:17].decode()
    what = rng.choice(["deleted", "altered", "added"])
    if what == "deleted":
        del lines[place]
    elif what == "added":
        lines.insert(place, line.replace(b'"message_id":"', b'"message_id":"9'))
    else:
        target = rng.choice([b"u-", b"0000"]) if b"u-" in line and b'"payload"' not in line else b'"payload":"'
        at = line.index(target) + len(target)
        lines[place] = line[:at] + (b"7" if line[at : at + 1] != b"7" else b"8") + line[at + 1 :]
    root.write(path, gzip.compress(b"".join(lines), 1))
    return what, minute, root, path, before


@pytest.mark.proof
def test_whatever_is_done_to_one_line_is_found_and_its_minute_named(tmp_path: Path) -> None:
    lake = in_folder(tmp_path)
    ledger: dict[Entry, Sums] = {}
    sent = messages(_MINUTES, EVENTS // _MINUTES)
    while some := list(islice(sent, max(7, EVENTS // 100))):
        lake.write(some)
        for entry, sums in booked(some).items():
            ledger.setdefault(entry, Sums()).add(sums)
    for trial in range(100):
        what, minute, root, path, before = tamper(lake, random.Random(trial))
        found = result(lake, ledger)
        assert [each.entry.minute for each in found.differences] == [minute], (trial, what)
        assert ("altered" in str(found.differences[0])) == (what == "altered"), (trial, what)
        root.write(path, before)
    whole = result(lake, ledger)
    assert (whole.holds, whole.booked) == (True, EVENTS // _MINUTES * _MINUTES)


def test_the_producers_ledger_is_found_in_lake_and_quarantine(
    topic_and_subscription: pubsub.Route, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    config = SimulationConfig(events=1500, days=2, seed=3, poison_rate=0.1, duplicate_rate=0.02)
    publish_to_topic(simulate(config), topic_and_subscription.topic, ledger_file=ledger)
    publish_to_topic(simulate(SimulationConfig(events=100, days=1, seed=4)), topic_and_subscription.topic)
    folders = ["--output_path", str(tmp_path / "lake"), "--quarantine_path", str(tmp_path / "quarantine")]
    subscription = f"--input_subscription={topic_and_subscription.subscription}"
    assert run_job([subscription, *folders, "--stop_after_idle_seconds=3"]) == 0

    lake = in_folder(tmp_path)
    entries = auditing.read_ledger([("ledger", ledger.read_bytes())])
    days = {date.fromisoformat(entry.minute[:10]) for entry in entries}
    found = [audit({"lake": lake.lake, "quarantine": lake.quarantine}, entries, day) for day in days]
    assert all(each.holds for each in found), found
    assert (sum(each.booked for each in found), sum(each.without_ledger for each in found)) == (1500, 100)


def test_a_ledger_kept_as_the_documentation_shows_is_the_producers(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
    documented: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], documented)  # noqa: S102 - our own page
    ours, theirs = Booking(tmp_path / "ours"), documented["Ledger"]("shop-1")
    ours._publisher = "shop-1"
    data = [b'{"a": 1}', b'{"a":\n 1}\r\n', b"broken \t", b"", b"\xff\x00", b" ", *(b"%d" % n for n in range(500))]
    with ours:
        stamp = theirs.attribute()
        ours.enter(ours.entries(stamp, {"page_viewed": data[:2], "ad_clicked": data[2:]}))
    for place, each in enumerate(data):
        theirs.acknowledged(stamp, "page_viewed" if place < 2 else "ad_clicked", each)
    file = io.StringIO()
    theirs.write(file)
    found = [
        auditing.read_ledger([("", text)]) for text in ((tmp_path / "ours").read_bytes(), file.getvalue().encode())
    ]
    assert found[0] == found[1]
    assert {entry.event_type: sums.count for entry, sums in found[0].items()} == {"page_viewed": 2, "ad_clicked": 504}


def test_a_copy_of_a_line_and_a_missing_object_are_found_by_the_manifest(tmp_path: Path) -> None:
    sent = list(messages())
    lake = in_folder(tmp_path)
    lake.write(sent)
    first, second, *_ = lake.lake.sizes("event_type=")
    text = unpacked(lake.lake.read(first))
    lake.lake.write(first, gzip.compress(text + text.splitlines(keepends=True)[0]))
    lake.lake.delete(second)
    found = result(lake, booked(sent))
    assert found.repeated == 1
    assert sorted(problem.partition(" ")[0] for problem in found.problems) == [f"lake/{first}", f"lake/{second}"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lake = in_folder(tmp_path)
    sent = list(messages())
    lake.write(sent)
    ledger = tmp_path / "ledger"
    ledger.write_text(
        "".join(
            json.dumps({"version": 2, **entry._asdict(), "count": each.count, "bytes": each.size, "crc32": each.crc32})
            + "\n"
            for entry, each in booked(sent).items()
        )
    )

    def lake_command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["lake", "audit", "--folder", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    assert lake_command("--date", str(DAY), "--ledger", str(ledger))[0] == 0
    code, told = lake_command("--date", str(DAY))
    assert (code, "booked 0 ≠ lake 50 + quarantine 10" in told) == (1, True)
    assert lake_command("--date", "yesterday")[0] == 2
    ledger.write_text("no entry\n")
    code, told = lake_command("--ledger", str(ledger))
    assert (code, "line 1 is no entry" in told) == (2, True)
    ledger.write_text(
        '{"publisher":"a","minute":"2026-11-22T10:00Z","event_type":"ad_clicked","count":1,"sum":"00ff"}\n'
    )
    code, told = lake_command("--ledger", str(ledger))
    assert (code, "of the first form, with a sum of SHA-256" in told) == (2, True)
    ledger.write_text('{"version":3}\n')
    code, told = lake_command("--ledger", str(ledger))
    assert (code, "of version 3, this one reads version 2" in told) == (2, True)
    lake.lake.write("_control/ledgers/shop/a.ndjson", b"")
    assert lake_command("--report")[0] == 0
