"""What `lake demo --live` shows while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lake_cli.local.demo.live.account import Counts
from lake_cli.local.demo.live.chaos import Fault, Kind

FAULTS_SHOWN: Final = 5
_CODES_SHOWN: Final = 3
_RATE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Moment:
    """Everything that is shown, at one moment.

    Attributes:
        at: now, in seconds since the epoch.
        seconds: for how long it has been running.
        of_seconds: of how many; None: until Ctrl-C.
        phase: what is under way.
        counts: the account.
        published_per_second, written_per_second: over the last seconds.
        pid: the process of the ingestion, if it runs.
        starts: how often it has been started.
        faults: all so far; None without chaos.
    """

    at: float
    seconds: float
    of_seconds: float | None
    phase: str
    counts: Counts = field(default_factory=Counts)
    published_per_second: float = 0.0
    written_per_second: float = 0.0
    pid: int | None = None
    starts: int = 1
    faults: Sequence[Fault] | None = None


class Rates:
    """Published and written messages a second, over the last ten seconds."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, int, int]] = deque()

    def __call__(self, at: float, counts: Counts) -> tuple[float, float]:
        """Takes note, and returns both."""
        self._past.append((at, counts.published, counts.published - counts.waiting))
        while at - self._past[0][0] > _RATE_SECONDS:
            self._past.popleft()
        seconds = at - self._past[0][0]
        if not seconds:
            return 0.0, 0.0
        return tuple((now - then) / seconds for now, then in zip(self._past[-1][1:], self._past[0][1:], strict=True))  # type: ignore[return-value]


def lines(moment: Moment) -> list[tuple[str, str]]:
    """Names and what they are now."""
    counts = moment.counts
    found = [
        ("published", f"{counts.published:,} messages, {moment.published_per_second:,.0f}/s"),
        ("written", f"{counts.published - counts.waiting:,} messages, {moment.written_per_second:,.0f}/s"),
        ("lag", _lag(moment)),
        ("quarantine", _quarantine(counts)),
        ("revenue", _revenue(counts)),
        ("ingestion", _ingestion(moment)),
    ]
    if moment.faults is not None:
        found.append(("faults", _faults(moment.faults)))
    return found


def account(counts: Counts) -> str:
    """The account in one line; it says so if a message is missing that the ingestion claims to have written."""
    line = f"published {counts.published:,} = lake {counts.in_lake:,} + quarantine {counts.in_quarantine:,}"
    if counts.waiting:
        line += f" + under way {counts.waiting:,}"
    return f"{line}; {counts.overdue:,} LOST: before the watermark" if counts.overdue else f"{line}; lost: 0"


def view(moment: Moment) -> RenderableType:
    """All of it, for a terminal of 80 columns or more."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", width=10)
    table.add_column(overflow="fold")
    table.add_row("lake demo", Text(f"{moment.phase}, {_clock(moment.seconds, moment.of_seconds)}"))
    for name, words in lines(moment):
        table.add_row(name, Text(words))
    for fault in (moment.faults or ())[-FAULTS_SHOWN:]:
        table.add_row("", Text(fault_line(fault), style="dim"))
    lost = moment.counts.overdue > 0
    mark = Text("✗ " if lost else "✓ ", style="bold red" if lost else "bold green")
    table.add_row("account", mark + Text(account(moment.counts)))
    return Group(table)


def plain(moment: Moment) -> str:
    """The same on one line, for a build log."""
    parts = [f"{name} {words}" for name, words in lines(moment) if name in ("lag", "revenue", "faults")]
    return f"{moment.phase}: {account(moment.counts)}; {'; '.join(parts)}"


def fault_line(fault: Fault) -> str:
    """When it was, and what."""
    return f"{datetime.fromtimestamp(fault.at, UTC):%H:%M:%S}  {fault.kind}: {fault.detail}"


def _clock(seconds: float, of_seconds: float | None) -> str:
    def written(value: float) -> str:
        return f"{int(value) // 60}:{int(value) % 60:02}"

    return f"{written(seconds)} min" + (f" of {written(of_seconds)}" if of_seconds else "; Ctrl-C ends it")


def _lag(moment: Moment) -> str:
    counts = moment.counts
    oldest = f"oldest message under way {counts.oldest_waiting_seconds:,.1f} s"
    if counts.watermark is None:
        return f"{oldest}, no watermark yet"
    return f"{oldest}, watermark {max(0.0, moment.at - counts.watermark.watermark.timestamp()):,.0f} s"


def _quarantine(counts: Counts) -> str:
    shown = list(counts.by_code.items())[:_CODES_SHOWN]
    more = len(counts.by_code) - len(shown)
    codes = ", ".join([f"{code} {count:,}" for code, count in shown] + ([f"{more} more"] if more else []))
    return f"{counts.in_quarantine:,}" + (f": {codes}" if codes else "")


def _revenue(counts: Counts) -> str:
    if counts.newest_order is None:
        return "no orders yet"
    amounts = ", ".join(f"{total:,.2f} {currency}" for currency, total in counts.revenue.items())
    return f"{amounts} in {counts.orders:,} orders, the newest of {counts.newest_order:%H:%M:%S} UTC"


def _ingestion(moment: Moment) -> str:
    state = f"process {moment.pid}" if moment.pid is not None else "is started again"
    return f"{state}, started {moment.starts:,} times" if moment.starts > 1 else state


def _faults(faults: Sequence[Fault]) -> str:
    kinds = ", ".join(f"{kind} {sum(fault.kind is kind for fault in faults):,}" for kind in Kind)
    return f"{len(faults):,}: {kinds}"
