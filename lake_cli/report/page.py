"""Rendering the page: tables, cube, style and script in one file that opens anywhere, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import jinja2

from event_contract.atomic_files import replace_file
from event_contract.errors import DESCRIPTIONS
from lake_cli.errors import LakeError
from lake_cli.last_build import read_last_build
from lake_cli.places import Places
from lake_cli.report import cube, figures

__all__ = ["ReportError", "render"]

_HERE: Final = Path(__file__).parent


class ReportError(LakeError):
    """The page cannot be made; the message says what is missing and how to get it."""


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
    warehouse, output = Path(duckdb_path), Path(output_html)
    if not warehouse.exists():
        raise ReportError(f"there is no warehouse at {warehouse}; build it first (lake warehouse build)")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        # One snapshot for tables and cube: a build that publishes in between would make them differ.
        connection.execute("begin transaction")
        try:
            page = _page(figures.opened(connection), warehouse, dict(summary or {}))
        except duckdb.CatalogException as error:
            raise ReportError(
                f"{warehouse} has no published reports ({str(error).splitlines()[0]}); build it first (lake warehouse build)"
            ) from error
    replace_file(output, page.encode())
    return output


def written(value: Any, kind: str) -> str:
    """A value as a person reads it; the page's script writes the same text."""
    if value is None:
        return "–"
    match kind:
        case "day" if isinstance(value, date):
            return value.isoformat()
        case "count":
            return f"{value:,}"
        case "money":
            return f"{value:,.2f}"
        case "ratio":
            return f"{_rounded(float(value), '0.01'):,}"
        case "share":
            return f"{_rounded(100 * float(value), '0.1')} %"
        case "megabytes":
            return f"{_rounded(float(value) / 1e6, '0.1'):,}"
        case "seconds":
            return f"{_rounded(float(value), '1'):,} s"
        case _:
            return str(value)


def _rounded(value: float, unit: str) -> Decimal:
    """As JavaScript's toFixed rounds: the exact value of the double, halves up."""
    return Decimal(value).quantize(Decimal(unit), ROUND_HALF_UP)


def _page(query: figures.Query, warehouse: Path, summary: dict[str, str]) -> str:
    currencies = figures.currencies(query)
    currency = currencies[0] if currencies else "EUR"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["written"] = written
    tables = figures.read_tables(query, currency)
    descriptions = {code.value: text for code, text in DESCRIPTIONS.items()}
    # After a build whose tests failed, the marts are ahead of what was published: only published figures may be shown.
    published = cube.agrees(query, currency)
    return environment.get_template("page.html.jinja").render(
        tables=tables,
        headlines=figures.headlines({table.id: table.rows for table in tables}, currency),
        cube=_embedded(cube.read_cube(query, currency, descriptions)) if published else "",
        currency=currency,
        other_currencies=currencies[1:],
        last_published_at=figures.last_published(query),
        build=read_last_build(Places(warehouse.parent)),
        summary=summary,
        warehouse=str(warehouse),
        made_at=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
    )


def _embedded(document: dict[str, Any]) -> str:
    """JSON that no browser takes for the end of the script element around it, whatever a product is called."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")
