"""`lake dashboard`: the page as it was last published, operations as they are, and nobody else's business."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from event_contract import ManifestRecord
from lake_cli.dashboard.reports import PublishedPage
from lake_cli.dashboard.server import bound
from lake_cli.dashboard.status import MINUTES, LiveStatus, by_minute
from lake_cli.errors import LakeError
from lake_cli.lake_files import ManifestReader
from tests.warehouse.lakes import Lake, arrival
from warehouse_runner import BuildResult
from warehouse_runner.build import keep


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.write(arrival("page_viewed", "2026-11-20T09:00:00Z"), arrival("page_viewed", "2026-11-21T09:00:00Z"))
    lake.quarantine("invalid_json", b"{", published_at="2026-11-19T10:00:00+00:00")
    return lake


@pytest.fixture
def server(lake: Lake, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    page = PublishedPage(tmp_path / "warehouse.duckdb", tmp_path / "index.html")
    with bound(0, page, LiveStatus(tmp_path / "not up", tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server: ThreadingHTTPServer, path: str, host: str | None = None) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}{path}")
    if host:
        request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        text: str = answer.read().decode()
        return text


def test_operations_are_what_the_files_say(server: ThreadingHTTPServer) -> None:
    found = json.loads(get(server, "/operations.json"))
    assert found["contents"]["rows_by_type"] == {"page_viewed": 2}
    assert found["contents"]["rows_by_code"] == {"invalid_json": 1}
    assert (found["ingestion"], found["warehouse_built_at"]) == ("down", None)
    assert len(found["minutes"]) == MINUTES


def test_operations_name_the_tests_of_the_last_build_and_the_lineage(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    before = json.loads(get(server, "/operations.json"))
    assert (before["build"], before["lineage"], before["watermark"]) == (None, [], None)
    result = BuildResult(False, False, True, (), (), 44, 0, 0, 137, 0, 1, 0, ("unique_orders: Got 2 results",), (), 9.5)
    (tmp_path / "dbt/target").mkdir(parents=True)
    keep(result, tmp_path / "dbt")
    parents = {
        "model.shop.rpt_revenue": ["model.shop.fct_orders"],
        "model.shop.fct_orders": ["source.shop.lake.order_completed"],
    }
    (tmp_path / "dbt/target/manifest.json").write_text(json.dumps({"parent_map": parents}))
    time.sleep(0.6)  # the answer of before is kept for half a second
    after = json.loads(get(server, "/operations.json"))
    assert (after["build"]["tests_passed"], after["build"]["tests_failed"]) == (137, 1)
    assert after["build"]["failures"] == ["unique_orders: Got 2 results"]
    assert after["lineage"] == [{"report": "rpt_revenue", "models": ["fct_orders"], "sources": ["order_completed"]}]


def test_without_a_warehouse_the_page_says_what_to_do(server: ThreadingHTTPServer) -> None:
    assert "build it first (lake warehouse build)" in get(server, "/")


def test_a_page_of_another_name_gets_no_answer(server: ThreadingHTTPServer) -> None:
    for path, host, status in (("/operations.json", "shop.example:80", 403), ("/etc/passwd", None, 404)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(server, path, host)
        assert refused.value.code == status
        refused.value.close()


def test_a_port_that_is_taken_is_named(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    taken = server.server_port
    with pytest.raises(LakeError, match=f"--port {taken} cannot be used"), bound(taken, None, dict):  # type: ignore[arg-type]
        pass


def test_the_page_is_made_again_when_the_warehouse_has_changed_and_only_then(tmp_path: Path) -> None:
    made: list[int] = []

    def make(warehouse: Path, page: Path) -> None:
        made.append(1)
        page.write_text(f"<html><body>{warehouse.read_text()}</body></html>")

    warehouse, file = tmp_path / "warehouse.duckdb", tmp_path / "index.html"
    warehouse.write_text("first build")
    page = PublishedPage(warehouse, file, make)
    first = page.version()
    assert "first build" in page.content()
    assert f'!== "{first}"' in page.content()
    warehouse.write_text("second build")
    os.utime(warehouse, ns=(0, warehouse.stat().st_mtime_ns + 10**9))
    assert page.version() != first
    assert "second build" in page.content()
    assert len(made) == 2
    # A page that is newer than its warehouse, as the demo leaves it, stands.
    os.utime(file, ns=(0, warehouse.stat().st_mtime_ns + 10**9))
    assert "second build" in PublishedPage(warehouse, file, make).content()
    assert len(made) == 2


def test_lines_per_minute_leave_out_what_compaction_wrote() -> None:
    now = datetime(2026, 11, 22, 10, 30, 30, tzinfo=UTC)

    def record(root: str, rows: int, minutes_ago: int, **more: Any) -> ManifestRecord:
        at = (now - timedelta(minutes=minutes_ago)).isoformat()
        fields = {"path": "p", "event_type": None, "reason": None, "date": "2026-11-22", "bytes": 1}
        times = {"min_publish_time": at, "max_publish_time": at, "written_at": at}
        return ManifestRecord(root=root, rows=rows, **fields, **times, **more)

    counted = by_minute(
        [
            record("lake", 5, 0),
            record("lake", 7, 1),
            record("quarantine", 2, 1),
            record("lake", 12, 1, replaces=["a"], replaced_rows=12),
            record("lake", 9, MINUTES),
        ],
        now,
    )
    assert [(each.lake, each.quarantine) for each in counted[-3:]] == [(0, 0), (7, 2), (5, 0)]
    assert sum(each.lake for each in counted) == 12


def test_only_manifest_files_that_are_new_or_replaced_are_read_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = ManifestReader(lake.path)
    before = reader.read()
    opened: list[Path] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self) or real(self))  # type: ignore[func-returns-value]
    assert reader.read() == before
    assert opened == []
    lake.write(arrival("page_viewed", "2026-11-22T09:00:00Z"))
    assert len(reader.read()) == len(before) + 1
    assert len(opened) == 1


def test_operations_in_a_browser(browser: Any, server: ThreadingHTTPServer) -> None:
    view = browser.new_page(viewport={"width": 390, "height": 800})
    complaints: list[str] = []
    view.on("console", lambda message: complaints.append(message.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto(f"http://127.0.0.1:{server.server_port}/operations")
    view.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
    assert (view.text_content("#lake"), view.text_content("#quarantine")) == ("2", "1")
    assert "lake quarantine list --folder" in view.text_content("#command")
    assert "--code invalid_json" in view.text_content("#command")
    view.click("#codes button")
    assert "--code invalid_json" in view.text_content("#command")
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
    view.close()
