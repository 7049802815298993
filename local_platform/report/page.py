"""Rendering the page: figures, charts and the Vega libraries in one file that opens anywhere, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from event_contract.errors import DESCRIPTIONS
from local_platform.report import charts
from local_platform.report.figures import Figures, ReportError, read_figures

__all__ = ["ReportError", "render"]

_TEMPLATE = "page.html.jinja"
_EXPOSE_EMBED = "window.vegaEmbed = vegaEmbed;"


def render(duckdb_path: str | Path, output_html: str | Path, summary: Mapping[str, str] | None = None) -> Path:
    """Writes the page of a warehouse's published reports.

    Args:
        duckdb_path: the warehouse's file.
        output_html: the page; its folder is made, an older page is replaced at once.
        summary: what the reader should know about how the data came here, as label -> text; shown as it is.

    Returns:
        `output_html` as a path.

    Raises:
        ReportError: there is no warehouse, or it has no published reports.
    """
    output = Path(output_html)
    figures = read_figures(Path(duckdb_path))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"amount": amount, "count": count, "share": share}
    page = environment.get_template(_TEMPLATE).render(
        figures=figures,
        charts=_embedded(_charts(figures)),
        descriptions={code.value: text for code, text in DESCRIPTIONS.items()},
        summary=dict(summary or {}),
        warehouse=str(duckdb_path),
        made_at=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        vega=_embedded_script(vl_convert.javascript_bundle(_EXPOSE_EMBED)),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(output.name + ".tmp")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(output)
    return output


def amount(value: Decimal | None) -> str:
    """Money as a person reads it: thousands separated, two decimals, exact."""
    return "–" if value is None else f"{value:,.2f}"


def count(value: int) -> str:
    """A whole number with separated thousands."""
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """A percentage with one decimal; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _charts(figures: Figures) -> dict[str, dict[str, Any]]:
    """One specification per chart that has something to draw, by the id of its place on the page."""
    drawn: dict[str, dict[str, Any]] = {}
    if figures.days:
        drawn["revenue"] = charts.daily_revenue(figures.days, figures.currency)
    if figures.products:
        drawn["products"] = charts.top_products(figures.products, figures.currency)
    if figures.funnel and figures.funnel[0].sessions:
        drawn["funnel"] = charts.funnel(figures.funnel)
    if figures.refusals:
        drawn["quarantine"] = charts.quarantine(figures.refusals)
    return drawn


def _embedded(specs: dict[str, dict[str, Any]]) -> str:
    # Inside <script>, "</script>" in a product's name would end the script: escape the bracket.
    return json.dumps(specs, separators=(",", ":")).replace("<", "\\u003c")


def _embedded_script(code: str) -> str:
    return code.replace("</script", "<\\/script")
