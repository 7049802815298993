"""Where the commands print, and what keeps printed commands fit to be pasted."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Final

from rich.console import Console

_WIDTH_ELSEWHERE: Final = 120  # a build log or a file has no width of its own; Rich would wrap at 80


def open_console() -> Console:
    """Standard output, as wide as the terminal if it is one."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE)


def activation() -> str | None:
    """The command that makes `lake` known to the shell; None if it is known already."""
    if shutil.which("lake"):
        return None
    script = Path(sys.prefix, "bin", "activate")
    return f"source {shlex.quote(short(script))}" if script.exists() else None


def short(path: Path) -> str:
    """A path below the working directory as relative to it, any other as it is."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def has_desktop() -> bool:
    """Whether a browser would come up in a window, and not take over the terminal."""
    return sys.stdout.isatty() and (
        sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    )


def wrapped(line: str, width: int) -> str:
    """A long line cut between words; a command between backticks stays whole, so that it can be pasted."""
    kept = re.sub(r"`[^`]+`", lambda command: command[0].replace(" ", _KEPT_SPACE), line)
    return textwrap.fill(kept, width, break_long_words=False, break_on_hyphens=False).replace(_KEPT_SPACE, " ")


_KEPT_SPACE: Final = "\0"
