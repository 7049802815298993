"""What `lake erase` does, from the order to the receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from beam_pipeline.messages import micros_of, now_micros, rfc3339
from event_contract.lake_layout import LAKE, QUARANTINE
from lake_cli.lifecycle import manifest as manifests
from lake_cli.lifecycle import receipts
from lake_cli.lifecycle.erasing import Found, erase, search
from lake_cli.lifecycle.lease import lease
from lake_cli.lifecycle.receipts import Receipt, Run
from lake_cli.lifecycle.storage import Root
from lake_cli.lifecycle.subjects import Subjects, hashed
from lake_cli.lifecycle.warehouse_erasing import erase_from_warehouse

_SLACK: Final = timedelta(hours=1) // timedelta(microseconds=1)
"""Clocks of those that write objects may be behind by this, in microseconds."""

_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_VERSIONS_DAYS: Final = 30 + 7
"""terraform/modules/lake: noncurrent versions are deleted after 30 days, and stay restorable for 7 more."""

_TOPIC_DAYS: Final = 7
"""terraform/modules/messaging: the topic keeps messages for 7 days."""


class ErasureRun:
    """Erases from one lake with its quarantine, DuckDB warehouse and page; `tell` prints a line. Methods return problems."""

    def __init__(self, lake: Root, quarantine: Root, warehouse: Path, page: Path, tell: Callable[[str], None]) -> None:
        self._roots = {LAKE: lake, QUARANTINE: quarantine}
        self._lake = lake
        self._warehouse = warehouse
        self._page = page
        self._tell = tell

    def count(self, values: Iterable[str]) -> list[str]:
        """Says where lines of persons lie, and changes nothing."""
        found = search(self._roots, Subjects(b"", values))
        self._tell_rows(found.rows)
        self._tell_linked(found)
        self._tell(f"{found.rows.total():,} lines in {len(found.objects):,} objects would be erased: add --yes.")
        return found.problems

    def erase(self, values: list[str]) -> list[str]:
        """Erases persons and writes the receipt: first as an order, so that a run that is killed is finished by maintenance."""
        with lease(self._lake) as check:
            now = now_micros()
            salt = receipts.salt(self._lake)
            order = Receipt(ordered_at=rfc3339(now), subjects=sorted(hashed(salt, value) for value in set(values)))
            known = {receipt.name: receipt for receipt in receipts.read(self._lake)}
            receipt = known.get(order.name, order)
            if receipt is order:
                receipts.write(self._lake, receipt)
            found = erase(self._roots, Subjects(salt, values), now, check, progress=self._tell)
            self._finish([receipt], found, values, now)
        self._tell_linked(found)
        self._tell(f"receipt    {self._lake.address}/{receipt.name}")
        return found.problems

    def show_pending(self) -> list[str]:
        """Says which orders are due: objects were written since they were last applied."""
        written = sorted(
            record.written_at for record in manifests.read(self._lake).records.values() if not record.replaces
        )
        for receipt in receipts.read(self._lake):
            since = receipt.applied_to
            due = sum(1 for each in written if since is None or each >= since)
            self._tell(
                f"{receipt.name}  ordered {receipt.ordered_at}, {len(receipt.subjects)} ids, "
                f"applied to {since or 'nothing yet'}: "
                f"{due:,} objects written since"
            )
            for line in receipt.remains:
                self._tell(f"  remains  {line}")
        return []

    def apply_pending(self) -> list[str]:
        """Applies all receipts to what was written since they were last applied."""
        with lease(self._lake) as check:
            orders = receipts.read(self._lake)
            if not orders:
                self._tell("There is no order to erase anyone.")
                return []
            now = now_micros()
            applied = [order.applied_to for order in orders]
            since = None if None in applied else rfc3339(min(micros_of(each) for each in applied if each) - _SLACK)
            subjects = Subjects(receipts.salt(self._lake), hashes=[each for order in orders for each in order.subjects])
            found = erase(self._roots, subjects, now, check, since, self._tell)
            self._finish(orders, found, found.values, now)
        return found.problems

    def _finish(self, orders: list[Receipt], found: Found, values: Iterable[str], now: int) -> None:
        rows = dict(found.rows)
        if self._warehouse.exists():
            deleted = erase_from_warehouse(self._warehouse, values)
            rows |= {f"warehouse/{name}": count for name, count in deleted.items()}
            if deleted and self._page.exists():
                from lake_cli.report import render

                render(self._warehouse, self._page)
        for order in orders:
            if not found.problems:  # what could not be read is still to be searched
                order.applied_to = rfc3339(now)
            if rows:
                order.runs.append(Run(at=rfc3339(now), rows=rows, objects=found.objects))
                order.remains = self._remains(now)
            receipts.write(self._lake, order)
        self._tell_rows(Counter(rows))
        self._tell(f"{found.rows.total():,} lines erased from {len(found.objects):,} objects.")

    def _remains(self, now: int) -> list[str]:
        if not self._lake.address.startswith("gs://"):
            return ["messages of the last days in Pub/Sub's topic, where one keeps them, until they end there"]
        versions = rfc3339(now + _VERSIONS_DAYS * _DAY)[:10]
        return [
            f"noncurrent and soft-deleted versions of the rewritten objects in both buckets, until {versions}",
            f"messages kept by the topic, until {rfc3339(now + _TOPIC_DAYS * _DAY)[:10]}",
            "rows in BigQuery, until the next build has rebuilt these days; and its time travel for 7 days more",
        ]

    def _tell_rows(self, rows: Counter[str]) -> None:
        for place, count in sorted(rows.items()):
            self._tell(f"{count:>10,}  {place}")

    def _tell_linked(self, found: Found) -> None:
        for value, count in found.linked.most_common(20):
            self._tell(f"{count:>10,}  lines of theirs also carry {value}: erase it, too, if it is theirs alone")
