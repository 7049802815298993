"""Benchmarks do the same work whenever they are run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from benchmarks.contenders import messages, our_graph
from tests.ingestion.lake_reading import messages_in

COUNT = 300
CLOCKS = {
    "leap day": datetime(2028, 2, 29, 12, tzinfo=UTC),
    "year's end": datetime(2026, 12, 31, 23, 59, 59, 900_000, tzinfo=UTC),
    "400 days ahead": datetime.now(UTC) + timedelta(days=400),
}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str | None]]:
    return verdicts(tmp_path_factory.mktemp("today"))


def verdicts(folder: Path) -> list[tuple[str, str | None]]:
    """What the graph says of each of the benchmark's messages: None, or why it is refused."""
    our_graph(messages(COUNT), "gzip")(folder)()
    return sorted((one.message_id, one.code) for one in messages_in(folder / "lake", folder / "quarantine"))


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_same_messages_are_refused_for_the_same_reasons(
    clock: str, today: list[tuple[str, str | None]], tmp_path: Path
) -> None:
    with time_machine.travel(CLOCKS[clock]):
        found = verdicts(tmp_path)
    assert found == today
    assert len(found) == COUNT
