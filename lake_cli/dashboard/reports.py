"""The page of the reports, made again when a build has published."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from lake_cli.report import ReportError, render

Render = Callable[[Path, Path], object]

_MISSING: Final = "<!doctype html><html lang=en><meta charset=utf-8><title>Shop report</title><p>{}</p>"
_RELOAD: Final = """<p class="note"><a href="/operations">Operations, live</a></p>
<script>
setInterval(async () => {
  const answer = await fetch("/version").catch(() => null);
  if (answer?.ok && (await answer.text()) !== "VERSION") location.reload();
}, 2000);
</script>
"""


class PublishedPage:
    """The page of one warehouse. Where a build has the file open, the page of before stands."""

    def __init__(self, warehouse: Path, page: Path, make: Render = render) -> None:
        self._warehouse, self._page, self._make = warehouse, page, make
        self._lock = threading.Lock()
        # A page that is newer than the warehouse stands: `lake demo` says more on it than is in the warehouse.
        self._tried = _changed_at(warehouse) if _changed_at(page) >= _changed_at(warehouse) else None
        self._missing = ""

    def version(self) -> str:
        """Another one when there is another page."""
        self._renew()
        return str(_changed_at(self._page) or "")

    def content(self) -> str:
        """The page, with what makes it reload, or a sentence that says why there is none."""
        version = self.version()
        text = self._page.read_text(encoding="utf-8") if version else _MISSING.format(html.escape(self._missing))
        before, body, after = text.rpartition("</body>")
        reload = _RELOAD.replace("VERSION", version)
        return f"{before}{reload}{body}{after}" if body else text + reload

    def _renew(self) -> None:
        with self._lock:
            built = _changed_at(self._warehouse)
            if built == self._tried and (_changed_at(self._page) or self._missing):
                return
            try:
                self._make(self._warehouse, self._page)
                self._tried = built
            except ReportError as error:
                self._missing, self._tried = str(error), built
            except duckdb.IOException:  # a build is writing the warehouse: look again at the next request
                self._missing = "The warehouse is being built; this page appears when its reports are published."


def _changed_at(path: Path) -> int:
    """Nanoseconds since the epoch; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
