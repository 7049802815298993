"""The page: made from a really built warehouse, looked at with a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_platform.report import ReportError, render
from local_platform.warehouse import build
from tests.warehouse.lakes import Lake, arrival

pytestmark = pytest.mark.slow

CHARTS = {"revenue", "products", "funnel", "quarantine"}
HOSTILE_NAME = "</script><b>Mug</b> & more"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with two orders, a refund and two quarantined messages."""
    lake = Lake(tmp_path_factory.mktemp("report"))
    items = [
        {"product_id": "p-1", "product_name": HOSTILE_NAME, "category": "Kitchen", "quantity": 2, "unit_price": "9.90"}
    ]
    order = {"items": items, "discount": "0.10", "shipping": "0.00", "tax": "0.00", "total": "19.70"}
    lake.write(
        arrival("page_viewed", "2026-11-20T10:00:00Z", session_id="s-1"),
        arrival("page_viewed", "2026-11-20T11:00:00Z", session_id="s-2", device="desktop"),
        arrival("order_completed", "2026-11-20T10:05:00Z", session_id="s-1", order_id="o-1", **order),
        arrival("order_completed", "2026-11-21T10:05:00Z", session_id="s-3", order_id="o-2", **order),
        arrival("order_refunded", "2026-11-21T12:00:00Z", order_id="o-1", items=items, amount="19.80"),
    )
    lake.quarantine("invalid_json", b"{", b"[")
    result = build(lake.path, lake.quarantine_path, lake.warehouse)
    assert result.succeeded, result.failures
    return lake.warehouse


@pytest.fixture(scope="module")
def page(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(warehouse, tmp_path_factory.mktemp("page") / "index.html", {"Messages published": "7"})


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="install the dev requirements (playwright)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("install Chromium (Debian: apt-get install chromium) to look at the page")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


def test_headline_figures_are_exact(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Net revenue, EUR</dt><dd>19.60" in text  # 2 * 19.80 - 2 * 0.10 - 19.80
    assert "Orders</dt><dd>2<" in text
    assert "Average order, EUR</dt><dd>19.70" in text
    assert "Sessions</dt><dd>3<" in text
    assert "Quarantined</dt><dd>2 <small>28.6 %" in text


def test_the_page_says_where_it_comes_from(page: Path, warehouse: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert str(warehouse) in text
    assert "Messages published</dt><dd>7" in text
    assert re.search(r"Made</dt><dd>\d{2} \w+ \d{4}, \d{2}:\d{2} UTC", text)


def test_the_page_is_one_file_of_modest_size(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 2_000_000
    assert not re.search(r"<(script|link|iframe)[^>]+(src|href)=[\"'](?!data:)", text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_chart_is_drawn_without_network_or_errors(page: Path, browser: object, scheme: str, width: int) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    view = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[attr-defined]
    view.on("console", lambda message: complaints.append(message.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.on("request", lambda request: requests.append(request.url))
    view.goto(page.as_uri())
    for chart in CHARTS:
        view.wait_for_selector(f"#{chart}[data-drawn={scheme}] svg", timeout=20_000)
        assert view.locator(f"#{chart} svg .mark-rect path").count() > 0, chart
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    view.close()


def test_a_change_of_colour_scheme_redraws_the_charts(page: Path, browser: object) -> None:
    view = browser.new_page(color_scheme="light")  # type: ignore[attr-defined]
    view.goto(page.as_uri())
    view.wait_for_selector("#revenue[data-drawn=light] svg")
    view.emulate_media(color_scheme="dark")
    view.wait_for_selector("#revenue[data-drawn=dark] svg")
    view.close()


def test_every_chart_has_a_title_a_label_and_a_table(page: Path, browser: object) -> None:
    view = browser.new_page()  # type: ignore[attr-defined]
    view.goto(page.as_uri())
    for chart in CHARTS:
        section = view.locator(f"section:has(#{chart})")
        assert section.locator("h2").inner_text()
        assert section.locator(f"#{chart}").get_attribute("aria-label")
        assert section.locator("details table tbody tr").count() > 0
    assert view.locator("#products-title ~ details td").first.text_content() == HOSTILE_NAME
    view.close()


def test_an_empty_warehouse_makes_a_page_too(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write()
    assert build(lake.path, lake.quarantine_path, lake.warehouse).succeeded
    text = render(lake.warehouse, tmp_path / "index.html").read_text(encoding="utf-8")
    assert "No orders yet" in text
    assert "every message kept to the contract" in text


def test_a_missing_warehouse_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no warehouse at .*nothing\.duckdb; build it first"):
        render(tmp_path / "nothing.duckdb", tmp_path / "index.html")
