"""Sends messages again: paced, in requests that Pub/Sub takes, each recorded once it is acknowledged."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import PublisherClient

from beam_pipeline.messages import now_micros, rfc3339
from lake_cli.errors import LakeError
from lake_cli.quarantine.planning import Candidate
from lake_cli.quarantine.records import ReplayRecord, keep
from producer.pubsub import TRANSIENT, TopicUnavailable, connected, ensure_topic, is_topic, reason

_MAX_REQUEST_MESSAGES: Final = 500
_MAX_REQUEST_BYTES: Final = 4_000_000
_REQUESTS_PER_SECOND: Final = 5
_RETRY: Final = Retry(predicate=lambda error: isinstance(error, TRANSIENT), initial=0.1, maximum=5.0, timeout=60.0)
_MAX_MESSAGE_BYTES: Final = 10_000_000  # this and the next: Pub/Sub's limits for one message
_MAX_ATTRIBUTES: Final = 100
_CALL_SECONDS: Final = 30.0


class ReplayFailed(LakeError):
    """Some messages were sent and recorded, the rest was not; the text counts them."""

    exit_code = 1


def send(
    root: str,
    topic: str,
    candidates: Iterable[Candidate],
    rate: float,
    progress: Callable[[int], None],
    skipped: Callable[[Candidate, str], None],
) -> int:
    """Publishes messages and records them in the quarantine; returns how many.

    A message that Pub/Sub will not take, too large with its attributes or with too many of them, is skipped; all others are sent.

    A crash between the two makes the next replay send one request's messages twice: the warehouse holds each event once.

    Args:
        root: of the quarantine.
        topic: projects/P/topics/T.
        candidates: what to send.
        rate: messages a second, at most.
        progress: told the number of messages sent so far.
        skipped: told of each message that Pub/Sub refuses, and why.

    Raises:
        LakeError: nothing was sent: the topic is not there.
        ReplayFailed: in the middle.
    """
    if not is_topic(topic):
        raise LakeError(f"--topic {topic!r} is no topic: write it as projects/PROJECT/topics/NAME")
    sent = 0
    try:
        with connected() as client:
            ensure_topic(client, topic, create=False)
            due = time.monotonic()
            for request in _requests(
                _sendable(candidates, skipped), max(1, min(_MAX_REQUEST_MESSAGES, int(rate / _REQUESTS_PER_SECOND)))
            ):
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due, time.monotonic()) + len(request) / rate
                records = _publish(client, topic, request, skipped)
                keep(root, records)
                sent += len(records)
                progress(sent)
    except TopicUnavailable as error:
        raise LakeError(str(error)) from None
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        raise ReplayFailed(f"{sent:,} messages were sent, the rest was not: {reason(error)}; call again") from None
    except OSError as error:
        raise ReplayFailed(
            f"{sent:,} messages were sent and recorded, then the record in {root} could not be written ({error}): what was"
            " sent since will be sent again"
        ) from None
    return sent


def _publish(
    client: PublisherClient, topic: str, request: list[Candidate], skipped: Callable[[Candidate, str], None]
) -> list[ReplayRecord]:
    """Sends a request; one that is refused is halved until what Pub/Sub will not take is alone."""
    messages = [{"data": each.data, "attributes": each.attributes} for each in request]
    try:
        answer = client.publish(topic=topic, messages=messages, retry=_RETRY, timeout=_CALL_SECONDS)
    except InvalidArgument as error:
        if len(request) == 1:
            skipped(request[0], reason(error))
            return []
        half = len(request) // 2
        return [
            record for part in (request[:half], request[half:]) for record in _publish(client, topic, part, skipped)
        ]
    sent_at = rfc3339(now_micros())
    return [
        ReplayRecord(
            replay_of=each.case,
            attempt=each.attempt,
            fingerprint=hashlib.sha256(each.data).hexdigest(),
            message_id=message_id,
            topic=topic,
            sent_at=sent_at,
        )
        for each, message_id in zip(request, answer.message_ids, strict=True)
    ]


def _sendable(candidates: Iterable[Candidate], skipped: Callable[[Candidate, str], None]) -> Iterator[Candidate]:
    """What keeps Pub/Sub's limits: a request that breaks one is refused as a whole, or by the connection without a reason."""
    for candidate in candidates:
        size = len(candidate.data) + sum(len(f"{key}{value}".encode()) for key, value in candidate.attributes.items())
        if size > _MAX_MESSAGE_BYTES:
            skipped(candidate, f"{size:,} bytes with its attributes, Pub/Sub takes {_MAX_MESSAGE_BYTES:,}")
        elif len(candidate.attributes) > _MAX_ATTRIBUTES:
            skipped(
                candidate,
                f"{len(candidate.attributes)} attributes with the two of a replay, Pub/Sub takes {_MAX_ATTRIBUTES}",
            )
        else:
            yield candidate


def _requests(candidates: Iterable[Candidate], most: int) -> Iterator[list[Candidate]]:
    request: list[Candidate] = []
    size = 0
    for candidate in candidates:
        if request and (len(request) >= most or size + len(candidate.data) > _MAX_REQUEST_BYTES):
            yield request
            request, size = [], 0
        request.append(candidate)
        size += len(candidate.data)
    if request:
        yield request
