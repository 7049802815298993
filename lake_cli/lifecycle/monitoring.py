"""What Pub/Sub says was published: messages of a topic, hour by hour, as Cloud Monitoring counted them.

For publishers that keep no ledger. A count knows nothing of contents, and Monitoring takes it once a minute, so an hour's edge
may be a minute off: a loss of as few messages as a minute holds is not seen here, one of any size is by a ledger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol

from lake_cli.errors import LakeError

HOURS: Final = 24
_TOPIC: Final = re.compile(r"projects/([^/]+)/topics/([^/]+)")
_ADDRESS: Final = "https://monitoring.googleapis.com/v3/projects/{}/timeSeries"
_SCOPE: Final = "https://www.googleapis.com/auth/monitoring.read"
_SECONDS: Final = 30.0


class Session(Protocol):
    """What asks over HTTP with the caller's credentials: `google.auth.transport.requests.AuthorizedSession`."""

    def get(self, url: str, *, params: Mapping[str, str], timeout: float) -> Any:
        """The answer, with `status_code`, `text` and `json()`."""


def published(topic: str, day: date, session: Session | None = None) -> list[int]:
    """Messages published to a topic in each hour of a day (UTC).

    Args:
        topic: `projects/PROJECT/topics/TOPIC`.
        day: within the six weeks that Cloud Monitoring keeps.
        session: default: one with the caller's default credentials.

    Raises:
        LakeError: the topic's name is none, there are no credentials, or Cloud Monitoring refuses.
    """
    named = _TOPIC.fullmatch(topic)
    if named is None:
        raise LakeError(f"--topic {topic!r} is no topic: write projects/PROJECT/topics/TOPIC")
    begin = datetime.combine(day, time(), UTC)
    parameters = {
        "filter": 'metric.type = "pubsub.googleapis.com/topic/message_sizes" AND resource.type = "pubsub_topic" '
        f'AND resource.labels.topic_id = "{named[2]}"',
        "interval.startTime": begin.isoformat().replace("+00:00", "Z"),
        "interval.endTime": (begin + timedelta(days=1)).isoformat().replace("+00:00", "Z"),
        "aggregation.alignmentPeriod": "3600s",
        "aggregation.perSeriesAligner": "ALIGN_DELTA",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
    }
    found = [0] * HOURS
    asking = session or _session()
    while True:
        answer = asking.get(_ADDRESS.format(named[1]), params=parameters, timeout=_SECONDS)
        if answer.status_code != 200:
            raise LakeError(
                f"Cloud Monitoring refuses the counts of {topic} ({answer.status_code}: {' '.join(answer.text.split())[:200]}): "
                "check the name, and that you have roles/monitoring.viewer on its project"
            )
        page = answer.json()
        for series in page.get("timeSeries", []):
            for point in series["points"]:
                end = datetime.fromisoformat(point["interval"]["endTime"])
                hour = int((end - begin) / timedelta(hours=1)) - 1  # a point is named by the end of its hour
                if 0 <= hour < HOURS:
                    found[hour] += int(point["value"]["distributionValue"].get("count", 0))
        if not page.get("nextPageToken"):
            return found
        parameters["pageToken"] = page["nextPageToken"]


def differences(counted: list[int], minutes: Mapping[str, int], day: date) -> list[str]:
    """Hours in which more, or fewer, messages were published than were found, by more than a minute at either edge explains.

    Args:
        counted: published messages by hour.
        minutes: found messages by minute of their publish time, `2026-11-22T10:00`.
        day: whose hours they are.
    """
    named = []
    begin = datetime.combine(day, time(), UTC)
    for hour, number in enumerate(counted):
        first = begin + timedelta(hours=hour)
        count = [minutes.get(f"{first + timedelta(minutes=minute):%Y-%m-%dT%H:%M}", 0) for minute in range(-1, 61)]
        found = sum(count[1:-1])
        if abs(number - found) > max(sum(count[:2]), sum(count[-2:])):
            what = f"{abs(number - found):,} {'missing' if number > found else 'too many'}"
            named.append(
                f"{first:%Y-%m-%dT%H:00Z}, the hour: Cloud Monitoring counted {number:,} published, found {found:,}, {what}"
            )
    return named


def _session() -> Session:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
    except DefaultCredentialsError:
        raise LakeError(
            "--topic asks Cloud Monitoring and there are no credentials: gcloud auth application-default login"
        ) from None
    session: Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    return session
