"""Where the moments of a running demo are shown: in place on a terminal, as a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console
from rich.live import Live

from lake_cli.local.demo.live.view import Moment, fault_line, plain, view

_PLAIN_SECONDS: Final = 3.0

Show = Callable[[Moment], None]


@contextlib.contextmanager
def open_screen(console: Console) -> Iterator[Show]:
    """What shows a moment; the last one stays on the terminal."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda moment: live.update(view(moment), refresh=True)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._faults = 0
        self._told_at = 0.0

    def __call__(self, moment: Moment) -> None:
        faults = moment.faults or ()
        for fault in faults[self._faults :]:
            self._print(f"  {fault_line(fault)}")
        self._faults = len(faults)
        if time.monotonic() - self._told_at >= _PLAIN_SECONDS:
            self._told_at = time.monotonic()
            self._print(f"[{moment.seconds:6.1f} s] {plain(moment)}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
