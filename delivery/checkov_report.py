"""Judges a checkov report in JSON: nothing failed, nothing unparsed, no check skipped without a reason. Exit code 1 otherwise."""

import json
import re
import sys
from pathlib import Path
from typing import Any

_SHORTEST_REASON = 15  # characters; "n/a" is no reason


def problems(results: dict[str, Any], folder: Path) -> list[str]:
    """What is wrong, one line each; empty if all is well.

    checkov drops a file that it cannot parse without a word, so every resource of a kind that it has checks for must have been
    looked at.
    """
    found = [f"cannot be parsed: {file}" for file in results["parsing_errors"]]
    found += [
        f"{c['check_id']} {c['resource']}: {c['check_name']} ({c['file_path']})" for c in results["failed_checks"]
    ]
    found += [
        f"{c['check_id']} {c['resource']}: skipped without a reason ({c['file_path']})"
        for c in results["skipped_checks"]
        if len(c["check_result"].get("suppress_comment") or "") < _SHORTEST_REASON
    ]
    looked_at = {
        ".".join(re.sub(r"\[.*?\]", "", check["resource"]).split(".")[-2:])
        for outcome in ("passed_checks", "failed_checks", "skipped_checks")
        for check in results[outcome]
    }
    kinds = {resource.split(".")[0] for resource in looked_at}
    for file in sorted(folder.rglob("*.tf")):
        for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', file.read_text(), re.M):
            if kind in kinds and f"{kind}.{name}" not in looked_at:
                found.append(f"{file}: checkov has not looked at {kind}.{name}")
    return found


if __name__ == "__main__":
    report, terraform = sys.argv[1:]
    lines = problems(json.loads(Path(report).read_text())["results"], Path(terraform))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.exit(bool(lines))
