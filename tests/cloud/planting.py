"""Copies of the Terraform code with a fault, to see the rule that forbids it turn red."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.cloud import hcl
from tests.cloud.stand_ins import ROOT

_LEFT_OUT = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "__pycache__", "target", "logs", "*.tfstate*")
# What the platform's files name outside their folder.
_NAMED = ("dags", "dbt", "event_contract/schemas", "flex_template", "requirements", "warehouse_runner", "docs")


def copy(to: Path, *others: str) -> Path:
    """Copies terraform/, and folders beside it, below a folder; returns the copy of terraform/."""
    for folder in ("terraform", *others):
        shutil.copytree(ROOT / folder, to / folder, ignore=_LEFT_OUT)
    return to / "terraform"


def copy_with_what_it_names(to: Path) -> Path:
    """As `copy`, with all that an apply reads."""
    return copy(to, *_NAMED)


def replace(terraform: Path, relative: str, old: str, new: str) -> None:
    """Changes a file of a copy; what is replaced must stand there once, or the fault would not be what it is called."""
    file = terraform / relative
    before = file.read_text()
    assert before.count(old) == 1, f"{old!r} stands {before.count(old)} times in {relative}"
    file.write_text(before.replace(old, new))


def runs(test_file: str) -> dict[str, str]:
    """The `run` blocks of a file below terraform/tests, by name; what stands before them under ''."""
    head, *blocks = re.split(r"^(?=run \")", hcl.text(f"tests/{test_file}.tftest.hcl"), flags=re.M)
    return {"": head} | {block.split('"')[1]: block for block in blocks}
