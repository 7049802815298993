"""`lake demo`, whole: through Pub/Sub and through a file, twice, and interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lake_cli import lake_files
from lake_cli.local import pubsub
from lake_cli.local.emulator_launchers import EmulatorUnavailable, find_launcher
from lake_cli.local.ingestion import read_summary
from lake_cli.places import Places
from tests.conftest import do_without_emulator

pytestmark = pytest.mark.slow

EVENTS = 2_000
ACCOUNT = re.compile(r"✓ published 2,000 = lake ([\d,]+) \+ quarantine ([\d,]+): every message is accounted for")


def start_demo(folder: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PUBSUB_EMULATOR_HOST"}
    return subprocess.Popen(
        [sys.executable, "-c", "from lake_cli.cli import main; main()", "demo", *options],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def demo(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    with start_demo(folder, "--events", str(EVENTS), *options, **variables) as process:
        output, errors = process.communicate(timeout=180)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@pytest.fixture
def needs_emulator() -> None:
    try:
        find_launcher(os.environ)
    except EmulatorUnavailable as reason:
        do_without_emulator(reason)


def check_account(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    """The account printed is the one that the files give, and everything promised is there."""
    assert done.returncode == 0, done.stdout + done.stderr
    account = ACCOUNT.search(done.stdout)
    assert account is not None, done.stdout
    places = Places(folder)
    in_lake, in_quarantine = (
        sum(len(lake_files.read_lines(file)) for file in lake_files.data_files(root))
        for root in (places.lake, places.quarantine)
    )
    assert (f"{in_lake:,}", f"{in_quarantine:,}") == account.groups()
    assert in_lake + in_quarantine == EVENTS
    summary = read_summary(places.ingest_summary)
    assert summary is not None
    assert summary.state == "finished"
    assert "order_completed" in done.stdout
    assert "invalid_json" in done.stdout
    assert re.search(r"dbt models: \d+ built; tests: \d+ passed.*; reports published", done.stdout)
    assert "peak memory" in done.stdout
    page = re.search(r"Open the report: (\S+)", done.stdout)
    assert page is not None
    assert places.page.match(page[1])
    assert "<html" in places.page.read_text()[:1000]


def left_running(folder: Path, output: str) -> list[str]:
    """Command lines of processes that belong to a demo."""
    port = re.search(r"127\.0\.0\.1:(\d+)", output)
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        ours = process.info["cwd"] == str(folder) or (port is not None and f"--port={port[1]}" in command)
        if ours and process.status() != psutil.STATUS_ZOMBIE:
            found.append(" ".join(command))
    return found


def test_through_pubsub_and_then_through_a_file_with_another_seed(needs_emulator: None, tmp_path: Path) -> None:
    """The second takes the folder of the first, which is one of the user's choice."""
    first = demo(tmp_path, "--folder", "shop")
    check_account(first, tmp_path / "shop")
    assert "Pub/Sub emulator at 127.0.0.1:" in first.stdout
    assert re.search(r"publish: 2,000 messages, [\d,]+/s", first.stdout)
    assert left_running(tmp_path, first.stdout) == []

    second = demo(tmp_path, "--file-mode", "--folder", "shop", "--seed", "7", "--poison-rate", "0.05")
    check_account(second, tmp_path / "shop")
    assert "emulator" not in second.stdout
    accounts = [ACCOUNT.search(done.stdout) for done in (first, second)]
    assert accounts[0] is not None
    assert accounts[1] is not None
    assert accounts[0].groups() != accounts[1].groups()
    assert not (tmp_path / ".lake").exists()


def test_without_an_emulator_it_says_what_to_install_and_goes_through_a_file(tmp_path: Path) -> None:
    with start_demo(tmp_path, PATH=str(tmp_path)) as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if "ingest: begins" in line:
                process.send_signal(signal.SIGINT)  # the rest is the file mode's, tested above
        assert process.stderr is not None
        errors = process.stderr.read()
    assert "Going through a file instead of Pub/Sub" in output
    assert "gcloud components install pubsub-emulator" in output
    assert "write: 50,000 messages" in output
    assert process.returncode == 130, output + errors
    assert left_running(tmp_path, "") == []


def test_a_folder_of_somebody_else_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    refused = demo(tmp_path, "--folder", ".")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("lake: error: --folder . holds thesis.txt")
    assert refused.stderr.count("\n") == 1


def test_an_emulator_named_but_dead_is_an_error_and_no_reason_to_use_a_file(tmp_path: Path) -> None:
    refused = demo(tmp_path, PUBSUB_EMULATOR_HOST="127.0.0.1:1")
    assert refused.returncode == 2
    assert "PUBSUB_EMULATOR_HOST is '127.0.0.1:1'" in refused.stderr


@pytest.mark.parametrize(("number", "when"), [(signal.SIGINT, "publish: "), (signal.SIGTERM, "dbt: begins")])
def test_interrupted_it_leaves_nothing_running(
    number: signal.Signals, when: str, needs_emulator: None, tmp_path: Path
) -> None:
    with start_demo(tmp_path, "--events", "20000") as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if when in line:
                break
        if when == "publish: ":
            time.sleep(1)  # the ingestion has been started beside it
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted. Everything started has been ended" in rest
    assert "Traceback" not in errors
    log = (tmp_path / ".lake/demo/logs/emulator.log").read_text()
    port = re.search(r"listening on (\d+)", log)
    assert port is not None
    assert left_running(tmp_path, f"127.0.0.1:{port[1]}") == []
    assert not pubsub.answers(f"127.0.0.1:{port[1]}", timeout_seconds=0.5)
