"""The `lake` command answers at once, explains itself, and refuses in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("demo", "up", "down", "status", "ingest", "produce", "warehouse")


def lake(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    source = {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-c", "from local_platform.cli import main; main()", *arguments],
        cwd=folder,
        env=os.environ | source | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command() -> None:
    shown = lake("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in shown.stdout
    assert lake().stdout == shown.stdout, "without a command, the help"


def test_help_loads_nothing_heavy() -> None:
    heavy = ("apache_beam", "google.cloud.pubsub_v1", "grpc", "faker", "dbt", "duckdb", "altair", "pandas")
    probe = (
        "import sys\nfrom local_platform.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", probe, "--help"], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = lake(command, "--help")
    assert shown.returncode == 0
    assert f"Usage: lake {command}" in shown.stdout
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "demo",
            (
                *("--events", "--days", "--seed", "--poison-rate", "--duplicate-rate", "--late-rate"),
                *("--folder", "--file-mode", "[default: 50000]", "[default: 42]", "[default: .lake/demo]"),
            ),
        ),
        ("up", ("--project", "--topic", "--subscription", "--folder", "PUBSUB_EMULATOR_HOST")),
        ("down", ("--drain-seconds", "[default: 60")),
        ("status", ("--folder", "--json")),
        ("ingest", ("python -m beam_pipeline", "--stop_after_idle_seconds")),
    ],
)
def test_options_and_defaults_are_shown(command: str, options: tuple[str, ...]) -> None:
    shown = " ".join(lake(command, "--help").stdout.split())
    for option in options:
        assert option in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("demo", "--events", "many"), "--events"),
        (("demo", "--events", "-5"), "--events"),
        (("demo", "--poison-rate", "2"), "--poison-rate"),
        (("demo", "--sed", "1"), "--seed"),
        (("dmeo",), "demo"),
        (("up", "--project", "ab"), "project id 'ab' is not valid: use 6 to 30"),
        (("ingest",), "--input_subscription"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    shown = lake(*arguments, folder=tmp_path)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.startswith("lake: error: ")
    assert shown.stderr.count("\n") == 1
    assert words in shown.stderr


def test_ingest_passes_options_on_and_fills_in_the_local_ones(tmp_path: Path) -> None:
    (tmp_path / "messages.ndjson").write_bytes(b"{\n")
    done = lake("ingest", "--input_files=messages.ndjson", "--compression=none", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    written = [file for file in (tmp_path / ".lake/live/quarantine").rglob("*.ndjson") if file.is_file()]
    assert len(written) == 1
    assert "reason=invalid_json" in str(written[0])


def test_a_bad_option_of_the_job_is_one_line_too(tmp_path: Path) -> None:
    refused = lake("ingest", "--input_files=*.none", folder=tmp_path)
    assert refused.returncode == 2
    assert "--input_files=*.none matches no file" in refused.stderr
    assert refused.stderr.count("\n") == 1
