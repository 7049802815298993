"""Commands that live in other packages, imported when they are called: `lake --help` need not wait for them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Elsewhere:
    """A Typer app in another module, and the line that `lake --help` shows for it."""

    module: str
    attribute: str
    help: str


ELSEWHERE = {
    "cloud": Elsewhere(
        "local_platform.cloud.cli", "app", "Google Cloud: deploy a release, see what runs, open Looker Studio."
    ),
    "produce": Elsewhere(
        "producer.cli", "app", "Simulate the shop: publish its events to a topic, or write them to a file."
    ),
    "quarantine": Elsewhere(
        "local_platform.quarantine.cli", "app", "Look at refused messages, repair them, send them again."
    ),
    "warehouse": Elsewhere("local_platform.warehouse.cli", "app", "Build and test the warehouse with dbt on DuckDB."),
}


class LakeCommands(TyperGroup):
    """The commands of `lake`: its own, and those of `ELSEWHERE`, for which a placeholder stands until one is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first argument names, imported now if it lives elsewhere."""
        elsewhere = ELSEWHERE.get(args[0])
        if elsewhere is not None:
            app: typer.Typer = getattr(importlib.import_module(elsewhere.module), elsewhere.attribute)
            self.add_command(typer.main.get_command(app), args[0])
        return super().resolve_command(ctx, args)


def add_placeholders(app: typer.Typer) -> None:
    """Make the commands of `ELSEWHERE` appear in the help."""
    for name, elsewhere in ELSEWHERE.items():
        app.command(name, help=elsewhere.help)(_placeholder)


def _placeholder() -> None:
    raise AssertionError("LakeCommands puts the real command in its place before it is called")
