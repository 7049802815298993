"""Writes what follows from the contract, or checks that it is up to date.

    python -m event_contract.generate            # write
    python -m event_contract.generate --check    # exit code 1, naming the files, if one differs
    python -m event_contract.generate --accept-breaking    # write even if contract.lock says that a change breaks somebody

Generated: BigQuery schemas (from which Terraform makes tables), dbt sources, staging models, the columns of `int_events`, the
event reference.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from event_contract.columns import MANIFEST_COLUMNS, QUARANTINE_COLUMNS, event_columns
from event_contract.comparing import Change, compare
from event_contract.events import EVENT_TYPES
from event_contract.lock import LOCK_FILE, described, written
from event_contract.rendering_bigquery import bigquery_schema
from event_contract.rendering_data_map import data_map
from event_contract.rendering_dbt import dbt_sources
from event_contract.rendering_reference import event_reference
from event_contract.rendering_warehouse import (
    STAGING_FOLDER,
    check_shared_columns,
    event_types_macro,
    int_events_description,
    staging_descriptions,
    staging_model,
)

ROOT: Final = Path(__file__).resolve().parent.parent
_SCHEMAS: Final = "event_contract/schemas/bigquery"
_FOLDERS: Final = (_SCHEMAS, STAGING_FOLDER)


def generated_files() -> dict[str, str]:
    """Content of every generated file, by its path relative to the repository."""
    check_shared_columns()
    schemas = {event_type: event_columns(event_type) for event_type in EVENT_TYPES}
    schemas |= {"quarantine": QUARANTINE_COLUMNS, "manifest": MANIFEST_COLUMNS}
    files = {f"{_SCHEMAS}/{name}.json": bigquery_schema(columns) for name, columns in schemas.items()}
    files |= {f"{STAGING_FOLDER}/stg_{event_type}.sql": staging_model(event_type) for event_type in EVENT_TYPES}
    files[f"{STAGING_FOLDER}/_events.yml"] = staging_descriptions()
    files["dbt/macros/event_types.sql"] = event_types_macro()
    files["dbt/models/intermediate/int_events.yml"] = int_events_description()
    files["dbt/models/staging/_sources.yml"] = dbt_sources()
    files["docs/events.md"] = event_reference()
    files[LOCK_FILE] = written(described())
    files["docs/data-map.md"] = data_map()
    return files


def outdated(root: Path = ROOT) -> list[str]:
    """Paths of generated files that are missing or differ from what the contract says now, or belong to a type that is gone."""
    files = generated_files()
    changed = [
        path
        for path, content in files.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != content
    ]
    there = (path.relative_to(root).as_posix() for folder in _FOLDERS for path in sorted((root / folder).glob("*.*")))
    return changed + [path for path in there if path not in files]


def unreleased(root: Path = ROOT) -> list[Change]:
    """What the contract changes against `contract.lock`."""
    lock = root / LOCK_FILE
    return compare(json.loads(lock.read_text(encoding="utf-8")), described()) if lock.is_file() else []


def main() -> int:
    """Writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m event_contract.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    parser.add_argument(
        "--accept-breaking", action="store_true", help="write although a change breaks what is released"
    )
    arguments = parser.parse_args()
    broken = [change for change in unreleased() if change.breaking]
    if broken and not arguments.accept_breaking:
        sys.stderr.writelines(f"{change}\n" for change in broken)
        sys.stderr.write(
            "Nothing was written. Give the type a new version (docs/your-own-events.md), or, if nobody is hurt, run"
            " `python -m event_contract.generate --accept-breaking`\n"
        )
        return 1
    stale = outdated()
    if arguments.check:
        for path in stale:
            sys.stderr.write(f"{path} is out of date: run `make generate`\n")
        return 1 if stale else 0
    contents = generated_files()
    for path in stale:
        if path in contents:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(contents[path], encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
        else:
            (ROOT / path).unlink()
            sys.stdout.write(f"removed {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
