"""No log, no error and no progress line says what a message said, however the run goes."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions

from beam_pipeline import storage
from beam_pipeline.main import main
from event_contract import EVENT_TYPES
from tests.faults.driving import FaultyStorage, hurry
from tests.faults.service import Service
from tests.ingestion.lake_reading import messages_in
from tests.samples import event, payload

SECRET = "zoe-secret-5f2c"
PERSONAL = {
    "user_registered": ("user_id", "name", "email", "address", "city", "postal_code", "anonymous_id", "session_id"),
    "page_viewed": ("user_id", "anonymous_id", "session_id", "referrer"),
}


def marked(document: Any, place: str = "") -> Any:
    """The document with the secret in every text, and in a field that nobody knows."""
    if isinstance(document, dict):
        return {**{name: marked(value, name) for name, value in document.items()}, f"x_{SECRET}": SECRET}
    if isinstance(document, list):
        return [marked(one, place) for one in document]
    return f"{SECRET} {place}" if isinstance(document, str) else document


def payloads() -> list[bytes]:
    """Valid events with a secret in each personal field, and every kind of damage to them."""
    valid = [event(kind, **dict.fromkeys(names, f"{SECRET}@example.com")) for kind, names in PERSONAL.items()]
    one_wrong = [payload({**event(kind), name: f"{SECRET}{'x' * 600}"}) for kind in EVENT_TYPES for name in event(kind)]
    wrong_type = [payload({**event(kind), name: {SECRET: SECRET}}) for kind in EVENT_TYPES for name in event(kind)]
    return [
        *map(payload, valid),
        *one_wrong,
        *wrong_type,
        *(payload({**marked(event(kind)), "event_type": kind}) for kind in EVENT_TYPES),
        *(payload(marked(event(kind))) for kind in EVENT_TYPES),
        payload(valid[0])[:-20],
        payload(valid[0]).replace(b"{", b"{,", 1),
        b"\xff" + payload(valid[0]),
        SECRET.encode(),
        json.dumps(SECRET).encode(),
        json.dumps([valid[0]]).encode(),
        payload({**valid[0], "note": SECRET * 30_000}),
    ]


@pytest.mark.parametrize("ends", ["well", "storage fails", "subscription is lost"])
def test_what_a_message_said_is_in_no_log(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    """Faults that pass in every phase, and one that does not."""
    hurry(monkeypatch)
    bodies = payloads()
    service = Service(bodies, per_pull=40)
    # After a lost answer a run waits for as long as its messages may be leased before it believes that nothing is left.
    service.ack_deadline_seconds = 1
    monkeypatch.setattr("beam_pipeline.microbatch.run.LEASE_SECONDS", 1)
    monkeypatch.setattr("beam_pipeline.microbatch.driver.LEASE_SECONDS", 1)
    monkeypatch.setattr("beam_pipeline.microbatch.leases.TAKEN_WITHIN_SECONDS", 1)
    service.attributes = {"event_type": SECRET, SECRET: SECRET}
    monkeypatch.setattr("beam_pipeline.microbatch.subscription.SubscriberClient", service.client)
    lasting, passing = OSError(errno.ENOSPC, "No space left on device"), ConnectionResetError(errno.ECONNRESET, "reset")
    faulty = FaultyStorage("quarantine object", [(lambda: lasting if ends == "storage fails" else passing, False)])
    monkeypatch.setattr(storage, "_store_local", faulty)

    def fail(call: str, number: int) -> None:
        if ends == "subscription is lost" and call == "pull" and number > 4:
            raise exceptions.PermissionDenied("not allowed any more")
        if number % 2 and number < 12:
            raise exceptions.ServiceUnavailable("connection lost")

    service.before = fail
    with caplog.at_level(logging.DEBUG):
        code = main(
            [
                "--input_subscription=projects/lake-tests/subscriptions/unkind",
                f"--output_path={tmp_path}/lake",
                f"--quarantine_path={tmp_path}/quarantine",
                f"--summary_file={tmp_path}/summary.json",
                "--stop_after_idle_seconds=0.2",
            ]
        )
    assert code == (0 if ends == "well" else 1)
    captured = capfd.readouterr()
    told = "\n".join([caplog.text, captured.out, captured.err, (tmp_path / "summary.json").read_text()])
    assert faulty.injected
    assert "trying again" in told
    assert {"well": "Done", "storage fails": "No space left", "subscription is lost": "not allowed"}[ends] in told
    assert SECRET not in told
    if ends == "well":
        found = list(messages_in(tmp_path / "lake", tmp_path / "quarantine"))
        assert len(found) == len(bodies)
        assert sum(SECRET.encode() in one.data for one in found) == len(bodies)
        assert {one.code for one in found} >= {None, "invalid_json", "message_too_large", "unknown_event_type"}


@pytest.mark.parametrize("fails", [False, True], ids=["written", "storage fails"])
def test_nor_is_what_a_line_of_a_file_said(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fails: bool,
) -> None:
    source = tmp_path / "in.ndjson"
    source.write_bytes(b"\n".join(payloads()) + b"\n")
    if fails:

        def store(*_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr("beam_pipeline.writing.store", store)
    with caplog.at_level(logging.DEBUG):
        code = main([f"--input_files={source}", f"--output_path={tmp_path}/lake", f"--quarantine_path={tmp_path}/q"])
    assert code == int(fails)
    told = caplog.text + "".join(capfd.readouterr())
    assert ("PermissionError" if fails else "Done") in told
    assert SECRET not in told
