"""Progress: plain lines that do not flood a build log, live bars on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lake_cli import display as displays


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_elsewhere_than_a_terminal_a_line_comes_every_few_seconds() -> None:
    clock = Clock()
    written = io.StringIO()
    with displays.open_display(Console(file=written), clock) as display:
        task = display.task("publish", 1000)
        for done in range(0, 1000, 25):
            clock.now += 0.25
            task.update(done, "fast")
        task.finish("1,000 messages")
        display.task("audit").finish("1 is missing [see above]", failed=True)
    assert written.getvalue().splitlines() == [
        "[   0.0 s] publish: begins",
        "[   3.0 s] publish: 275 of 1,000 (27 %), fast",
        "[   6.0 s] publish: 575 of 1,000 (57 %), fast",
        "[   9.0 s] publish: 875 of 1,000 (87 %), fast",
        "[  10.0 s] publish: 1,000 messages",
        "[  10.0 s] audit: begins",
        "[  10.0 s] audit: FAILED, 1 is missing [see above]",
    ]


def test_on_a_terminal_every_task_has_its_bar_and_its_mark() -> None:
    written = io.StringIO()
    with displays.open_display(Console(file=written, force_terminal=True, width=100, color_system=None)) as display:
        display.say("a line that stays")
        task = display.task("publish")
        task.update(5, "fast", total=10)
        task.finish("10 messages")
        display.task("audit").finish("1 is missing", failed=True)
    shown = written.getvalue()
    assert "a line that stays" in shown
    publish = next(line for line in shown.splitlines() if "10 messages" in line)
    assert "✓ publish" in publish
    audit = next(line for line in shown.splitlines() if "1 is missing" in line)
    assert "✗ audit" in audit


@pytest.mark.parametrize(
    ("done", "total", "note", "words"),
    [
        (0, 50_000, "starting", "starting"),
        (0, 50_000, "", "0 of 50,000 (0 %)"),
        (12_000, 50_000, "9,000/s", "12,000 of 50,000 (24 %), 9,000/s"),
        (113, None, "files read", "113, files read"),
        (0, None, "", ""),
    ],
)
def test_progress_in_words(done: int, total: int | None, note: str, words: str) -> None:
    assert displays.wording(done, total, note) == words
