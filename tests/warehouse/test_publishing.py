"""Write, audit, publish: what a reader sees is the last set of reports whose tests all passed, whole."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import duckdb
import pytest

from tests.warehouse.conftest import build_ok, rows
from tests.warehouse.lakes import Lake, arrival
from warehouse_runner import build

pytestmark = pytest.mark.slow

REVENUE = "select revenue_date::varchar, orders from reporting.rpt_daily_revenue order by 1"


@pytest.fixture
def published(lake: Lake) -> Lake:
    lake.write(arrival("order_completed", "2026-11-20T10:00:00Z", order_id="o-1"))
    build_ok(lake)
    assert rows(lake.warehouse, REVENUE) == [("2026-11-20", 1)]
    return lake


def write_wrong_order(lake: Lake) -> None:
    """An order whose total is not the sum of its parts: the contract refuses it, so it is smuggled past the contract."""
    good = arrival("order_completed", "2026-11-21T10:00:00Z", order_id="o-wrong")
    lake.write(good)
    [path] = lake.path.glob("event_type=order_completed/year=2026/month=11/day=21/*.gz")
    ingest = {"message_id": "m-1", "publish_time": datetime.now(UTC).isoformat()}
    path.write_bytes(gzip.compress(json.dumps({**good.event, "total": "999.99", "_ingest": ingest}).encode() + b"\n"))


def test_a_failing_test_leaves_what_was_published_and_is_tried_again(published: Lake) -> None:
    write_wrong_order(published)
    for _ in range(2):  # the failed build is not remembered: the day is still to do
        result = build(published.path, published.quarantine_path, published.warehouse)
        assert not result.succeeded
        assert not result.published
        assert result.lake_dates == ("2026-11-21",)
        assert any(line.startswith("order_total_is_items_less_discount") for line in result.failures)
        assert rows(published.warehouse, REVENUE) == [("2026-11-20", 1)]

    [wrong] = published.path.glob("event_type=order_completed/year=2026/month=11/day=21/*")
    wrong.write_bytes(gzip.compress(gzip.decompress(wrong.read_bytes()).replace(b"999.99", b"70.12")))
    assert build_ok(published).lake_dates == ("2026-11-21",)
    assert rows(published.warehouse, REVENUE) == [("2026-11-20", 1), ("2026-11-21", 1)]


def test_publishing_is_all_or_nothing(published: Lake) -> None:
    """The last report by name cannot be replaced: the ones before it stay as they were, too."""
    with duckdb.connect(str(published.warehouse)) as connection:
        connection.execute("alter table reporting.rpt_user_engagement rename to hidden")
        connection.execute("create view reporting.rpt_user_engagement as select * from reporting.hidden")
    published.write(arrival("order_completed", "2026-11-21T10:00:00Z", order_id="o-2"))
    result = build(published.path, published.quarantine_path, published.warehouse)
    assert not result.succeeded
    assert not result.published
    assert rows(published.warehouse, REVENUE) == [("2026-11-20", 1)]
    audited = rows(published.warehouse, "select count(*) from reporting_audit.rpt_daily_revenue")
    assert audited == [(2,)]
