"""What the last build of a warehouse said: its tests, and from what each report is made."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from lake_cli.errors import LakeError
from lake_cli.places import Places


class ReportLineage(msgspec.Struct, frozen=True):
    """A report: the models that it reads, and the tables of the lake that they all come from."""

    report: str
    models: list[str]
    sources: list[str]


class LastBuild(msgspec.Struct, frozen=True):
    """The last build that ran dbt, as `warehouse_runner` left it.

    Attributes:
        ended_at: when.
        published: its reports are those that are shown.
        tests_passed, tests_warned, tests_failed, tests_skipped: counts of data tests.
        failures: one line per failed model or test.
        warnings: one line per test that warned.
    """

    ended_at: datetime
    published: bool
    tests_passed: int
    tests_warned: int
    tests_failed: int
    tests_skipped: int
    failures: list[str] = []
    warnings: list[str] = []

    @property
    def tests(self) -> str:
        """The counts in words."""
        counts = {"passed": self.tests_passed, "warned": self.tests_warned, "failed": self.tests_failed}
        counts["skipped"] = self.tests_skipped
        return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name in ("passed", "failed"))


def read_last_build(places: Places) -> LastBuild | None:
    """The last build; None if none is known.

    Raises:
        LakeError: its file holds something else.
    """
    file = places.dbt / "last_build.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=LastBuild)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LakeError(f"{file} is not a record of a build ({error}): the next build writes it again") from None


def read_lineage(places: Places) -> list[ReportLineage]:
    """Every report with what it is made from, by dbt's manifest; empty before the first build."""
    try:
        manifest = json.loads((places.dbt / "target" / "manifest.json").read_bytes())
    except (FileNotFoundError, ValueError):  # ValueError: dbt is writing it
        return []
    parents: dict[str, list[str]] = manifest["parent_map"]
    reports = sorted(each for each in parents if each.startswith("model.") and _name(each).startswith("rpt_"))
    return [
        ReportLineage(
            _name(each),
            sorted(_name(parent) for parent in parents[each]),
            sorted({_name(source) for source in _above(each, parents) if source.startswith("source.")}),
        )
        for each in reports
    ]


def _above(node: str, parents: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        fresh = [parent for parent in parents.get(waiting.pop(), []) if parent not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _name(node: str) -> str:
    return node.rpartition(".")[2]
