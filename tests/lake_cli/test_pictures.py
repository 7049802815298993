"""What commands print on terminals of 80 and 120 columns, as pictures.

Renew them with RENEW_PICTURES=1 pytest tests/lake_cli/test_pictures.py, and look at the difference.
Those of help are generated: `make generate`, checked by `make lint`.
"""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from beam_pipeline.run_summary import RunSummary
from lake_cli.lake_files import Contents, Watermark
from lake_cli.local.demo import summary
from lake_cli.local.demo.audit import Audit, Counted
from lake_cli.local.demo.live.account import Counts
from lake_cli.local.demo.live.chaos import Fault, Kind
from lake_cli.local.demo.live.view import Moment, view
from lake_cli.local.demo.summary import DemoResult
from lake_cli.local.emulator import Emulator
from lake_cli.local.live import report
from lake_cli.local.live.start import Started
from lake_cli.local.live.state import RunState
from lake_cli.local.live.status import Status, WarehouseFile
from lake_cli.places import Places
from lake_cli.quarantine.tables import print_rows
from lake_cli.reference import commands
from warehouse_runner import BuildResult

PICTURES = Path(__file__).parent / "pictures"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTENTS = Contents(
    {"page_viewed": 27_150, "order_completed": 1_204},
    {"invalid_json": 160, "unknown_schema_version": 9},
    61,
    17,
    4_200_000,
)
RUN = RunSummary(
    state="finished",
    messages_read=28_523,
    valid={"page_viewed": 28_354},
    quarantined={"invalid_json": 169},
    objects=78,
    batches=12,
    messages_per_second=21_430.0,
    peak_rss_bytes=310_000_000,
)
STATE = RunState(
    emulator=Emulator(address="127.0.0.1:8085", origin="java -jar cloud-pubsub-emulator-0.8.20-all.jar", process=None),
    topic="projects/lake-local/topics/shop-events",
    subscription="projects/lake-local/subscriptions/shop-events-lake",
    folder="/home/reader/the lake/.lake/live",
    started_at=NOON,
)
BUILD = BuildResult(
    succeeded=True,
    published=True,
    full_refresh=True,
    lake_dates=(),
    quarantine_dates=(),
    models_built=44,
    models_failed=0,
    models_skipped=0,
    tests_passed=138,
    tests_warned=1,
    tests_failed=0,
    tests_skipped=0,
    failures=(),
    warnings=("unique_over_days_fct_orders: Got 1 result, configured to warn if != 0",),
    seconds=14.2,
)


def row(code: str, field: str, event_type: str, reason: str, attempt: int = 0) -> dict[str, str]:
    return {
        "id": "6df82d7076acc461a1efb64d9da2d22e",
        "published": "2026-11-22T10:31:07.000000Z",
        "code": code,
        "field": field,
        "event_type": event_type,
        "attempt": str(attempt),
        "state": "sent again" if attempt else "waiting",
        "reason": reason,
    }


def demo() -> DemoResult:
    counted = Audit(
        published=28_500,
        published_by_kind={"valid": 27_900, "out of order": 290, "damaged": 169, "late": 141},
        codes_sent={"invalid_json": 160, "unknown_schema_version": 9},
        codes_found={"invalid_json": 160, "unknown_schema_version": 9},
        lake=Counted(28_354, 28_331),
        quarantine=Counted(169, 169),
        manifest=CONTENTS,
    )
    seconds = {"emulator": 1.2, "publish and ingest": 9.9, "audit": 0.4, "dbt": 14.2, "page": 0.5, "total": 26.2}
    through = "Pub/Sub emulator at 127.0.0.1:8085 (java -jar cloud-pubsub-emulator-0.8.20-all.jar)"
    return DemoResult(through, RUN, counted, BUILD, Path(".lake/demo/report/index.html"), seconds)


def chaos() -> Moment:
    counts = Counts(
        published=32_000,
        in_lake=23_340,
        by_code={"invalid_json": 3_485, "invalid_value": 2_081, "unknown_schema_version": 1_475, "wrong_type": 39},
        waiting=1_580,
        oldest_waiting_seconds=7.9,
        watermark=Watermark(NOON, NOON),
        revenue={"EUR": Decimal("5694.63")},
        orders=32,
        newest_order=NOON,
    )
    faults = [
        Fault(NOON.timestamp() - 9, Kind.KILL, "process 26748"),
        Fault(NOON.timestamp() - 5, Kind.STORAGE, "input/output error, for 2.2 s, 13 writes failed"),
        Fault(NOON.timestamp() - 3, Kind.FLOOD, "500 damaged messages at once"),
    ]
    return Moment(NOON.timestamp() + 11, 125, 300, "streaming", counts, 201, 215, 26_947, 25, faults)


@pytest.mark.parametrize("columns", [80, 120])
def test_what_commands_print_looks_as_in_the_picture(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_moment", lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC")  # not the machine's zone
    monkeypatch.setenv("PATH", "/nowhere")  # `lake` is not known: the activation is printed
    monkeypatch.setattr("sys.prefix", "/home/reader/the lake/.venv")
    monkeypatch.setattr("lake_cli.console.Path.exists", lambda _: True)
    monkeypatch.setattr(report, "RUN_FOLDER", Path("/home/reader/.local/state/ecommerce-lake/live"))
    paper = io.StringIO()
    console = Console(file=paper, width=columns, force_terminal=True, color_system=None)
    monkeypatch.setattr(report, "open_console", lambda: console)

    def title(command: str) -> None:
        paper.write(f"\n$ {command}\n")

    title("lake demo")
    summary.show(demo(), Places(Path(".lake/demo")), console)
    title("lake demo --live --chaos --minutes 5")
    console.print(view(chaos()))
    title("lake up")
    report.started(Started(STATE, already_up=False))
    title("lake status")
    built = WarehouseFile("/home/reader/the lake/.lake/live/warehouse.duckdb", NOON, 31_000_000)
    report.status(Status(STATE.folder, "up", "up", CONTENTS, STATE, RUN, Watermark(NOON, NOON), built), as_json=False)
    title("lake quarantine list")
    print_rows(
        [
            row("invalid_json", "", "page_viewed", "not JSON at byte 109: Unterminated string starting at"),
            row("unknown_schema_version", "schema_version", "order_completed", "schema_version 7 is not one of 1", 2),
            row(
                "inconsistent_total",
                "total",
                "order_completed",
                "total is 51.17, but items - discount + shipping + tax is 50.17",
            ),
        ],
        console,
    )
    picture = "\n".join(line.rstrip() for line in paper.getvalue().splitlines()) + "\n"
    file = PICTURES / f"commands-{columns}.txt"
    if os.environ.get("RENEW_PICTURES"):
        file.write_text(picture, encoding="utf-8")
    assert picture == file.read_text(encoding="utf-8")
    for line in picture.splitlines():
        pasted = line.startswith("    ") or "Open the report" in line or "export PUBSUB" in line
        assert len(line) <= columns or pasted, "only what is to be pasted may be longer than the terminal is wide"


def test_every_example_of_help_stands_on_one_line_of_80_columns() -> None:
    lines = (PICTURES / "help-80.txt").read_text(encoding="utf-8").splitlines()
    shown = {line.strip(" •-`") for line in lines}
    examples = [
        each for _, command in commands() for each in re.findall(r"^- `(.+)`$", command.help or "", re.MULTILINE)
    ]
    assert len(examples) > 40
    assert [each for each in examples if each not in shown] == []
