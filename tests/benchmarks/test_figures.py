"""Results: kept with the machine they were found on, and a bar that is missed is seen."""

import json
from pathlib import Path

import pytest

from benchmarks.figures import Bar, finish, table


@pytest.mark.parametrize(
    ("bar", "reached"),
    [
        (Bar("rate", 1.0, 1.0), True),
        (Bar("rate", 0.99, 1.0), False),
        (Bar("seconds", 5.0, 5.0, at_most=True), True),
        (Bar("seconds", 5.01, 5.0, at_most=True), False),
    ],
)
def test_a_bar_is_reached_at_its_limit(bar: Bar, reached: bool) -> None:
    assert bar.reached is reached
    assert ("MISSED" in bar.line()) is not reached


def test_a_missed_bar_is_shown_kept_and_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = finish("speed", {"rate": 7}, [Bar("slow", 0.5, 1.0), Bar("fast", 2.0, 1.0)], tmp_path)

    assert code == 1
    assert "bar MISSED  slow: 0.50 (>= 1.00)" in capsys.readouterr().out
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert kept["rate"] == 7
    assert [bar["reached"] for bar in kept["bars"]] == [False, True]
    assert kept["machine"]["cores"] >= 1


def test_all_bars_reached_is_success(tmp_path: Path) -> None:
    assert finish("speed", {}, [Bar("fast", 2.0, 1.0)], tmp_path) == 0


def test_a_table_lines_up() -> None:
    assert table(["", "rate"], [["ours", "1,000"], ["a rival", "7"]]).splitlines() == [
        "            rate",
        "  ours     1,000",
        "  a rival      7",
    ]
