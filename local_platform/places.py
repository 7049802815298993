"""Where things lie below a folder of the local platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIVE_FOLDER = Path(".lake/live")
DEMO_FOLDER = Path(".lake/demo")
RUN_FOLDER = Path(".lake/run")


@dataclass(frozen=True)
class Places:
    """The files of one lake with what is made from it: ingestion writes the first two, dbt and the page the others."""

    folder: Path

    @property
    def lake(self) -> Path:
        """Root of the lake."""
        return self.folder / "lake"

    @property
    def quarantine(self) -> Path:
        """Root of the quarantine."""
        return self.folder / "quarantine"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.folder / "warehouse.duckdb"

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / "report" / "index.html"

    @property
    def truth(self) -> Path:
        """What the producer sent, message by message."""
        return self.folder / "truth.jsonl"

    @property
    def messages(self) -> Path:
        """The messages themselves, where no topic carries them: one a line."""
        return self.folder / "messages.ndjson"

    @property
    def ingest_summary(self) -> Path:
        """What the ingestion says of itself while it runs."""
        return self.folder / "ingest.json"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.folder / "logs"
