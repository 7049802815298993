"""Where things lie in the lake and in quarantine: one place for every folder and control path.

All paths are relative to a root and use forward slashes. `warehouse_runner` and `dags` repeat the few that they read, because
their environments have no msgspec and so cannot import this package; a test holds them to these.
"""

from datetime import date
from typing import Final

LAKE: Final = "lake"
"""Name of the root that holds valid events and the control files."""

QUARANTINE: Final = "quarantine"
"""Name of the root that holds quarantined messages."""

FAILED: Final = "failed"
"""Folder of the quarantine that holds its objects."""

REWRITTEN: Final = "-rewritten.ndjson"
"""Within the name of an object that compaction or erasure wrote in the place of others. One without a manifest record holds lines
that others still hold: what an interrupted run left, and the next one deletes."""

TEMPORARY: Final = "_tmp"
"""Folder below a local root that holds files being written. No reader looks there."""

CONTROL: Final = "_control"
"""Folder of the lake that holds what the platform says about itself. Folders that begin with an underscore hold no events."""

MANIFEST: Final = f"{CONTROL}/manifest"
"""Folder of the manifest: `ManifestRecord` lines, below a Hive date of writing."""

WATERMARK: Final = f"{CONTROL}/watermark.json"
"""Up to which publish time everything is in the lake or in quarantine."""

INGESTIONS: Final = f"{CONTROL}/ingestions"
"""Folder of the marks of local ingestions, one each: how far it is, and, once it has ended, what it could not write."""

MAINTENANCE_LOCK: Final = f"{CONTROL}/maintenance.lock"
"""Held by the one compaction or erasure that may rewrite objects of a lake and its quarantine."""

ERASURES: Final = f"{CONTROL}/erasures"
"""Folder of the receipts of erasures, which are standing orders, and of the salt that their hashes are made with."""

LEDGERS: Final = f"{CONTROL}/ledgers"
"""Folder of the ledgers that publishers keep of what they sent."""

AUDITS: Final = f"{CONTROL}/audits"
"""Folder of the results of audits, one file a publish day."""

CENSUS: Final = f"{CONTROL}/census"
"""Folder of the counts of fields that the contract does not know, one file an event date."""

REPLAYS: Final = f"{CONTROL}/replays"
"""Folder of the quarantine with a record of every message that was replayed."""


def hive_date(day: date) -> str:
    """A date as Hive keys: `year=2026/month=11/day=22`."""
    return f"year={day.year:04d}/month={day.month:02d}/day={day.day:02d}"


def lake_folder(event_type: str, day: date) -> str:
    """Folder of an event type's events of one UTC date, below the lake's root."""
    return f"event_type={event_type}/{hive_date(day)}"


def quarantine_folder(reason: str, day: date) -> str:
    """Folder of the messages quarantined with one reason code and published on one UTC date, below the quarantine's root."""
    return f"{FAILED}/reason={reason}/{hive_date(day)}"


def manifest_folder(day: date) -> str:
    """Folder of the manifest files written for one UTC date, below the lake's root."""
    return f"{MANIFEST}/{hive_date(day)}"
