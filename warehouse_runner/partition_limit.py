"""How many days one run rebuilds on BigQuery, where a job may change 4,000 partitions at most; the rest waits for the next runs.

Devices with a wrong clock send events of any day since the contract's earliest year, so a lake can have more dates than that.
Source: https://cloud.google.com/bigquery/quotas#partitioned_tables
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from warehouse_runner.changes import Changes, ManifestState

MAX_PARTITIONS: Final = 4_000

WIDENED_DAYS: Final = 7
"""Days before or after a changed day that some models rebuild with it: the largest `before` or `after` of the models."""


def within_limit(dates: Iterable[str], widened_days: int = WIDENED_DAYS, most: int = MAX_PARTITIONS) -> tuple[str, ...]:
    """The newest of these dates (ISO) that together with the days rebuilt beside them are at most `most`, sorted."""
    taken: list[str] = []
    rebuilt: set[date] = set()
    for day in sorted(dates, reverse=True):
        rebuilt.update(date.fromisoformat(day) + timedelta(days=shift) for shift in range(widened_days + 1))
        if len(rebuilt) > most:
            break
        taken.append(day)
    return tuple(reversed(taken))


def dates_in(state: ManifestState) -> set[str]:
    """Every event date of the lake."""
    return {day for folder in state.values() for day in folder["lake"]}


def leaving_out(changes: Changes, before: ManifestState | None, left_out: Iterable[str]) -> Changes:
    """The changes without these event dates, remembered as they were before, so that the next run finds them changed."""
    days = set(left_out)
    if not days:
        return changes
    state = dict(changes.state)
    for folder in state.keys() | (before or {}).keys():
        now, seen = state.get(folder), (before or {}).get(folder)
        dates = dict(now["lake"]) if now else {}
        earlier = seen["lake"] if seen else {}
        touched = {day for day in days if dates.get(day) != earlier.get(day)}
        for day in touched:
            dates.pop(day, None)
            if day in earlier:
                dates[day] = earlier[day]
        if touched:
            quarantine = now["quarantine"] if now else {}
            state[folder] = {"listing": "left in part to the next run", "lake": dates, "quarantine": quarantine}
    return replace(changes, lake_dates=tuple(day for day in changes.lake_dates if day not in days), state=state)
