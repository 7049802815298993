"""The pages of the repository that people read, and what stands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md"))
    if page.name != "CHANGELOG.md"
)
_SHELL: Final = frozenset({"", "bash", "sh", "console"})
_FENCE: Final = re.compile(r"\s*```(\w*)")
_INLINE: Final = re.compile(r"(?<!`)`((?:LAKE_PLATFORM=\w+ )?lake [^`]+)`(?!`)")


class Command(NamedTuple):
    """One documented command: where it stands, and its words without environment and comment."""

    place: str
    words: list[str]


def blocks(page: Path) -> Iterator[tuple[int, str]]:
    """Lines of the blocks that show shell commands: their number and text, those continued by a backslash as one."""
    fence: str | None = None
    begun = ""
    indent = "    "  # of a block; twice as much within an item of a list
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        marker = _FENCE.match(line)
        if marker:
            fence = marker[1] if fence is None else None
            continue
        if line and not line.startswith(" "):
            indent = "        " if re.match(r"[-*] |\d+\. ", line) else "    "
        if fence in _SHELL if fence is not None else line.startswith(indent):
            if line.endswith("\\"):
                begun += line.removesuffix("\\")
                continue
            yield number, f"{begun}{line}".strip()
        begun = ""


def commands(page: Path) -> Iterator[Command]:
    """Documented commands: those of blocks, and those of `lake` in running text."""
    for number, line in blocks(page):
        if not re.match(r"[a-z./]|[A-Z_]+=", line):
            continue
        place = f"{page.relative_to(ROOT)}:{number}"
        for part in re.split(r"\s(?:&&|\|\||;)\s", line):
            yield Command(place, _words(part))
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        for found in _INLINE.finditer(line):
            yield Command(f"{page.relative_to(ROOT)}:{number}", _words(found[1]))


def _words(text: str) -> list[str]:
    text = re.sub(r"^\w+=\$\((.*)\)$", r"\1", text)  # a variable that takes what a command prints
    words = shlex.split(re.sub(r"^(\w+=(\$\([^)]*\)|\S*)\s+)+", "", text), comments=True)
    return words[: words.index("|")] if "|" in words else words
