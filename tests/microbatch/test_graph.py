"""The graph of a micro-batch."""

import tempfile
from pathlib import Path

import pytest

from beam_pipeline.microbatch.graph import MicroBatchGraph
from tests.pipelines import config


def test_building_the_graph_leaves_no_temporary_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    MicroBatchGraph(config(tmp_path / "roots"))
    assert list(tmp_path.iterdir()) == []
