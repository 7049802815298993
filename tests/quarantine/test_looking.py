"""Counting, finding and showing quarantined messages; personal data stays covered unless asked for."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from beam_pipeline.messages import Message
from event_contract import MAX_MESSAGE_BYTES
from lake_cli.quarantine.masking import masked_payload, masked_reason
from lake_cli.quarantine.reading import read_refused
from tests.quarantine.conftest import SECRETS, Quarantine, refused_messages
from tests.samples import PUBLISH_MICROS, event, payload


def listed(quarantine: Quarantine, *arguments: str) -> list[str]:
    """Message ids that `list` shows."""
    rows = quarantine.ok("list", "--json", *arguments).splitlines()
    return sorted(json.loads(row)["message_id"] for row in rows)


def test_the_summary_counts_by_code_field_and_time(quarantine: Quarantine) -> None:
    found = json.loads(quarantine.ok("summary", "--json"))
    assert found["messages"] == len(refused_messages())
    assert found["by_code"]["wrong_type"] == 2
    assert {"code": "missing_field", "field": "city", "messages": 1} in found["by_field"]
    assert found["by_hour"]["2026-11-22T10"] == 1
    assert "7 messages in" in quarantine.ok("summary")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["m-0", "m-1", "m-2", "m-3", "m-4", "m-5", "m-6"]),
        (["--code=wrong_type"], ["m-4", "m-6"]),
        (["--code=wrong_type", "--code=invalid_json"], ["m-0", "m-4", "m-6"]),
        (["--field=city"], ["m-3"]),
        (["--event-type=order_completed"], ["m-5"]),
        (["--since=2026-11-22T15:00:00Z"], ["m-5", "m-6"]),
        (["--since=2026-11-22T16:00:00+01:00", "--until=2026-11-22T16:00:00"], ["m-5"]),
        (["--until=2026-11-22"], []),
        (["--text=FAX"], ["m-2"]),
        (["--text=sneaky@"], ["m-4"]),
        (["--text=expecting property"], ["m-0"]),
    ],
)
def test_filters_narrow_the_list(quarantine: Quarantine, arguments: list[str], expected: list[str]) -> None:
    assert listed(quarantine, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--code=wrongtype"], "wrongtype"),
        (["--event-type=page"], "page"),
        (["--since=yesterday"], "yesterday"),
    ],
)
def test_a_filter_that_can_never_match_is_a_mistake(quarantine: Quarantine, arguments: list[str], told: str) -> None:
    result = quarantine.call("list", *arguments)
    assert result.exit_code != 0
    assert told in str(result.exception)


def test_a_folder_without_quarantine_is_told(tmp_path: Path) -> None:
    result = Quarantine("", str(tmp_path / "nothing")).call("summary")
    assert "there is no quarantine" in str(result.exception)


def test_nothing_but_show_raw_prints_personal_data(quarantine: Quarantine) -> None:
    printed = [
        quarantine.ok("summary"),
        quarantine.ok("list"),
        quarantine.ok("list", "--json"),
        quarantine.ok("replay"),
    ]
    printed += [quarantine.ok("show", f"m-{number}") for number in range(len(refused_messages()))]
    for secret in SECRETS:
        assert not [text for text in printed if secret in text], secret
    assert "zoe@example.com" in quarantine.ok("show", "m-0", "--raw")
    assert "Zoë Müller" in quarantine.ok("show", "m-3", "--raw")


@pytest.mark.parametrize("raw", [False, True])
def test_the_caret_stands_under_the_byte_at_fault(quarantine: Quarantine, raw: bool) -> None:
    lines = quarantine.ok("show", "m-1", *(["--raw"] if raw else [])).splitlines()
    (caret,) = (index for index, line in enumerate(lines) if line.strip() == "^ byte 36")
    above = lines[caret - 1][lines[caret].index("^") :]
    assert above.startswith("\\xf6" if raw else "*")
    assert refused_messages()[1].data[36] == 0xF6


def test_the_field_at_fault_is_marked_and_an_absent_one_named(quarantine: Quarantine) -> None:
    marked = [line for line in quarantine.ok("show", "m-4").splitlines() if "<-- here" in line]
    assert marked == ['    "marketing_opt_in": "yes"   <-- here: marketing_opt_in']
    assert "<-- here: city is absent" in quarantine.ok("show", "m-3")


def test_a_field_deep_inside_is_marked_in_its_own_item(quarantine: Quarantine) -> None:
    order = event("order_completed")
    order["items"] = [order["items"][0], {**order["items"][1], "quantity": 0}]
    quarantine.ingest([Message(payload(order), "deep-1", PUBLISH_MICROS)])
    (marked,) = (line for line in quarantine.ok("show", "deep-1").splitlines() if "<-- here" in line)
    assert marked.strip() == '"quantity": 0   <-- here: items[1].quantity'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1b[2J\x1b]0;owned\x07{}",
        b"[" * 5000,
        b"x" * (MAX_MESSAGE_BYTES + 1),
        "[red]{\u202e}".encode(),
        b'{"a":1,"a":2}',
    ],
    ids=["empty", "escape codes", "deep", "large", "markup", "twice"],
)
def test_any_bytes_can_be_shown_without_harm_to_the_terminal(quarantine: Quarantine, data: bytes) -> None:
    quarantine.ingest([Message(data, "hostile", PUBLISH_MICROS, {"\x1b": "\x07"})])
    for arguments in (["show", "hostile"], ["show", "hostile", "--raw"], ["list"], ["summary"]):
        printed = quarantine.ok(*arguments)
        assert all(character.isprintable() or character == "\n" for character in printed)


def test_the_start_of_a_fingerprint_is_enough(quarantine: Quarantine) -> None:
    fingerprint = next(iter(read_refused(quarantine.root))).envelope.fingerprint
    assert fingerprint in quarantine.ok("show", fingerprint[:12])
    assert "no message" in str(quarantine.call("show", fingerprint[:5]).exception)
    assert "no message" in str(quarantine.call("show", "0" * 64).exception)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b'{"email":"a@b.c"}', b'{"email":"a****"}'),
        (b'{"email": "a@b', b'{"email": "a**'),
        (b'{"category":"Home","x":12}', b'{"category":"Home","x":1*}'),
        (b'{"page_path":"/u/zoe@example.com"}', b'{"page_path":"/*****************"}'),
        (b'{"items":[{"name":"Zoe"}],"total":"1.00"}', b'{"items":[{"name":"Z**"}],"total":"1.00"}'),
        ("Zoë lives here".encode(), b"Z*** l**** h***"),
    ],
)
def test_what_may_be_personal_is_masked_byte_for_byte(sent: bytes, shown: bytes) -> None:
    assert masked_payload(sent) == shown
    assert len(shown) == len(sent)


def test_a_reason_keeps_names_and_numbers_and_loses_quotations() -> None:
    assert masked_reason("'order_paid' is not one of x, y") == "'order_paid' is not one of x, y"
    assert masked_reason("'Zoe Miller' is not one of x") == "'Z***' is not one of x"
    assert masked_reason("got zoe@example.com - at `$.items[0].name`") == "got z*** - at `$.items[0].name`"


@pytest.mark.parametrize("form", ["payloads", "envelopes", "repair"])
def test_an_export_holds_every_message_and_only_its_owner_reads_it(
    quarantine: Quarantine, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "out.ndjson"
    assert "7 messages written" in quarantine.ok("export", f"--as={form}", f"--output={file}")
    lines = file.read_bytes().splitlines()
    assert len(lines) == 7
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if form == "payloads":
        assert set(lines) == {message.data for message in refused_messages()}


def test_payloads_with_line_breaks_of_their_own_are_left_out_and_counted(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    bodies = [b"no json\nat all", b'{"pretty":\n1}']
    quarantine.ingest(Message(body, f"b-{i}", PUBLISH_MICROS) for i, body in enumerate(bodies))
    printed = quarantine.ok("export", "--output", str(tmp_path / "x"), "--id=b-0", "--id=b-1")
    assert "1 messages written" in printed
    assert "1 have line breaks" in printed
    assert (tmp_path / "x").read_bytes() == b'{"pretty": 1}\n'
