"""The `lake` command answers at once, explains itself, and refuses in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lake_cli.console import activation, wrapped

COMMANDS = ("demo", "up", "down", "status", "ingest", "produce", "warehouse")


def lake(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    source = {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200", "NO_COLOR": "1"}
    source["XDG_STATE_HOME"] = str(folder / "state") if folder else os.devnull
    return subprocess.run(
        [sys.executable, "-c", "from lake_cli.cli import main; main()", *arguments],
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


@pytest.mark.parametrize("arguments", [("--help",), ("quarantine", "summary", "--quarantine-path", ".")], ids=" ".join)
def test_small_commands_load_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    heavy = ("apache_beam", "google.cloud.pubsub_v1", "grpc", "faker", "dbt", "duckdb")
    probe = (
        "import sys\nfrom lake_cli.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    command = [sys.executable, "-c", probe, *arguments]
    source = {"PYTHONPATH": str(Path(__file__).parents[2])}
    shown = subprocess.run(command, cwd=tmp_path, env=os.environ | source, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_long_error_is_cut_between_words_and_never_within_a_command() -> None:
    line = "lake: error: the ingestion has ended and messages wait: `lake up --folder /srv/shop` starts it again"
    cut = wrapped(line, 60)
    assert all(len(each) <= 60 for each in cut.splitlines())
    assert "`lake up --folder /srv/shop`" in cut
    assert cut.split() == line.split()


def test_a_shell_that_does_not_know_lake_is_told_how_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "my env/bin").mkdir(parents=True)
    (tmp_path / "my env/bin/activate").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "my env"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert activation() == "source 'my env/bin/activate'"
    (tmp_path / "lake").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert activation() is None


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
