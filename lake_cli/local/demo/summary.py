"""What the demo ends with: the account in numbers, and where to look next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from beam_pipeline.run_summary import RunSummary
from lake_cli.console import activation, short
from lake_cli.display import counts_table
from lake_cli.local.demo.audit import Audit
from lake_cli.places import Places
from warehouse_runner import BuildResult


@dataclass(frozen=True)
class DemoResult:
    """What every phase of a demo gave. `seconds` is by phase, in their order; `page` is None if there is nothing to show."""

    transport: str
    ingest: RunSummary
    audit: Audit
    warehouse: BuildResult
    page: Path | None
    seconds: Mapping[str, float]

    @property
    def succeeded(self) -> bool:
        """Whether every message is accounted for, the warehouse was built and its tests passed, and the page is there."""
        return self.audit.holds and self.warehouse.succeeded and self.page is not None


def show(result: DemoResult, places: Places, console: Console) -> None:
    """Print it."""
    contents = result.audit.manifest
    console.print()
    console.print(counts_table("In the lake, by event type", contents.rows_by_type, contents.lake_rows))
    console.print(counts_table("In quarantine, by reason code", contents.rows_by_code, contents.quarantine_rows))
    console.print(_facts(result))
    for line in (*result.warehouse.failures, *result.warehouse.warnings):
        console.print(f"  dbt: {line}", markup=False, highlight=False)
    console.print()
    console.print(account_line(result.audit), highlight=False)
    if result.page is not None:
        console.print(f"[bold]Open the report:[/bold] {short(result.page)}", highlight=False, soft_wrap=True)
    console.print(f"Logs: {short(places.logs)}. Look closer:", highlight=False, soft_wrap=True)
    for command in next_commands(places, "status", "quarantine summary", "dashboard", "docs"):
        console.print(f"    {command}", markup=False, highlight=False, soft_wrap=True)


def next_commands(places: Places, *words: str) -> list[str]:
    """What to type next, with the demo's folder; each can be pasted as it is."""
    folder = f"--folder {shlex.quote(short(places.folder))}"
    commands = [f"lake {each} {folder}" for each in words]
    return [*filter(None, [activation()]), *commands]


def account_line(audit: Audit) -> str:
    """Whether every message is accounted for, as Rich markup."""
    if not audit.holds:
        return f"[bold red]✗ {audit.equation}: {'; '.join(audit.reasons)}[/bold red]"
    repeated = f" ({audit.repeated_lines:,} lines are redeliveries)" if audit.repeated_lines else ""
    return f"[bold green]✓ {audit.equation}: every message is accounted for[/bold green]{repeated}"


def _facts(result: DemoResult) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    ingest, audit, warehouse = result.ingest, result.audit, result.warehouse
    facts.add_row("through", result.transport)
    sent = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in audit.published_by_kind.items())
    facts.add_row("published", f"{audit.published:,}: {sent}")
    facts.add_row(
        "objects",
        f"{audit.manifest.lake_objects:,} in the lake, {audit.manifest.quarantine_objects:,} in quarantine, "
        f"{audit.manifest.bytes / 1e6:,.1f} MB stored",
    )
    facts.add_row(
        "ingestion",
        f"{ingest.messages_per_second:,.0f} messages/s in {ingest.batches:,} batches, "
        f"peak memory {ingest.peak_rss_bytes / 1e6:,.0f} MB",
    )
    facts.add_row("warehouse", _warehouse(warehouse))
    facts.add_row("seconds", ", ".join(f"{phase} {seconds:,.1f}" for phase, seconds in result.seconds.items()))
    return facts


def _warehouse(result: BuildResult) -> str:
    models = _counted(built=result.models_built, failed=result.models_failed, skipped=result.models_skipped)
    tests = _counted(
        passed=result.tests_passed, warned=result.tests_warned, failed=result.tests_failed, skipped=result.tests_skipped
    )
    published = "reports published" if result.published else "[red]reports not published[/red]"
    return f"dbt models: {models}; tests: {tests}; {published}"


def _counted(**counts: int) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"
