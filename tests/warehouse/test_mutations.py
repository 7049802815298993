"""A few of the ways to break the models; `python -m benchmarks.mutate_warehouse` tries them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutate_warehouse import MUTATIONS, Workshop
from warehouse_runner.dbt_run import PROJECT_DIR

SAMPLE = ("fct_orders", "rpt_conversion_funnel")


def test_every_mutation_still_applies() -> None:
    for mutation in MUTATIONS:
        assert mutation.old in (PROJECT_DIR / mutation.file).read_text(encoding="utf-8"), mutation


def test_every_model_is_mutated() -> None:
    models = {path.stem for path in (PROJECT_DIR / "models").rglob("*.sql")}
    assert models - {mutation.model for mutation in MUTATIONS} == set()


@pytest.mark.slow
def test_a_broken_model_turns_a_test_red(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    assert workshop.sound, workshop.output
    for model in SAMPLE:
        mutation = next(each for each in MUTATIONS if each.model == model)
        assert workshop.notices(mutation), mutation
