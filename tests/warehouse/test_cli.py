"""`lake warehouse`, as a person calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouse.lakes import Lake, arrival


def lake_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from lake_cli.cli import main; main()", "warehouse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--target", "mysql"), "'mysql' is not a target; choose duckdb or bigquery"),
        (("--date", "20.11.2026"), "'20.11.2026' is not a date; write it as YYYY-MM-DD"),
        (("--folder", "/nowhere/at/all"), "the lake /nowhere/at/all/lake does not exist; run the ingestion first"),
    ],
)
def test_a_bad_option_ends_in_one_line_and_exit_status_2(arguments: tuple[str, ...], complaint: str) -> None:
    done = lake_command("build", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_page_without_a_warehouse_names_the_remedy(tmp_path: Path) -> None:
    done = lake_command("report", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "build it first (lake warehouse build)" in done.stderr


@pytest.mark.slow
def test_build_says_what_it_did_and_report_where_the_page_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z"))
    built = lake_command("build", "--folder", str(tmp_path))
    assert built.returncode == 0, built.stdout + built.stderr
    assert "rebuilt    all days" in built.stdout
    assert "reports    reports published" in built.stdout
    reported = lake_command("report", "--folder", str(tmp_path))
    assert reported.returncode == 0
    assert (tmp_path / "report/index.html").as_uri() in reported.stdout
