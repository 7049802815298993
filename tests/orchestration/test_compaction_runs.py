"""The nightly DAG on a real lake: settled days are compacted; without the command nothing happens, and says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.lifecycle.lakes import MINUTE, in_folder, message
from tests.orchestration.home import AirflowHome, Run
from tests.samples import PUBLISH_MICROS

DAG = "ecommerce_lake_compaction"


@pytest.mark.proof
def test_the_nightly_run_compacts_what_has_settled_and_is_skipped_without_the_command(home: AirflowHome) -> None:
    lake = in_folder(home.root / "data")
    for minute in range(5):
        lake.write([message(minute, PUBLISH_MICROS + minute * MINUTE)])
    lake.settle()
    before = lake.lines()

    (skipped,) = home.run(Run(), dag=DAG)
    assert set(skipped.tasks.values()) == {"skipped"}
    assert len(lake.objects()) == 5

    (compacted,) = home.run(Run(), dag=DAG, lake_command=str(Path(sys.executable).with_name("lake")))
    assert compacted.state == "success", compacted.log[-4000:]
    assert "5 objects became 1" in compacted.log
    assert "There is no order to erase anyone." in compacted.log
    assert len(list((home.root / "data/lake/_control/census").glob("*.json"))) == 1
    assert len([name for name in lake.objects() if "-rewritten" in name]) == 1
    assert set(lake.lines()) == set(before)
