"""What the demo that went on ends with: what was done to it, and the account."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from lake_cli.console import short
from lake_cli.display import counts_table
from lake_cli.local.demo.audit import Audit
from lake_cli.local.demo.live.chaos import Kind
from lake_cli.local.demo.summary import account_line, next_commands
from lake_cli.places import Places


@dataclass(frozen=True)
class LiveResult:
    """How it went.

    Attributes:
        faults: how many of each kind; None without chaos.
        starts: how often the ingestion was started.
        recorded_afterwards: objects that a killed ingestion had stored and not recorded.
        audit: the account, counted anew from the files.
    """

    faults: dict[Kind, int] | None
    starts: int
    recorded_afterwards: int
    audit: Audit


def show(result: LiveResult, places: Places, console: Console) -> None:
    """Print it."""
    contents = result.audit.manifest
    console.print()
    console.print(counts_table("In the lake, by event type", contents.rows_by_type, contents.lake_rows))
    console.print(counts_table("In quarantine, by reason code", contents.rows_by_code, contents.quarantine_rows))
    console.print(_facts(result))
    console.print()
    console.print(account_line(result.audit), highlight=False)
    console.print(f"Logs: {short(places.logs)}. Look closer:", highlight=False, soft_wrap=True)
    for command in next_commands(places, "status", "quarantine summary", "warehouse build", "dashboard"):
        console.print(f"    {command}", markup=False, highlight=False, soft_wrap=True)


def _facts(result: LiveResult) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    audit = result.audit
    sent = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in audit.published_by_kind.items())
    facts.add_row("published", f"{audit.published:,}: {sent}")
    facts.add_row(
        "objects",
        f"{audit.manifest.lake_objects:,} in the lake, {audit.manifest.quarantine_objects:,} in quarantine, "
        f"{audit.manifest.bytes / 1e6:,.1f} MB stored",
    )
    if result.faults is not None:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in result.faults.items())
        facts.add_row("faults", f"{sum(result.faults.values()):,}: {kinds}")
        facts.add_row(
            "ingestion",
            f"started {result.starts:,} times; {result.recorded_afterwards:,} objects that it had stored and not recorded"
            " when it was killed are recorded now",
        )
    return facts
