"""What is documented can be typed: every command exists, with every option that is shown.

Those of README are executed, in order, by `make prove-readme`.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from beam_pipeline.options import DIRECT_RUNNER_OPTIONS, JOB_OPTIONS
from lake_cli.cli import app
from lake_cli.reference import commands as lake_commands
from tests.documentation.pages import PAGES, ROOT, Command, blocks, commands

# Programs of others: what they take cannot be known here, folders and files that are named must exist.
FOREIGN = {"airflow", "cd", "export", "gcloud", "pre-commit", "source", "sqlfluff", "terraform", "uv", "pytest"}
FOREIGN |= {"find", "git", "printf", "rm", "sed"}

MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
JOB_NAMES = {f"--{option.name}" for option in (*JOB_OPTIONS, *DIRECT_RUNNER_OPTIONS)} | {"--runner"}
LAKE = typer.main.get_command(app)


def check_lake(words: list[str]) -> None:
    """Raises if `lake` does not know the command or an option of it."""
    command, context = LAKE, typer.Context(LAKE)
    arguments = words[1:]
    while hasattr(command, "resolve_command") and arguments and not arguments[0].startswith("-"):
        command, arguments = command.resolve_command(context, arguments[:1])[1], arguments[1:]
        context = typer.Context(command)
    if command.context_settings.get("ignore_unknown_options"):
        arguments = [each for each in arguments if each.partition("=")[0] not in JOB_NAMES]
    try:
        command.make_parser(context).parse_args(arguments)
    except typer.BadParameter.__mro__[2] as error:
        if "requires an argument" not in str(error):  # running text names an option without its value
            raise


def check_dbt(words: list[str]) -> None:
    from dbt.cli.main import cli

    command: Any = cli
    arguments = words[1:]
    while hasattr(command, "commands"):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {each for each in arguments if each.startswith("-")} <= known


def check(command: Command) -> None:
    program, *arguments = command.words
    if program == "lake":
        check_lake(command.words)
    elif program == "make":
        assert {each for each in arguments if "=" not in each} <= MAKE_TARGETS
    elif program == "dbt":
        check_dbt(command.words)
    elif program == "python":
        if arguments[0] == "-m":
            assert importlib.util.find_spec(arguments[1]), arguments[1]
        if arguments[:2] == ["-m", "beam_pipeline"]:
            assert {each.partition("=")[0] for each in arguments[2:] if each != "--help"} <= JOB_NAMES
    else:
        assert program in FOREIGN, "a program that this test does not know"
        for word in arguments:
            named = re.fullmatch(r"-(?:chdir|var-file)=([\w./-]+)", word)
            assert named is None or any((ROOT / base / named[1]).exists() for base in (".", "terraform")), word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_documented_command_exists_with_its_options(page: Path) -> None:
    for command in commands(page):
        try:
            check(command)
        except Exception as error:
            raise AssertionError(f"{command.place}: {shlex.join(command.words)}: {error}") from error


def test_every_example_in_help_exists_with_its_options() -> None:
    examples = [
        shlex.split(found)
        for _, command in lake_commands()
        for found in re.findall(r"`(lake [^`]+)`", command.help or "")
    ]
    assert len(examples) > 40
    for words in examples:
        check_lake(words)


def test_a_command_that_does_not_exist_is_noticed(tmp_path: Path) -> None:
    page = ROOT / "docs" / "quarantine.md"
    assert sum(1 for _ in blocks(page)) >= 5
    for wrong in ("lake quarantine lst", "lake quarantine list --kode x", "make prov", "python -m benchmarks.nothing"):
        with pytest.raises(Exception, match=r"."):
            check(Command("here", wrong.split()))
