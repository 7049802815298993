"""What a run rebuilds, and over which snapshot of the lake: decided once, before dbt starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_runner.changes import Changes, ManifestState, find_changes, read_watermark
from warehouse_runner.errors import WarehouseError
from warehouse_runner.objects import open_store
from warehouse_runner.partition_limit import MAX_PARTITIONS, WIDENED_DAYS, dates_in, leaving_out, within_limit
from warehouse_runner.snapshot import Unrecorded
from warehouse_runner.state import StateStore


@dataclass(frozen=True)
class Plan:
    """A run to come.

    Attributes:
        changes: what the manifest says has changed.
        everything: all days are rebuilt.
        variables: dbt's variables.
        unrecorded: objects that are read although the manifest does not name them.
        left_out: event dates (ISO) that changed, too, and are left to the next runs (`partition_limit`), sorted.
    """

    changes: Changes
    everything: bool
    variables: dict[str, Any]
    unrecorded: list[Unrecorded]
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What this run leaves undone or unsure, in one line each."""
        notes = []
        if not {"snapshot", "published_before"} & self.variables.keys():
            notes.append(
                "the lake has no watermark (_control/watermark.json): models read what is there when each of them starts, and may"
                " disagree about messages that arrive meanwhile; the ingestion writes one"
            )
        if self.left_out:
            notes.append(
                f"{len(self.left_out):,} event dates from {self.left_out[0]} to {self.left_out[-1]} are left to the next runs:"
                f" BigQuery changes {MAX_PARTITIONS:,} partitions in one job"
            )
        return notes


def make_plan(
    lake: str,
    quarantine: str,
    target: str,
    store: StateStore,
    *,
    dates: Iterable[str] | None = None,
    also: Iterable[str] = (),
    full_refresh: bool = False,
    allow_empty: bool = False,
) -> Plan:
    """Finds what changed since the last successful build, and fixes what this run reads.

    Args:
        lake: root of the lake, an absolute folder or gs:// address.
        quarantine: root of the quarantine.
        target: a target of dbt/profiles.yml.
        store: the memory of the warehouse.
        dates: dates (ISO) to rebuild in place of those that changed.
        also: dates to rebuild in any case.
        full_refresh: rebuild all days.
        allow_empty: replace a warehouse that has reports although the lake has no objects.

    Raises:
        WarehouseError: the lake does not exist or has become empty, the manifest cannot be read, or the warehouse not opened.
    """
    objects = open_store(lake)
    if target == "duckdb":
        for root in (lake, quarantine):
            if "?" in root:
                raise WarehouseError(
                    f"{root} has a question mark, which DuckDB takes for the end of a path: rename the folder"
                )
    before = store.load()
    bound = None if target == "duckdb" else read_watermark(objects)
    changes = find_changes(objects, before, store.known_folders(), complete_before=bound)
    _check_not_emptied(lake, changes, before, allow_empty=allow_empty)
    everything = full_refresh or (changes.everything and dates is None)
    left_out: tuple[str, ...] = ()
    if target != "duckdb" and dates is None:
        candidates = dates_in(changes.state) if everything else set(changes.lake_dates)
        kept = within_limit(candidates, 0 if everything else WIDENED_DAYS)
        left_out = tuple(sorted(candidates.difference(kept)))
        changes = leaving_out(changes, None if everything else before, left_out)
    lake_dates = sorted({*(changes.lake_dates if dates is None else dates), *also})
    quarantine_dates = sorted({*(changes.quarantine_dates if dates is None else dates), *also})
    unrecorded = store.begin(
        changes,
        {"lake": Path(lake), "quarantine": Path(quarantine)},
        None if everything else {*lake_dates, *quarantine_dates},
    )
    variables: dict[str, Any] = (
        {"snapshot": True} if target == "duckdb" else {"published_before": bound} if bound else {}
    )
    if everything and left_out:
        variables["first_date"] = kept[0]
    if not everything:
        variables |= {
            "changed_dates": lake_dates,
            "changed_quarantine_dates": quarantine_dates,
            "changed_manifest_dates": list(changes.manifest_dates),
        }
    return Plan(changes, everything, variables, unrecorded, left_out)


def _check_not_emptied(lake: str, changes: Changes, before: ManifestState | None, *, allow_empty: bool) -> None:
    """A mistyped address must not replace reports by nothing."""
    if before and not changes.state and not allow_empty:
        raise WarehouseError(
            f"the lake {lake} has no objects (its manifest is empty), but the warehouse holds reports of a lake that had some:"
            " correct the address, or say --allow-empty to replace the reports by nothing"
        )
