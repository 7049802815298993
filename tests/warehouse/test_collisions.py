"""Ids that collide, amounts at the contract's edge, one visitor for everybody: reports come out, and they are right."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.samples import event
from tests.warehouse.conftest import build_ok, content_hashes, rows
from tests.warehouse.lakes import Lake, arrival

pytestmark = [pytest.mark.slow, pytest.mark.proof]

ID = "0b54a0a4-6e5c-4a34-9d3c-0b7f0a1f2c11"
LARGEST = "999999999999.99"


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One lake with a day for each edge of the contract."""
    lake = Lake(tmp_path_factory.mktemp("edges"))
    same = {"event_id": ID, "session_id": "s-one-id", "anonymous_id": "a-1"}
    cart = {"cart_id": "c-before", "anonymous_id": "a-2"}
    largest = {"unit_price": LARGEST, "quantity": 1000}
    items = [event("order_completed")["items"][0] | {"unit_price": LARGEST, "quantity": 1}]
    order = {"items": items, "discount": "0.00", "shipping": "0.00", "tax": "0.00", "total": LARGEST}
    lake.write(
        arrival("page_viewed", "2026-11-20T10:00:00Z", **same),
        arrival("order_completed", "2026-11-20T10:05:00Z", order_id="o-1", **same),
        arrival("product_added", "2026-11-20T10:01:00Z", cart_id="c-same", **same),
        arrival("product_removed", "2026-11-20T10:02:00Z", cart_id="c-same", **same),
        arrival("product_removed", "2026-11-19T09:00:00Z", **cart),
        arrival("order_completed", "2026-11-19T10:00:00Z", order_id="o-2", **cart),
        arrival("product_added", "2026-11-19T11:00:00Z", **cart),
        *(
            arrival("page_viewed", f"2026-11-18T10:{minute:02}:00Z", event_id=ID, page_path=f"/{minute}")
            for minute in range(50)
        ),
    )
    for minute in range(20):
        at, own = f"2026-11-17T10:{minute:02}:00Z", {"anonymous_id": f"a-{minute}", "session_id": f"s-{minute}"}
        lake.write(
            arrival("product_viewed", at, unit_price=LARGEST, **own),
            arrival("product_added", at, cart_id=f"c-{minute}", **largest, **own),
            arrival("product_removed", at, cart_id=f"removed-{minute}", **largest, **own),
            arrival("order_completed", at, order_id=f"big-{minute}", **order, **own),
            arrival(
                "order_refunded", at, refund_id=f"r-{minute}", order_id=f"big-{minute}", amount=LARGEST, items=items
            ),
        )
    build_ok(lake)
    return lake


def test_one_id_in_two_types_is_two_events(edges: Lake) -> None:
    assert rows(edges.warehouse, "select orders, events from marts.fct_sessions where session_id = 's-one-id'") == [
        (1, 4)
    ]
    assert rows(
        edges.warehouse, "select sum(orders) from reporting.rpt_daily_revenue where revenue_date = '2026-11-20'"
    ) == [(1,)]


def test_events_that_differ_are_all_counted_though_they_claim_one_id(edges: Lake) -> None:
    found = rows(
        edges.warehouse,
        """select events, lake_rows, duplicate_rows, colliding_events from reporting.rpt_data_quality
        where event_date = '2026-11-18'""",
    )
    assert found == [(50, 50, 0, 49)]


def test_a_cart_is_bought_only_by_an_order_after_its_first_addition(edges: Lake) -> None:
    found = rows(
        edges.warehouse, "select carts, bought_carts from reporting.rpt_cart_abandonment where cart_date = '2026-11-19'"
    )
    assert found == [(1, 0)]


def test_the_largest_amounts_of_the_contract_add_up(edges: Lake) -> None:
    largest = Decimal(LARGEST)
    abandoned, revenue, product = (
        rows(edges.warehouse, query)
        for query in (
            "select sum(abandoned_value) from reporting.rpt_cart_abandonment where cart_date = '2026-11-17'",
            "select gross_revenue, refunded, net_revenue from reporting.rpt_daily_revenue where revenue_date = '2026-11-17'",
            "select sum(line_revenue) from marts.fct_order_items where order_date = '2026-11-17'",
        )
    )
    assert abandoned == [(largest * 20_000,)]
    assert revenue == [(largest * 20, largest * 20, 0)]
    assert product == [(largest * 20,)]


def test_one_id_on_two_days_doubles_nothing_and_increments_equal_a_full_refresh(lake: Lake) -> None:
    order = arrival("order_completed", "2026-11-20T23:59:00Z", event_id=ID, order_id="o-1", user_id="u-1")
    again = arrival("order_completed", "2026-11-21T00:01:00Z", event_id=ID, order_id="o-1", user_id="u-1")
    total = sum(Decimal(item["unit_price"]) * item["quantity"] for item in order.event["items"])
    units = sum(item["quantity"] for item in event("order_refunded")["items"])
    refund = {
        "event_id": ID,
        "refund_id": "r-1",
        "order_id": "o-1",
        "user_id": "u-1",
        "currency": order.event["currency"],
    }
    lake.write(order)
    build_ok(lake)
    lake.write(
        again,
        arrival("order_refunded", "2026-11-22T10:00:00Z", **refund),
        arrival("order_refunded", "2026-11-23T10:00:00Z", **refund | {"refund_id": "r-2"}),
    )
    build_ok(lake)

    assert (
        rows(lake.warehouse, "select gross_revenue from reporting.rpt_daily_revenue where orders > 0") == [(total,)] * 2
    )
    assert rows(lake.warehouse, "select units from marts.fct_refunds") == [(units,)] * 2
    assert rows(lake.warehouse, "select sum(line_revenue) from marts.fct_order_items") == [(2 * total,)]
    (lifetime,) = rows(lake.warehouse, "select sum(refunded) from reporting.rpt_customer_lifetime_value")
    assert lifetime == rows(lake.warehouse, "select sum(refunded) from reporting.rpt_daily_revenue")[0]

    increments = content_hashes(lake.warehouse)
    build_ok(lake, full_refresh=True)
    assert content_hashes(lake.warehouse) == increments


def test_one_visitor_with_very_many_clicks_and_orders_is_attributed_in_bounded_memory(lake: Lake) -> None:
    """By a join of clicks with orders this would be 160 million pairs."""
    clicks, orders = 20_000, 8_000
    everybody = {"anonymous_id": "constant", "user_id": None}
    lake.write(
        *(
            arrival(
                "ad_clicked",
                f"2026-11-20T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
                campaign_id=f"c-{n % 7}",
                **everybody,
            )
            for n in range(clicks)
        )
    )
    lake.write(
        *(
            arrival(
                "order_completed",
                f"2026-11-20T{6 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
                order_id=f"o-{n}",
                **everybody,
            )
            for n in range(orders)
        )
    )
    build_ok(lake)
    wrong = """select count(*) from intermediate.int_order_attribution a join marts.fct_orders o using (order_id, order_date)
        where a.clicked_at != least(o.ordered_at, timestamp '2026-11-20 05:33:19')"""
    assert rows(lake.warehouse, "select count(*) from intermediate.int_order_attribution") == [(orders,)]
    assert rows(lake.warehouse, wrong) == [(0,)]
