"""What went wrong in a run of dbt, from its run_results.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FailedNode:
    """A test that found rows (`status` fail), or a model, test or seed that could not run (`status` error).

    Attributes:
        name: as in the project.
        message: what dbt said, on one line.
        query: the compiled SQL of a test, which selects the offending rows; empty for anything else.
    """

    name: str
    status: str
    message: str
    query: str


def failed_nodes(run_results: Path) -> list[FailedNode]:
    """The failures of a run; none if dbt ended before it could write the file."""
    if not run_results.exists():
        return []
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return [
        FailedNode(
            name=str(result["unique_id"]).split(".")[2],
            status=str(result["status"]),
            message=" ".join(str(result["message"]).split())[:500],
            query=str(result["compiled_code"] or "") if str(result["unique_id"]).startswith("test.") else "",
        )
        for result in results
        if result["status"] in ("error", "fail")
    ]


def rows_of(shown: str) -> list[str]:
    """The rows that `dbt show --output json` printed, one compact line each; none if it printed something else."""
    try:
        rows = json.loads(shown[shown.index("{") :])["show"]
    except (ValueError, KeyError):
        return []
    return [json.dumps(row, ensure_ascii=False) for row in rows]
