"""Publishers without a ledger are compared with what Cloud Monitoring counted, hour by hour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lake_cli.cli import main
from lake_cli.errors import LakeError
from lake_cli.lifecycle import auditing, monitoring
from tests.lifecycle.lakes import MINUTE, in_folder, message
from tests.samples import PUBLISH_MICROS

DAY = date(2026, 11, 22)  # PUBLISH_MICROS is ten o'clock of it
TOPIC = "projects/shop-prod/topics/shop-events"


class Answer:
    def __init__(self, content: Any, status_code: int = 200) -> None:
        self.content, self.status_code, self.text = content, status_code, str(content)

    def json(self) -> Any:
        return self.content


class Service:
    """Answers in two pages, as the API does: counts as text, points named by the end of their hour."""

    def __init__(self, counts: Mapping[int, int], status: int = 200) -> None:
        self.counts, self.status, self.asked = dict(counts), status, []

    def get(self, url: str, *, params: Mapping[str, str], timeout: float) -> Answer:
        assert timeout > 0
        self.asked.append((url, dict(params)))
        if self.status != 200:
            return Answer({"error": {"message": "Permission denied"}}, self.status)
        first = "pageToken" not in params
        hours = [hour for hour in self.counts if (hour < 12) == first]
        points = [
            {
                "interval": {
                    "startTime": f"2026-11-22T{hour:02}:00:00Z",
                    "endTime": f"2026-11-22T{hour + 1:02}:00:00Z",
                },
                "value": {"distributionValue": {"count": str(self.counts[hour]), "mean": 400.0}},
            }
            for hour in hours
        ]
        return Answer({"timeSeries": [{"points": points}], **({"nextPageToken": "2"} if first else {})})


def test_the_counts_of_a_topic_are_asked_for_by_hour_and_page() -> None:
    service = Service({9: 7, 10: 120, 13: 5})
    found = monitoring.published(TOPIC, DAY, service)
    assert [(hour, number) for hour, number in enumerate(found) if number] == [(9, 7), (10, 120), (13, 5)]
    (url, first), (_, second) = service.asked
    assert url == "https://monitoring.googleapis.com/v3/projects/shop-prod/timeSeries"
    assert 'resource.labels.topic_id = "shop-events"' in first["filter"]
    assert (first["interval.startTime"], first["interval.endTime"]) == ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
    assert second["pageToken"] == "2"


def test_what_monitoring_refuses_is_said_with_the_remedy() -> None:
    with pytest.raises(LakeError, match=r"403: .*Permission denied.*roles/monitoring\.viewer"):
        monitoring.published(TOPIC, DAY, Service({}, status=403))
    with pytest.raises(LakeError, match=r"'shop-events' is no topic: write projects/PROJECT/topics/TOPIC"):
        monitoring.published("shop-events", DAY, Service({}))


def test_an_hour_that_lacks_messages_is_named_and_a_minute_at_its_edge_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = in_folder(tmp_path)
    for minute in range(
        0, 120, 5
    ):  # 24 messages in each of two hours; five of them in an hour's first and last minutes
        lake.write([message(10 * minute + n, PUBLISH_MICROS + minute * MINUTE) for n in range(2)])
    lake.write([message(9_999, PUBLISH_MICROS + 30 * MINUTE)._replace(data=b"broken")])
    found = auditing.audit({"lake": lake.lake, "quarantine": lake.quarantine}, {}, DAY)
    assert found.minutes["2026-11-22T10:30"] == 3  # quarantine counts
    right = [0] * 10 + [25, 24] + [0] * 12
    assert monitoring.differences(right, found.minutes, DAY) == []
    edge = [*right[:10], 26, 23, *right[12:]]
    assert monitoring.differences(edge, found.minutes, DAY) == []

    service = Service({10: 31, 11: 24})
    monkeypatch.setattr(monitoring, "_session", lambda: service)
    monkeypatch.setattr("sys.argv", ["lake", "audit", "--folder", str(tmp_path), "--date", str(DAY), "--topic", TOPIC])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "2026-11-22T10:00Z, the hour: Cloud Monitoring counted 31 published, found 25, 6 missing" in shown
