"""What `lake produce` tells the person who waits: what will happen, how far it is, what happened."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from producer.config import Plan
from producer.ledger import Progress as Callback
from producer.ledger import Summary
from producer.messages import DELIVERIES
from producer.publish import PublishFailed


def _console() -> Console:
    """Standard error: what a person reads is not the program's output."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def announce(plan: Plan, seed: int, target: str) -> None:
    """Says what is about to be simulated."""
    begin = f"{plan.start:%Y-%m-%d %H:%M %Z}"
    if plan.messages is None:
        what = f"live traffic from {begin}, {plan.rate:g} messages/s, until Ctrl-C"
    else:
        what = f"{plan.messages:,} messages over {plan.days} days from {begin}"
    _console().print(f"{what}, seed {seed}, to {target}", markup=False)


@contextmanager
def progress_bar(plan: Plan) -> Iterator[Callback]:
    """A bar for the time of a run; call what it yields with the number of messages sent since the last call."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("messages"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console()) as progress:
        task = progress.add_task("sent", total=plan.messages)
        yield lambda sent: progress.advance(task, sent)


def summarise(summary: Summary, plan: Plan, seed: int, target: str, truth: Path | None) -> None:
    """Says what was sent, in numbers, and where to look."""
    console = _console()
    console.print(_table("event type", summary.types), _table("kind", _by_kind(summary)), sep="\n")
    if summary.codes:
        console.print(_table("expected reason code", summary.codes))
    ended = "interrupted; " if summary.interrupted else ""
    console.print(
        f"{ended}{summary.messages:,} messages, {summary.payload_bytes / 1e6:,.1f} MB in {summary.seconds:.1f} s"
        f" ({summary.messages_per_second:,.0f} messages/s) to {target}",
        markup=False,
    )
    console.print(f"again: the same options with --seed {seed} --start {plan.start.isoformat()}", markup=False)
    if truth is not None:
        console.print(f"truth: {truth}", markup=False)


def failed(error: PublishFailed, truth: Path | None) -> None:
    """Says that publishing broke off, and what is known of the messages."""
    console = _console()
    console.print(f"lake produce: publishing broke off: {error}", markup=False)
    if truth is not None:
        console.print(f"acknowledged messages are recorded in {truth}", markup=False)


def _by_kind(summary: Summary) -> Counter[str]:
    kinds = Counter({kind: summary.kinds[kind] for kind in DELIVERIES})
    kinds["poison"] = summary.poison
    return kinds


def _table(what: str, counts: Counter[str]) -> Table:
    table = Table(what, "messages", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, number in counts.most_common():
        table.add_row(name, f"{number:,}")
    return table
