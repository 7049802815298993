"""One shop, one warehouse, one page and one browser for all tests of the page, shared by the processes of a parallel run."""

from __future__ import annotations

import fcntl
import os
import pickle
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lake_cli.report import render
from tests.report.recomputed import Message, Shop
from tests.warehouse.lakes import Arrival, Lake, arrival
from warehouse_runner import build

HOSTILE_NAME = "</script><b>Mug</b> & more"
MUG = {"product_id": "p-1", "product_name": HOSTILE_NAME, "category": "Kitchen", "unit_price": "9.90"}
PEN = {"product_id": "p-2", "product_name": "Pen", "category": "Office", "unit_price": "1.10"}


def _arrivals() -> list[tuple[Arrival, int]]:
    """What happened in the shop, and how often each message was delivered."""
    found: list[tuple[Arrival, int]] = []

    def happens(kind: str, at: str, session: str, *, delay: float = 1.0, copies: int = 1, **fields: Any) -> None:
        fields = {"anonymous_id": f"a-{session}", "session_id": session, **fields}
        found.append((arrival(kind, at, delay=delay, **fields), copies))

    def order(
        at: str, session: str, number: int, *lines: tuple[dict[str, str], int], off: str = "0.00", **fields: Any
    ) -> None:
        items = [{**product, "quantity": quantity} for product, quantity in lines]
        cents = sum(int(100 * float(item["unit_price"]) + 0.5) * int(item["quantity"]) for item in items) - int(
            100 * float(off)
        )
        money = {"discount": off, "shipping": "0.00", "tax": "0.00", "total": f"{cents / 100:.2f}"}
        happens("order_completed", at, session, order_id=f"o-{number}", items=items, **money, **fields)

    mobile, desktop = {"device": "mobile", "location": "DE"}, {"device": "desktop", "location": "FR"}
    us = {"device": "tablet", "location": "US"}
    # September: a first order of a signed-in customer, who comes back in November.
    happens("page_viewed", "2026-09-30T22:30:00Z", "s-1", **mobile)
    order("2026-09-30T22:35:00Z", "s-1", 1, (MUG, 1), user_id="u-1", cart_id="c-1", **mobile)
    # From an advertisement to an order, with a message that came twice.
    happens(
        "ad_clicked", "2026-11-20T10:00:00Z", "s-2", campaign_id="search-brand", channel="search", copies=2, **mobile
    )
    happens("product_viewed", "2026-11-20T10:01:00Z", "s-2", **MUG, **mobile)
    happens("product_added", "2026-11-20T10:02:00Z", "s-2", **MUG, quantity=2, cart_id="c-2", **mobile)
    happens("checkout_started", "2026-11-20T10:03:00Z", "s-2", cart_id="c-2", **mobile)
    order("2026-11-20T10:05:00Z", "s-2", 2, (MUG, 2), off="0.10", user_id="u-1", cart_id="c-2", **mobile)
    # A bounce, two hours late, and a campaign of which nobody knows what it costs.
    happens("page_viewed", "2026-11-20T11:00:00Z", "s-3", delay=7200, **desktop)
    happens("ad_clicked", "2026-11-20T23:00:00Z", "s-4", campaign_id="poster", channel="display", **us)
    happens("product_added", "2026-11-20T23:10:00Z", "s-4", **PEN, quantity=3, cart_id="c-4", **us)
    happens("product_removed", "2026-11-20T23:11:00Z", "s-4", **PEN, quantity=1, cart_id="c-4", **us)
    # The same account on another device, four days after a click; a visitor without one; a guest.
    happens("page_viewed", "2026-11-21T10:00:00Z", "s-5", anonymous_id="a-laptop", **desktop)
    order(
        "2026-11-21T10:05:00Z",
        "s-5",
        3,
        (MUG, 2),
        (PEN, 1),
        off="0.10",
        anonymous_id="a-laptop",
        user_id="u-2",
        **desktop,
    )
    order("2026-11-21T12:00:00Z", "s-6", 4, (PEN, 10), cart_id="c-6", **us)
    happens(
        "order_refunded",
        "2026-11-21T13:00:00Z",
        "s-2",
        order_id="o-2",
        items=[{**MUG, "quantity": 1}],
        amount="9.90",
        **mobile,
    )
    # After a day without anything.
    happens("user_registered", "2026-11-23T08:00:00Z", "s-7", user_id="u-3", **desktop)
    order("2026-11-23T08:30:00Z", "s-7", 5, (MUG, 3), user_id="u-3", cart_id="c-7", **desktop)
    return found


def _built(folder: Path) -> tuple[Path, Shop]:
    lake = Lake(folder)
    arrivals = _arrivals()
    lake.write(*(each for each, _ in arrivals))
    for number in range(2, 1 + max(copies for _, copies in arrivals)):
        lake.write(*(each for each, copies in arrivals if copies >= number))
    lake.quarantine("invalid_json", b"{", b"[")
    lake.quarantine("missing_field", b"{}", published_at="2026-11-21T10:00:00+00:00")
    refused = [("invalid_json", date(2026, 11, 22))] * 2 + [("missing_field", date(2026, 11, 21))]
    objects = []
    for file in lake.path.glob("event_type=*/**/*.gz"):
        kind, year, month, day = re.findall(r"=([^/]+)/", file.as_posix().removeprefix(lake.path.as_posix()))
        objects.append((kind, date(int(year), int(month), int(day)), file.stat().st_size))
    messages = [
        Message(each.event, timedelta(seconds=(each.published_at - Message(each.event, timedelta()).at).total_seconds()), copies)
        for each, copies in arrivals
    ]  # fmt: skip
    result = build(lake.path, lake.quarantine_path, lake.warehouse)
    assert result.succeeded, result.failures
    return lake.warehouse, Shop(messages, refused, objects)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, warm_dbt: str) -> tuple[Path, Shop]:
    """A really built warehouse, and the messages it was built from. Whichever process is first builds it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "report"
    folder.mkdir(exist_ok=True)
    made = folder / "made"
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_bytes(pickle.dumps(_built(folder)))
    warehouse, shop = pickle.loads(made.read_bytes())  # noqa: S301 - written above
    return warehouse, shop


@pytest.fixture(scope="session")
def warehouse(built: tuple[Path, Shop]) -> Path:
    return built[0]


@pytest.fixture(scope="session")
def shop(built: tuple[Path, Shop]) -> Shop:
    return built[1]


@pytest.fixture(scope="session")
def page(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(warehouse, tmp_path_factory.mktemp("page") / "index.html", {"Messages published": "7"})


@pytest.fixture(scope="session")
def view(browser: Any, page: Path) -> Iterator[Any]:
    """The page in a window, with what it complained about and asked for in `complaints` and `requests`."""
    window = browser.new_page(accept_downloads=True)
    window.complaints, window.requests = [], []
    window.on("console", lambda message: window.complaints.append(message.text))
    window.on("pageerror", lambda error: window.complaints.append(str(error)))
    window.on("request", lambda request: window.requests.append(request.url))
    window.goto(page.as_uri())
    window.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
    yield window
    window.close()


@pytest.fixture
def fresh(view: Any) -> Any:
    """The same window as it was opened: no filters, tables folded, wide, light, on a screen."""
    view.set_viewport_size({"width": 1280, "height": 900})
    view.emulate_media(media="screen", color_scheme="light")
    view.evaluate("() => document.querySelectorAll('details').forEach((details) => { details.open = false; })")
    view.evaluate("() => new Promise((done) => { document.forms[0].reset(); setTimeout(() => setTimeout(done)); })")
    return view
