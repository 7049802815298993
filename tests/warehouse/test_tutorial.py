"""What docs/your-own-events.md says, done in a copy of the repository, over a lake that the contract of before has written.

In the suite it builds what the changes touch. `make prove-contract` builds the whole warehouse, first with the contract of before
and then with the changed one, and runs the tests of the contract in the copy.
"""

# ruff: noqa: S608 - the names in these queries are our own

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation.pages import blocks
from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake, arrival
from warehouse_runner.dbt_run import PROJECT_DIR

pytestmark = pytest.mark.slow

ROOT = PROJECT_DIR.parent
PAGE_FILE = ROOT / "docs/your-own-events.md"
PAGE = PAGE_FILE.read_text(encoding="utf-8")
WHOLE = os.environ.get("CONTRACT_PROOF") == "1"
COPIED = (
    "event_contract",
    "dbt",
    "docs",
    "tests",
    "warehouse_runner",
    "lake_cli",
    "beam_pipeline",
    "terraform",
    "benchmarks",
    "flex_template",
    "requirements",
)
STEP = re.compile(
    r"""```\w+ title="(?P<file>[^"]+)"(?: (?P<how>\w+)="(?P<name>\w+)")?\n(?P<text>.*?)```"""
    r"""|^```text\n(?P<shown>.*?)```|^    (?P<command>(?:make|lake) [^\n]+)$""",
    re.S | re.M,
)
LAKE = "import sys; from lake_cli.cli import main; sys.argv[0] = 'lake'; sys.exit(main())"
GENERATE = """
import runpy, sys
for module in sys.argv[1:]:
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        assert not end.code
"""
TOUCHED = ("+rpt_wishlist_shares", "+rpt_data_quality", "+fct_ad_clicks", "stg_page_viewed")

NEW_EVENTS = """
import sys
from pathlib import Path
from event_contract.examples import example
from tests.warehouse.lakes import Lake, arrival
lake = Lake(Path(sys.argv[1]))
lake._batches = 1
at = "2026-11-21T10:00:00Z"
def sent(name, **changes):
    own = example(name) | changes
    sending = arrival(name, at)
    sending.event.update({field: own[field] for field in own if field not in ("event_id", "timestamp")})
    return sending
lake.write(sent("wishlist_shared"), sent("wishlist_shared"), sent("ad_clicked"), sent("page_viewed"))
old = arrival("ad_clicked", at)
old.event.pop("landing_page", None)
old.event.update({"channel": "search", "landing_path": "/old", "schema_version": 1, "campaign_id": "c-1", "ad_id": "ad-1"})
lake.write(old)
"""


def apply(copy: Path, step: re.Match[str], said: str) -> str:
    """Does what one step of the page says; returns what its commands have said since something was shown last."""
    if step["command"]:
        return said + command(copy, shlex.split(step["command"]))
    if step["shown"]:
        shown = ".*".join(re.escape(part) for part in step["shown"].strip().split("…"))
        assert re.search(shown, said, re.S), f"the page shows\n{step['shown']}\nand the commands say\n{said}"
        return ""
    write(copy, step)
    return said


def command(copy: Path, words: list[str]) -> str:
    """Runs `make generate`, or a command of `lake`, as the copy has it."""
    if words[0] == "lake":
        return run(copy, sys.executable, "-c", LAKE, *words[1:], XDG_STATE_HOME=str(copy / "state"), CI="")
    assert words == ["make", "generate"]
    mapped = (copy / "event_contract/mappings/pixel.toml").is_file()  # until then the contract alone has changed
    others = ("beam_pipeline.template_metadata", "lake_cli.reference") if mapped else ()
    return run(copy, sys.executable, "-c", GENERATE, "event_contract.generate", *others)


def write(copy: Path, step: re.Match[str]) -> None:
    """Writes a file, or into one, as the page shows it."""
    file = copy / step["file"]
    if step["how"] == "adds":
        file.write_text(file.read_text(encoding="utf-8") + step["text"], encoding="utf-8")
        return
    if file.suffix != ".py":
        file.parent.mkdir(exist_ok=True)
        file.write_text(step["text"], encoding="utf-8")
        return
    source = file.read_text(encoding="utf-8")
    if step["how"] == "class":
        head, found, tail = source.partition(f"class {step['name']}(")
        body, end, rest = tail.partition("\n\n\n")
        file.write_text(head + found + body.rstrip() + "\n" + step["text"].rstrip() + end + rest, encoding="utf-8")
        return
    if step["how"] == "renames":
        source = source.replace(f"class {step['name']}(", f"class {step['name']}V1(")
    head, found, tail = source.partition("EVENT_VERSIONS: Final")
    file.write_text(f"{head}{step['text']}\n\n{found}{tail}", encoding="utf-8")


def run(copy: Path, *command: str, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def release(copy: Path) -> None:
    """Makes a git repository of the copy whose origin/main has the lock of before."""
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com")
    run(copy, *git, "init", "--quiet")
    run(copy, *git, "add", "contract.lock")
    run(copy, *git, "commit", "--quiet", "--message=Released")
    run(copy, *git, "update-ref", "refs/remotes/origin/main", "HEAD")


def changed(root: Path) -> Lake:
    """A lake of the contract of before, then the page's changes, events of the changed contract, and a build."""
    lake = Lake(root)
    lake.write(
        arrival("ad_clicked", "2026-11-20T10:00:00Z", landing_path="/sale"),
        arrival("page_viewed", "2026-11-20T10:00:00Z", page_path="/x", app_version="6.0"),
        arrival("page_viewed", "2026-11-20T11:00:00Z", page_path="/y", app_version="6.1"),
    )
    if WHOLE:
        build_ok(lake)
    copy = lake.root / "copy"
    for folder in COPIED:
        shutil.copytree(
            ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "target", "logs", ".terraform")
        )
    for file in ("contract.lock", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / file, copy)
    (copy / ".lake").mkdir()
    (copy / ".lake/live").symlink_to(lake.root)  # where `lake` looks, if no platform is up
    release(copy)
    said = ""
    for step in STEP.finditer(PAGE):
        said = apply(copy, step, said)
    run(copy, sys.executable, "-c", NEW_EVENTS, str(lake.root))
    if WHOLE:
        script = (
            "import sys; from pathlib import Path; from warehouse_runner import build; r = Path(sys.argv[1]);"
            "done = build(r / 'lake', r / 'quarantine', r / 'warehouse.duckdb');"
            "print(done.failures); sys.exit(not done.succeeded)"
        )
        run(copy, sys.executable, "-c", script, str(lake.root))
        tested = (
            "tests/event_contract",
            "tests/cloud/test_ties.py",
            "tests/warehouse/test_project.py",
            "tests/beam_pipeline/unit",
        )
        run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tested)
    else:
        places = {
            "LAKE_PATH": str(lake.path),
            "QUARANTINE_PATH": str(lake.quarantine_path),
            "DUCKDB_PATH": str(lake.warehouse),
            "DBT_TARGET_PATH": str(lake.root / "target"),
            "DBT_LOG_PATH": str(lake.root / "logs"),
        }
        dbt = [
            sys.executable,
            "-c",
            "from dbt.cli.main import cli; cli()",
            "build",
            "--project-dir",
            "dbt",
            "--profiles-dir",
            "dbt",
        ]
        days = json.dumps({"publish": False, "changed_dates": ["2025-11-21", "2026-11-20", "2026-11-21"]})
        run(
            copy,
            *dbt,
            "--vars",
            days,
            "--indirect-selection",
            "cautious",
            "--exclude-resource-type",
            "unit_test",
            "--select",
            *TOUCHED,
            **places,
        )
        run(
            copy,
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/event_contract/test_registry.py",
            "tests/event_contract/test_mapping.py",
        )
    return lake


@pytest.mark.proof
def test_every_command_of_the_page_is_executed() -> None:
    steps = list(STEP.finditer(PAGE))
    assert [step["how"] for step in steps if step["file"] == "event_contract/events.py"] == [None, "class", "renames"]
    assert [step["command"] for step in steps if step["command"]] == [line for _, line in blocks(PAGE_FILE)]
    assert sum(bool(step["shown"]) for step in steps) == 5


@pytest.mark.proof
def test_what_the_page_says_works(tmp_path: Path) -> None:
    warehouse = changed(tmp_path).warehouse
    schema = "reporting" if WHOLE else "reporting_audit"

    # A new type is staged, counted by name and reported.
    report = f"select event_date::varchar, share_channel, currency, shares, list_value::varchar from {schema}.rpt_wishlist_shares"
    assert rows(warehouse, report) == [("2026-11-21", "email", "EUR", 2, "19.80")]
    counted = f"select event_type, events, unreadable_rows from {schema}.rpt_data_quality where event_type = 'wishlist_shared'"
    assert rows(warehouse, counted) == [("wishlist_shared", 2, 0)]

    # Rows of both versions have the renamed field under both names, and who reads the old one reads all.
    staged = "select schema_version, landing_path, landing_page from staging.stg_ad_clicked order by all"
    versions = [(1, "/old", "/old"), (1, "/sale", "/sale"), (2, "/kitchen/mugs", "/kitchen/mugs")]
    assert rows(warehouse, staged) == versions
    assert rows(warehouse, "select count(*), count(landing_path) from marts.fct_ad_clicks") == [(3, 3)]

    # A new field is null where it was not sent; one that is adopted has what was sent before.
    views = "select page_path, campaign_code, app_version from staging.stg_page_viewed order by all"
    assert rows(warehouse, views) == [
        ("/kitchen/mugs", "text", "text"),
        ("/sale", None, None),
        ("/x", None, "6.0"),
        ("/y", None, "6.1"),
    ]
    shared = "select campaign_code from intermediate.int_events where event_type = 'page_viewed' order by all"
    assert rows(warehouse, shared) == [("text",), (None,), (None,), (None,)]

    # Another system's message is an event; its id follows from the one that was sent.
    visited = "select anonymous_id, event_date::varchar from staging.stg_page_viewed where page_path = '/sale'"
    assert rows(warehouse, visited) == [("v-1", "2025-11-21")]
