"""Commands that live in other packages, imported when they are called: `lake --help` need not wait for them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final

import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Elsewhere:
    """A Typer app in another module, and the line that `lake --help` shows for it."""

    module: str
    attribute: str
    help: str


ELSEWHERE: Final = {
    "cloud": Elsewhere(
        "lake_cli.cloud.cli", "app", "Google Cloud: deploy a release, see what runs, open Looker Studio."
    ),
    "compact": Elsewhere("lake_cli.lifecycle.compact_cli", "app", "Join the small objects of settled days."),
    "audit": Elsewhere("lake_cli.lifecycle.audit_cli", "app", "Compare publishers' ledgers with lake and quarantine."),
    "contract": Elsewhere(
        "lake_cli.contract.cli",
        "app",
        "The event contract: what changes, what the lake holds, fields to adopt, export.",
    ),
    "dashboard": Elsewhere(
        "lake_cli.dashboard.cli", "app", "Serve the page of the reports, and operations live, on this machine."
    ),
    "docs": Elsewhere("lake_cli.docs", "app", "Document the warehouse: models, columns, tests, lineage."),
    "erase": Elsewhere(
        "lake_cli.lifecycle.erase_cli", "app", "Erase persons, with a receipt that is a standing order."
    ),
    "manifest": Elsewhere(
        "lake_cli.manifest.cli", "app", "Compare the manifest with the objects of lake and quarantine, and repair it."
    ),
    "produce": Elsewhere(
        "lake_cli.local.produce", "app", "Simulate the shop: publish its events to a topic, or write them to a file."
    ),
    "quarantine": Elsewhere(
        "lake_cli.quarantine.cli", "app", "Look at quarantined messages, repair them, send them again."
    ),
    "warehouse": Elsewhere("lake_cli.warehouse", "app", "Build and test the warehouse with dbt on DuckDB."),
}


class LakeCommands(TyperGroup):
    """The commands of `lake`: its own, and those of `ELSEWHERE`, for which a placeholder stands until one is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first argument names, imported now if it lives elsewhere."""
        elsewhere = ELSEWHERE.get(args[0])
        if elsewhere is not None:
            app: typer.Typer = getattr(importlib.import_module(elsewhere.module), elsewhere.attribute)
            self.add_command(typer.main.get_command(app), args[0])
        found = super().resolve_command(ctx, args)
        _list_examples(found[1])
        return found


def _list_examples(command: Any) -> None:
    """Puts every example of a command's help on a line of its own: one that is wrapped cannot be pasted."""
    before, examples, after = (command.help or "").partition("Examples: `")
    if examples:
        listed = "\n".join(f"- `{each.strip().strip('`')}`" for each in after.split("·"))
        command.help = f"{before}Examples:\n\n{listed}"
    for inner in getattr(command, "commands", {}).values():
        _list_examples(inner)


def add_placeholders(app: typer.Typer) -> None:
    """Make the commands of `ELSEWHERE` appear in the help."""
    for name, elsewhere in ELSEWHERE.items():
        app.command(name, help=elsewhere.help)(_placeholder)


def _placeholder() -> None:
    raise AssertionError("LakeCommands puts the real command in its place before it is called")
