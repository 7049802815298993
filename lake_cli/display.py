"""Progress while a person, or a build log, waits: live bars on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Task as RichTask
from rich.table import Table
from rich.text import Text

_PLAIN_SECONDS: Final = 3.0


class Task(Protocol):
    """One thing that is under way."""

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        """So many are done; `note` says something about them; `total`, if it is only known now."""

    def finish(self, note: str, *, failed: bool = False) -> None:
        """It is over; `note` says how it went."""


class Display(Protocol):
    """Where progress is shown."""

    def say(self, line: str) -> None:
        """A line that stays."""

    def task(self, label: str, total: int | None = None) -> Task:
        """Begin something; `total` is how many there are to do, if that is known."""


@contextlib.contextmanager
def open_display(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Display]:
    """The display that suits the console: live if it is a terminal. `clock` tells seconds."""
    if not console.is_terminal:
        yield _PlainDisplay(console, clock)
        return
    columns = (
        _MarkColumn(finished_text="[green]✓"),
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _LiveDisplay(progress)


def wording(done: int, total: int | None, note: str) -> str:
    """`12,000 of 50,000 (24 %), note`; before anything is done, just the note."""
    share = f"{done:,} of {total:,} ({100 * done // total} %)" if total else f"{done:,}" if done else ""
    return note if note and not done else ", ".join(filter(None, (share, note)))


def counts_table(title: str, rows: dict[str, int], total: int) -> Table:
    """Counts by name, largest first, with their total."""
    table = Table(title=title, title_justify="left", show_footer=True, min_width=len(title))
    table.add_column("", footer="total")
    table.add_column("messages", justify="right", footer=f"{total:,}")
    for name, count in sorted(rows.items(), key=lambda row: -row[1]):
        table.add_row(name, f"{count:,}")
    return table


class _MarkColumn(SpinnerColumn):
    """A spinner, then a check mark, or a cross for what failed."""

    def render(self, task: RichTask) -> RenderableType:
        return Text("✗", style="red") if task.fields["failed"] else super().render(task)


class _LiveDisplay:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def say(self, line: str) -> None:
        self._progress.console.print(line, highlight=False)

    def task(self, label: str, total: int | None = None) -> Task:
        return _LiveTask(self._progress, self._progress.add_task(label, total=total, note="", failed=False), total)


class _LiveTask:
    def __init__(self, progress: Progress, task: TaskID, total: int | None) -> None:
        self._progress = progress
        self._task = task
        self._total = total

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        self._total = total or self._total
        shown = wording(done, self._total, note)
        self._progress.update(self._task, total=self._total, completed=done, note=shown)

    def finish(self, note: str, *, failed: bool = False) -> None:
        total = self._total or 1
        self._progress.update(self._task, total=total, completed=total, note=note, failed=failed)
        self._progress.stop_task(self._task)


class _PlainDisplay:
    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._started = clock()

    def say(self, line: str) -> None:
        self._console.print(
            f"[{self._clock() - self._started:6.1f} s] {line}", highlight=False, markup=False, soft_wrap=True
        )

    def task(self, label: str, total: int | None = None) -> Task:
        return _PlainTask(label, total, self.say, self._clock)


class _PlainTask:
    def __init__(self, label: str, total: int | None, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._label = label
        self._total = total
        self._say = say
        self._clock = clock
        self._said = clock()
        say(f"{label}: begins")

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        self._total = total or self._total
        if self._clock() - self._said >= _PLAIN_SECONDS:
            self._said = self._clock()
            self._say(f"{self._label}: {wording(done, self._total, note)}")

    def finish(self, note: str, *, failed: bool = False) -> None:
        self._say(f"{self._label}: {'FAILED, ' if failed else ''}{note}")
