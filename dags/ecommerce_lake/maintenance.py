"""What the weekly DAG does."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from ecommerce_lake import lake, settings

log = logging.getLogger(__name__)

_LINES_IN_LOG = 20


@dataclass(frozen=True)
class SmallFiles:
    """A day of one event type: how many objects it has, and their mean stored size in bytes."""

    event_type: str
    date: date
    objects: int
    mean_bytes: int


def small_files(written: Iterable[lake.WrittenObject], below_bytes: int) -> list[SmallFiles]:
    """Days of a type that are in several objects whose mean is below a size, most objects first: each read opens them all."""
    sizes: dict[tuple[str, date], list[int]] = defaultdict(list)
    for each in written:
        if each.event_type is not None:
            sizes[each.event_type, each.date].append(each.bytes)
    found = [
        SmallFiles(event_type, day, len(stored), sum(stored) // len(stored))
        for (event_type, day), stored in sizes.items()
        if len(stored) > 1 and sum(stored) < below_bytes * len(stored)
    ]
    return sorted(found, key=lambda each: (-each.objects, each.event_type, each.date))


def report_small_files() -> int:
    """Logs the worst days; returns how many objects could become how many fewer."""
    root = lake.open_root(settings.require("lake_uri"), settings.read("lake_conn_id"))
    found = small_files(lake.not_replaced(lake.manifest(root)), int(settings.read("small_object_bytes")))
    for each in found[:_LINES_IN_LOG]:
        log.info("%s %s: %d objects of %d bytes on average", each.date, each.event_type, each.objects, each.mean_bytes)
    spare = sum(each.objects - 1 for each in found)
    log.info(
        "%d days of a type are in small files; rewriting each as one object would save %d objects", len(found), spare
    )
    return spare


def expire_quarantine() -> list[str]:
    """Reports, or deletes if Variable ecommerce_quarantine_expiry is `delete`, days beyond the retention; returns their folders.

    Raises:
        AirflowSkipException: no retention is set; quarantined messages are kept for ever.
        AirflowFailException: days in a bucket are to be deleted, which is the bucket's own work.
    """
    days = int(settings.read("quarantine_retention_days"))
    if days <= 0:
        raise AirflowSkipException("quarantine is kept for ever: see the Variable ecommerce_quarantine_retention_days")
    root = lake.open_root(settings.require("quarantine_uri"), settings.read("lake_conn_id"))
    delete = settings.read("quarantine_expiry") == "delete"
    if delete and root.protocol != "file":
        raise AirflowFailException(
            f"{root} is a bucket, which deletes what has expired by itself (Terraform's quarantine_retention_days), and whose"
            f" objects this account may only read: set the Variable {settings.PREFIX}quarantine_expiry to report"
        )
    oldest = datetime.now(UTC).date() - timedelta(days=days)
    expired = [
        folder for folder in (root / "failed").glob("reason=*/year=*/month=*/day=*") if day_of(str(folder)) < oldest
    ]
    for folder in expired:
        log.info("%s %s, published before %s", "Deleting" if delete else "Expired:", folder, oldest)
        if delete:
            folder.rmdir(recursive=True)
    return [str(folder) for folder in expired]


def day_of(folder: str) -> date:
    """`…/year=2026/month=11/day=22` -> 2026-11-22."""
    keys = dict(part.split("=", 1) for part in folder.split("/") if "=" in part)
    return date(int(keys["year"]), int(keys["month"]), int(keys["day"]))


def skip_unless_wanted(setting: str) -> None:
    """Skips what comes after it unless a Variable is `on`."""
    if settings.read(setting) != "on":
        raise AirflowSkipException(f"not asked for: see the Variable {settings.PREFIX}{setting}")
