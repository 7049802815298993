"""Writes what follows from the contract, or checks that it is up to date.

    python -m event_contract.generate            # write
    python -m event_contract.generate --check    # exit code 1, naming the files, if one differs

Generated: BigQuery schemas, dbt sources, the event reference.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from event_contract.columns import MANIFEST_COLUMNS, QUARANTINE_COLUMNS, event_columns
from event_contract.events import EVENT_TYPES
from event_contract.rendering_bigquery import bigquery_schema
from event_contract.rendering_dbt import dbt_sources
from event_contract.rendering_reference import event_reference

ROOT: Final = Path(__file__).resolve().parent.parent


def generated_files() -> dict[str, str]:
    """Content of every generated file, by its path relative to the repository."""
    schemas = {event_type: event_columns(event_type) for event_type in EVENT_TYPES}
    schemas |= {"quarantine": QUARANTINE_COLUMNS, "manifest": MANIFEST_COLUMNS}
    files = {
        f"event_contract/schemas/bigquery/{name}.json": bigquery_schema(columns) for name, columns in schemas.items()
    }
    files["dbt/models/staging/_sources.yml"] = dbt_sources()
    files["docs/events.md"] = event_reference()
    return files


def outdated(root: Path = ROOT) -> list[str]:
    """Paths of generated files that are missing or differ from what the contract says now."""
    return [
        path
        for path, content in generated_files().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != content
    ]


def main() -> int:
    """Writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m event_contract.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    arguments = parser.parse_args()
    stale = outdated()
    if arguments.check:
        for path in stale:
            sys.stderr.write(f"{path} is out of date: run `make generate`\n")
        return 1 if stale else 0
    contents = generated_files()
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(contents[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
