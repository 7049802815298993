"""A lake on disk for tests: valid events, written to the folders and with the manifest that the pipeline would write."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from event_contract import Partition, inspect
from tests.samples import event

Event = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """One message as delivered: the event and when it was published."""

    event: Event
    published_at: datetime
    message_id: str


def arrival(event_type: str, at: str, *, delay: float = 1.0, message_id: str | None = None, **changes: Any) -> Arrival:
    """A valid event of a type that happened at `at` (RFC 3339) and was published `delay` seconds later."""
    identity = str(uuid.uuid4())
    changed = event(event_type, **{"event_id": identity, "timestamp": at, **changes})
    published = datetime.fromisoformat(at).astimezone(UTC) + timedelta(seconds=delay)
    return Arrival(changed, published, message_id or f"m-{changed['event_id']}-{delay}")


@dataclass
class Lake:
    """A lake and its quarantine below one folder."""

    root: Path
    _batches: int = field(default=0, init=False)

    @property
    def path(self) -> Path:
        return self.root / "lake"

    @property
    def quarantine_path(self) -> Path:
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    def write(self, *arrivals: Arrival, manifest: bool = True) -> None:
        """Writes one batch: an object per event type and date, then the manifest record of each."""
        self.write_payloads(
            ((json.dumps(each.event).encode(), each.published_at, each.message_id) for each in arrivals),
            manifest=manifest,
        )

    def write_payloads(self, payloads: Iterable[tuple[bytes, datetime, str]], *, manifest: bool = True) -> None:
        """The same for messages as bytes, each with its publish time and message id. All must be valid."""
        self.path.mkdir(parents=True, exist_ok=True)
        lines: dict[str, list[bytes]] = defaultdict(list)
        partitions: dict[str, Partition] = {}
        for payload, published_at, message_id in payloads:
            judged = inspect(payload, int(published_at.timestamp() * 1_000_000))
            if not isinstance(judged, Partition):
                raise ValueError(f"not a valid event: {judged}")
            ingest = {"message_id": message_id, "publish_time": _instant(published_at)}
            lines[judged.path].append(payload.rstrip()[:-1] + b',"_ingest":' + json.dumps(ingest).encode() + b"}")
            partitions[judged.path] = judged
        records = []
        for folder, rows in lines.items():
            partition = partitions[folder]
            date = f"{int(partition.year):04}-{int(partition.month):02}-{int(partition.day):02}"
            records.append(self._put(self.path, "lake", folder, rows, date, event_type=partition.event_type))
        if manifest:
            self._record(records)

    def quarantine(self, code: str, *payloads: bytes, published_at: str = "2026-11-22T10:00:00+00:00") -> None:
        """Writes one object of quarantined messages."""
        self.path.mkdir(parents=True, exist_ok=True)
        published = datetime.fromisoformat(published_at)
        rows = [
            json.dumps(
                {
                    "code": code,
                    "message": "refused by a test",
                    "field": None,
                    "payload": base64.b64encode(payload).decode(),
                    "attributes": [],
                    "message_id": f"q-{uuid.uuid4()}",
                    "publish_time": _instant(published),
                    "pipeline_version": "test",
                    "fingerprint": hashlib.sha256(payload).hexdigest(),
                }
            ).encode()
            for payload in payloads
        ]
        folder = f"failed/reason={code}/year={published:%Y}/month={published:%m}/day={published:%d}"
        record = self._put(self.quarantine_path, "quarantine", folder, rows, f"{published:%Y-%m-%d}", reason=code)
        self._record([record])

    def _put(
        self,
        root: Path,
        name: str,
        folder: str,
        rows: list[bytes],
        date: str,
        event_type: str | None = None,
        reason: str | None = None,
    ) -> dict[str, object]:
        body = b"".join(row + b"\n" for row in rows)
        stored = gzip.compress(body, 1)
        path = f"{folder}/w{self._batches}-{hashlib.sha256(body).hexdigest()[:16]}.ndjson.gz"
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(stored)
        now = _instant(datetime.now(UTC))
        return {
            "path": path,
            "root": name,
            "event_type": event_type,
            "reason": reason,
            "date": date,
            "rows": len(rows),
            "bytes": len(stored),
            "min_publish_time": now,
            "max_publish_time": now,
            "written_at": now,
        }

    def _record(self, records: list[dict[str, object]]) -> None:
        body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        target = self.path / "_control/manifest/year=2026/month=11/day=22"
        target.mkdir(parents=True, exist_ok=True)
        (target / f"w{self._batches}-{hashlib.sha256(body).hexdigest()[:16]}.ndjson").write_bytes(body)
        self._batches += 1


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
