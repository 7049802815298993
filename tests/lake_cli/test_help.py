"""Every command of `lake` explains itself."""

import pytest
import typer
from typer.testing import CliRunner

from lake_cli.cli import app
from lake_cli.lazy_commands import ELSEWHERE


def commands() -> list[list[str]]:
    """The words of every command, those of other packages included."""
    found: list[list[str]] = []
    root = typer.main.get_command(app)
    context = typer.Context(root)
    for name in root.list_commands(context):
        found.append([name])
        command = root.resolve_command(context, [name])[1]
        if hasattr(command, "list_commands"):
            found += [[name, inner] for inner in command.list_commands(context)]
    return found


def test_the_commands_of_other_packages_are_among_them() -> None:
    assert {words[0] for words in commands()} >= {*ELSEWHERE, "demo", "up", "down", "status", "ingest"}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_its_help_can_be_read(words: list[str]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Usage" in shown.output
    assert len(shown.output.splitlines()) > 5


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "demo",
            (
                *("--events", "--days", "--seed", "--poison-rate", "--duplicate-rate", "--late-rate"),
                *("--folder", "--file-mode", "[default: 50000]", "[default: 42]"),
            ),
        ),
        ("up", ("--project", "--topic", "--subscription", "--folder", "PUBSUB_EMULATOR_HOST")),
        ("down", ("--drain-seconds", "--discard")),
        ("status", ("--folder", "--json")),
        ("ingest", ("python -m beam_pipeline", "--stop_after_idle_seconds")),
    ],
)
def test_options_and_defaults_are_shown(command: str, options: tuple[str, ...]) -> None:
    shown = " ".join(CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [command, "--help"]).output.split())
    for option in options:
        assert option in shown
