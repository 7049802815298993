"""The page: made from a really built warehouse, looked at with a real browser."""

from __future__ import annotations

import csv
import io
import re
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake_cli.report import ReportError, render
from tests.report import recomputed
from tests.report.conftest import HOSTILE_NAME
from tests.report.recomputed import Filters, Shop

pytestmark = pytest.mark.slow

WIDTHS = (320, 390, 768, 820, 1280, 1440)
_TABLES = """() => Object.fromEntries([...document.querySelectorAll('section[data-filters]')].map((section) => [
    section.id, [...section.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))]))"""
_HEADLINES = """() => Object.fromEntries([...document.querySelectorAll('[data-figure]')].map(
    (place) => [place.dataset.figure, place.querySelector('.value').textContent]))"""
_OPEN = "() => document.querySelectorAll('details').forEach((details) => { details.open = true; })"
FIRST, LAST = date(2026, 9, 30), date(2026, 11, 23)


def tables_of(view: Any) -> dict[str, list[list[str]]]:
    """Every table as it is shown, folded ones too."""
    view.evaluate(_OPEN)
    view.wait_for_function("[...document.querySelectorAll('details')].every((details) => details.open)")
    view.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    found: dict[str, list[list[str]]] = view.evaluate(_TABLES)
    return found


def choose(view: Any, chosen: Filters) -> None:
    view.fill("input[name=from]", str(chosen.first))
    view.fill("input[name=to]", str(chosen.last))
    for name in ("device", "country", "category", "channel"):
        value = getattr(chosen, name)
        label = recomputed.COUNTRIES[value]["country_name"] if value and name == "country" else value or "All"
        view.select_option(f"select[name={name}]", label=label)


@pytest.mark.parametrize(
    "chosen",
    [
        Filters(FIRST, LAST),
        Filters(date(2026, 11, 20), date(2026, 11, 22)),
        Filters(FIRST, LAST, device="mobile"),
        Filters(FIRST, LAST, country="FR"),
        Filters(FIRST, LAST, category="Office"),
        Filters(FIRST, LAST, channel="search"),
        Filters(date(2026, 11, 20), LAST, device="mobile", country="DE", category="Kitchen", channel="search"),
        Filters(date(2026, 11, 22), date(2026, 11, 22)),
    ],
    ids=["all", "period", "device", "country", "category", "channel", "together", "a day without orders"],
)
def test_every_number_is_what_the_messages_say(fresh: Any, shop: Shop, chosen: Filters) -> None:
    choose(fresh, chosen)
    shown = tables_of(fresh)
    expected = recomputed.page(shop, chosen)
    assert set(shown) == set(expected)
    for name, rows in expected.items():
        assert shown[name] == rows, name
    assert fresh.evaluate(_HEADLINES) == recomputed.headlines(shop, chosen)


def test_without_javascript_the_same_numbers_are_there(page: Path, shop: Shop) -> None:
    whole = Filters(FIRST, LAST)
    text = page.read_text(encoding="utf-8").replace("&#34;", '"').replace("&#39;", "'")
    for name, rows in recomputed.page(shop, whole).items():
        section = re.search(rf'<section [^>]*id="{name}".*?</section>', text, re.DOTALL)
        assert section is not None
        cells = re.findall(r"<td[^>]*>(.*?)</td>", section[0])
        safe = [[cell.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for cell in row] for row in rows]
        assert cells == [cell for row in safe for cell in row], name
    values = dict(re.findall(r'data-figure="(\w+)"><dt>.*?</dt><dd class="value">(.*?)</dd>', text))
    assert values == recomputed.headlines(shop, whole)


def test_all_twelve_reports_are_on_the_page(page: Path, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        reports = {row[0] for row in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'reporting'").fetchall()}  # fmt: skip
    assert len(reports) == 12
    assert set(re.findall(r"<code>(rpt_\w+)</code>", page.read_text(encoding="utf-8"))) == reports


def test_a_filter_that_does_not_apply_is_named_and_a_period_is_compared_with_the_one_before(fresh: Any) -> None:
    fresh.select_option("select[name=category]", label="Office")
    assert fresh.text_content("#funnel .partly") == "Not filtered by category."
    assert fresh.locator("#revenue .partly[hidden]").count() == 1
    fresh.select_option("select[name=category]", label="All")
    fresh.fill("input[name=from]", "2026-11-21")
    fresh.fill("input[name=to]", "2026-11-21")
    assert fresh.text_content("#cohorts .partly") == "Not filtered by period."
    assert fresh.locator("[data-figure=orders] .change").inner_text() == "+100.0 % (1)"


def test_a_period_is_drawn_over_a_chart(fresh: Any) -> None:
    fresh.fill("input[name=from]", "2026-11-20")
    box = fresh.locator("#revenue-chart").bounding_box()
    fresh.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 60)
    fresh.mouse.down()
    fresh.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 60, steps=2)
    assert fresh.locator("#revenue-chart .chosen").bounding_box()["width"] == pytest.approx(0.3 * box["width"], abs=2)
    fresh.mouse.up()
    assert [fresh.input_value(f"input[name={name}]") for name in ("from", "to")] == ["2026-11-20", "2026-11-21"]
    assert fresh.locator(".chosen").count() == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_and_nothing_is_fetched(fresh: Any, width: int) -> None:
    fresh.set_viewport_size({"width": width, "height": 900})
    fresh.evaluate(_OPEN)
    fresh.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    for scheme in ("light", "dark"):
        fresh.emulate_media(color_scheme=scheme)
        assert fresh.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        cut = fresh.evaluate(
            """() => [...document.querySelectorAll('.chart text, .value, .change, h2, td, th')].filter((label) => {
                const box = label.getBoundingClientRect();
                const own = label.closest('.scroll') ?? label.closest('section, .headlines > div');
                if (!own || !box.width || label.closest('thead')?.getBoundingClientRect().width <= 1) return false;
                if (label.closest('#cohorts')) return false;  // as wide as there are months; its first column stays in sight
                const outer = own.getBoundingClientRect();
                return box.left < outer.left - 0.5 || box.right > outer.right + 0.5
                    || label.tagName !== 'text' && label.scrollWidth > label.clientWidth + 1;
            }).map((label) => `${label.closest('section')?.id}: ${label.textContent}`)"""
        )
        assert cut == []
        overlapping = fresh.evaluate(
            """() => [...document.querySelectorAll('.chart svg')].flatMap((chart) => {
                const boxes = [...chart.querySelectorAll('text')].map((text) => text.getBoundingClientRect());
                return boxes.filter((one, at) => boxes.some((other, place) => place > at
                    && one.top < other.bottom && other.top < one.bottom && one.left < other.right && other.left < one.right));
            }).length"""
        )
        assert overlapping == 0
    assert fresh.complaints == []
    assert [url for url in fresh.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (768, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(fresh: Any, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    fresh.set_viewport_size({"width": width, "height": 900})
    fresh.emulate_media(color_scheme=scheme)
    found = axe.run(fresh, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")] == []


def test_charts_and_stacked_tables_read_as_what_they_are(fresh: Any) -> None:
    name = fresh.locator("#revenue-chart svg").get_attribute("aria-label")
    assert name == "Gross revenue by day, 2026-09-30 to 2026-11-23: largest 31.90, total 91.30"
    name = fresh.locator("#operations-chart svg").get_attribute("aria-label")
    assert name == "Events a minute by day, 2026-09-30 to 2026-11-23: largest 0.01, mean 0.00"
    fresh.set_viewport_size({"width": 320, "height": 900})
    tree = fresh.locator("#funnel").aria_snapshot()
    assert {"table", "columnheader", "cell"} <= set(re.findall(r"\w+", tree))
    assert (
        fresh.evaluate("getComputedStyle(document.querySelector('#funnel td:nth-child(2)'), '::before').content")
        == '"Sessions"'
    )


def test_on_paper_every_table_is_whole_and_the_ground_is_white(fresh: Any) -> None:
    fresh.emulate_media(media="print", color_scheme="dark")
    fresh.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert fresh.locator("details:not([open])").count() == 0
    assert fresh.locator("#filters").is_hidden()
    assert fresh.locator("button.csv").first.is_hidden()
    assert fresh.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    clipped = fresh.evaluate(
        "() => [...document.querySelectorAll('.scroll')].filter((each) => each.scrollHeight > each.clientHeight + 1).length"
    )
    assert clipped == 0
    assert len(fresh.pdf()) > 20_000
    fresh.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert fresh.locator("details[open]").count() == 0


def downloaded(view: Any) -> dict[str, list[list[str]]]:
    """What all buttons give, by name of the file. Pressed at once: a browser drops what exceeds its rate."""
    found: list[Any] = []

    def keep(download: Any) -> None:
        found.append(download)

    view.on("download", keep)
    pressed = view.evaluate("() => [...document.querySelectorAll('button.csv')].map((button) => button.click()).length")
    deadline = time.monotonic() + 20
    while len(found) < pressed and time.monotonic() < deadline:
        view.wait_for_timeout(50)
    view.remove_listener("download", keep)
    return {
        each.suggested_filename: list(
            csv.reader(io.StringIO(Path(each.path()).read_text(encoding="utf-8"), newline=""))
        )
        for each in found
    }


def test_every_table_is_downloaded_with_every_row_and_digit(fresh: Any, shop: Shop) -> None:
    expected = recomputed.page(shop, Filters(FIRST, LAST))
    shown = tables_of(fresh)
    fresh.evaluate("() => document.getElementById('products').dataset.most = '1'")  # a row that the page leaves out
    files = downloaded(fresh)
    assert files.keys() == {f"{name}.csv" for name in [*expected, "headlines"]}
    for name, rows in expected.items():
        got = files[f"{name}.csv"]
        heads = fresh.evaluate(f"[...document.querySelectorAll('#{name} th')].map((head) => head.textContent)")
        kinds = fresh.evaluate(f"[...document.querySelectorAll('#{name} th')].map((head) => head.dataset.kind)")
        assert got[0] == heads
        assert len(got) - 1 == len(rows) == len(shown[name])
        for line, row in zip(got[1:], rows, strict=True):
            for text, cell, kind in zip(line, row, kinds, strict=True):
                if kind in ("text", "code", "day"):
                    assert text == cell
                elif cell == "–":
                    assert text == ""
                else:
                    number = float(re.sub(r"[, %s]", "", cell))
                    scale = {"share": 100, "megabytes": 1e-6}.get(kind, 1) if name not in ("cohorts", "lifetime") else 1
                    assert abs(float(text) * scale - number) <= {"share": 0.051, "ratio": 0.0051, "seconds": 0.51,
                        "megabytes": 0.051}.get(kind, 0), (name, kind)  # fmt: skip
    names = dict(files["headlines.csv"])
    assert names["Orders"] == "5"
    assert names["Period"].startswith("2026-09-30 to 2026-11-23")


def test_a_cell_that_a_spreadsheet_would_run_is_text(fresh: Any) -> None:
    assert fresh.evaluate("[plain('=1+1', 'text'), plain('-x', 'text'), plain(-250, 'money')]") == [
        "'=1+1",
        "'-x",
        "-2.50",
    ]


def test_marts_ahead_of_the_published_reports_turn_filters_off(warehouse: Path, tmp_path: Path) -> None:
    ahead = Path(shutil.copy(warehouse, tmp_path / "ahead.duckdb"))
    with duckdb.connect(str(ahead)) as connection:
        connection.execute("update marts.fct_orders set gross_revenue = gross_revenue + 1")
    text = render(ahead, tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Filters are off" in text
    assert 'id="cube"' not in text
    assert "91.30" in text


def test_the_page_says_where_it_comes_from(page: Path, warehouse: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert str(warehouse) in text
    assert HOSTILE_NAME not in text
    assert "Messages published</dt><dd>7" in text
    assert re.search(r"Data tests of the last build</dt><dd>\d{3} passed, 0 failed", text)
    assert re.search(r"Made</dt><dd>\d{2} \w+ \d{4}, \d{2}:\d{2} UTC", text)
    assert not re.search(r"<(script|link|iframe)[^>]+(src|href)=[\"'](?!data:)", text)


def test_an_empty_warehouse_makes_a_page_too(warehouse: Path, tmp_path: Path, browser: Any) -> None:
    empty = Path(shutil.copy(warehouse, tmp_path / "empty.duckdb"))
    with duckdb.connect(str(empty)) as connection:
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'reporting', 'intermediate')"
        ).fetchall():
            connection.execute(f"delete from {schema}.{table}")  # noqa: S608 - names of our own tables
    page = render(empty, tmp_path / "index.html")
    text = page.read_text(encoding="utf-8")
    assert "No orders yet" in text
    assert "every message kept to the contract" in text
    view = browser.new_page()
    complaints: list[str] = []
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto(page.as_uri())
    assert complaints == []
    view.close()


def test_a_missing_warehouse_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no warehouse at .*nothing\.duckdb; build it first"):
        render(tmp_path / "nothing.duckdb", tmp_path / "index.html")
