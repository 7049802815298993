"""Where the local platform keeps its state, and where things lie below a folder of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_PLATFORM: Final = "live"


def run_folder() -> Path:
    """Folder of the state and logs of the platform that `LAKE_PLATFORM` names (default: live).

    Below the user's state directory (XDG_STATE_HOME, else ~/.local/state), so that every command finds the platform from any
    folder.
    """
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home, "ecommerce-lake", os.environ.get("LAKE_PLATFORM") or DEFAULT_PLATFORM)


def live_folder(state: Path) -> Path:
    """Folder of the platform's lake: of the one that runs, else below the working directory, else of the one that ran last."""
    here = Path(".lake", state.name)
    for file, anyway in (("state.json", True), ("last.json", not here.exists())):
        try:
            known = Path(json.loads((state / file).read_bytes())["folder"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # nothing was started, or the file is damaged: `lake status` says so
        if anyway and known.is_dir():
            return known
    return here


RUN_FOLDER: Final = run_folder()
LIVE_FOLDER: Final = live_folder(RUN_FOLDER)
LIVE_FOLDER_SHOWN: Final = "that of the platform, else .lake/live"
"""What help says of a default that is LIVE_FOLDER: the same on every machine."""

DEMO_FOLDER: Final = Path(".lake/demo")
LIVE_DEMO_FOLDER: Final = Path(".lake/live-demo")


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
    def dbt(self) -> Path:
        """Folder of what dbt compiled and said."""
        return self.folder / "dbt"

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
