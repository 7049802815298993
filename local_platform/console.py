"""Where the commands print."""

from __future__ import annotations

import sys

from rich.console import Console

_WIDTH_ELSEWHERE = 120  # a build log or a file has no width of its own; Rich would wrap at 80


def open_console() -> Console:
    """Standard output, as wide as the terminal if it is one."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE)
