"""Airflow homes, made once and copied."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestration.home import AirflowHome
from tests.warm_python import WarmPython


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what needs Airflow where it is not installed: the platform's main job does not need it."""
    if importlib.util.find_spec("airflow") is not None:
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(
                pytest.mark.skip(reason="Airflow is not installed: uv pip install -r requirements/orchestration.txt")
            )


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory, warm_dbt: str) -> Iterator[AirflowHome]:
    """A home with a migrated database and nothing else. Not to be changed."""
    home = AirflowHome(tmp_path_factory.mktemp("airflow"), dbt_python=warm_dbt)
    airflow = WarmPython("airflow", home.environment())
    home.airflow_python = airflow.executable
    made = home.python("-c", "from airflow.utils.db import initdb; initdb()")
    assert made.returncode == 0, made.stdout
    yield home
    airflow.stop()


@pytest.fixture
def home(empty_home: AirflowHome, tmp_path: Path) -> AirflowHome:
    """A fresh home of this test."""
    return empty_home.copy_to(tmp_path / "home")
