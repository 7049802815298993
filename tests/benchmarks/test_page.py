"""The page says what the results say, and nothing else."""

import re
from pathlib import Path

import pytest

from benchmarks.figures import RESULTS
from benchmarks.page import PICTURE, ResultsMissing, render, results

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_results_render_to() -> None:
    found = results(RESULTS)

    assert (DOCS / "benchmarks.md").read_text() == render(found), "run python -m benchmarks.page"


def test_a_missed_bar_stands_on_the_page() -> None:
    found = results(RESULTS)
    found["latency"]["bars"] = [
        {"name": "p99 of a bad day", "value": 7.5, "limit": 5.0, "at_most": True, "reached": False}
    ]

    assert "| p99 of a bad day | 7.50 | ≤ 5.00 | **missed** |" in render(found)


def test_every_table_has_rows_as_wide_as_its_head() -> None:
    found = results(RESULTS)
    tables = re.findall(r"^\|.*\n\|[-:|]+\n(?:\|.*\n)*", render(found), re.M)

    assert len(tables) == 18 + ("lifecycle" in found)
    for table in tables:
        widths = {line.count("|") for line in table.splitlines()}
        assert len(table.splitlines()) > 2
        assert len(widths) == 1, table


def test_the_picture_is_there_and_small() -> None:
    assert 10_000 < (DOCS / PICTURE).stat().st_size < 150_000


def test_a_benchmark_without_results_is_named_with_its_command(tmp_path: Path) -> None:
    with pytest.raises(ResultsMissing, match=r"run python -m benchmarks\.graph"):
        results(tmp_path)
