"""What a successor still has to deliver: all but the messages that are in the lake or in quarantine, by their ids.

A message counts as written if a line of an object that the manifest names has its id and publish time, for no other reason: one
that is only missing in the predecessor may be on its way there, or leased to somebody. The ingestion must have ended.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from beam_pipeline.messages import micros_of
from event_contract.lake_layout import LAKE
from event_contract.lake_records import Ingest, ManifestRecord
from lake_cli import lake_files
from lake_cli.errors import LakeError
from lake_cli.local import pubsub
from lake_cli.places import Places

if TYPE_CHECKING:
    from google.pubsub_v1 import SubscriberClient

_PULL_MESSAGES: Final = 1000
_CALL_SECONDS: Final = 30.0
_EXTEND_SECONDS: Final = pubsub.ACK_DEADLINE_SECONDS / 3
_EMPTY_PULLS: Final = 3
_PAUSE_SECONDS: Final = 0.2
_ATTEMPTS: Final = 3


class HandoverFailed(LakeError):
    """The emulator did not answer, or not as it should; for some time messages may be leased to nobody.

    Nothing is lost: the predecessor has every message.
    """

    exit_code = 1


class Id(NamedTuple):
    """What a message is known by: ids begin anew with every emulator. `publish_micros` since the epoch."""

    message_id: str
    publish_micros: int


class _LakeLine(msgspec.Struct):
    ingested: Ingest = msgspec.field(name="_ingest")


class _QuarantineLine(msgspec.Struct):
    message_id: str
    publish_time: str


class _Pulled(NamedTuple):
    id: Id
    ack_id: str


_decode_lake: Final = msgspec.json.Decoder(_LakeLine).decode
_decode_quarantine: Final = msgspec.json.Decoder(_QuarantineLine).decode


def written_ids(places: Places, since_micros: int) -> set[Id]:
    """The messages in the lake and in quarantine that were published at that instant or later, and maybe earlier ones.

    Raises:
        LakeError: an object is damaged, or there no more.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return {each for record in _records(places, since_micros) for each in _ids_in(places, record)}
        except FileNotFoundError as gone:  # compaction or an erasure has just replaced it
            if attempt == _ATTEMPTS:
                raise HandoverFailed(f"{gone.filename} is in the manifest and missing") from None
    raise AssertionError("the last attempt returns or raises")


def _records(places: Places, since_micros: int) -> list[ManifestRecord]:
    records = lake_files.read_manifest(places.lake)
    replaced = {(record.root, path) for record in records for path in record.replaced_paths}
    return [
        record
        for record in records
        if (record.root, record.path) not in replaced and micros_of(record.max_publish_time) >= since_micros
    ]


def _ids_in(places: Places, record: ManifestRecord) -> Iterator[Id]:
    root = places.lake if record.root == LAKE else places.quarantine
    try:
        for line in lake_files.read_lines(root / record.path):
            if record.root == LAKE:
                ingested = _decode_lake(line).ingested
                yield Id(ingested.message_id, micros_of(ingested.publish_time))
            else:
                refused = _decode_quarantine(line)
                yield Id(refused.message_id, micros_of(refused.publish_time))
    except msgspec.DecodeError as error:
        raise LakeError(f"{root / record.path} holds a line that cannot be read ({error})") from None


def count_unwritten(address: str, subscription: str, before_micros: int, written: Set[Id]) -> int:
    """How many messages that were published before an instant wait in a subscription and are not written.

    Raises:
        HandoverFailed: a call failed.
    """
    with _reading(address, subscription) as reader:
        return sum(
            one.id.publish_micros < before_micros and one.id not in written
            for pulled in reader.pulls(before_micros)
            for one in reader.hold(pulled)
        )


def acknowledge_written(address: str, subscription: str, written: Set[Id]) -> int:
    """Acknowledge the messages in a subscription that are written; the others are given back. Returns how many were.

    Raises:
        HandoverFailed: a call failed.
    """
    acknowledged = 0
    last = max((one.publish_micros for one in written), default=0)
    with _reading(address, subscription) as reader:
        for pulled in reader.pulls(last + 1):
            done = [one.ack_id for one in pulled if one.id in written]
            reader.hold([one for one in pulled if one.id not in written])
            if done:
                reader.acknowledge(done)
            acknowledged += len(done)
    return acknowledged


@contextlib.contextmanager
def _reading(address: str, subscription: str) -> Iterator[_Reader]:
    """A reader of a subscription, which gives back at the end what it holds."""
    from google.api_core.exceptions import GoogleAPICallError

    with pubsub.subscriber(address) as client:
        reader = _Reader(client, subscription)
        try:
            yield reader
            reader.lease_all(0)
        except GoogleAPICallError as error:
            raise HandoverFailed(
                f"the emulator at {address} does not hand over {subscription} ({type(error).__name__})"
            ) from None


class _Reader:
    """Pulls messages and keeps them leased."""

    def __init__(self, client: SubscriberClient, subscription: str) -> None:
        self._client = client
        self._subscription = subscription
        self._held: list[str] = []
        self._leased_at = time.monotonic()

    def pulls(self, until_micros: int) -> Iterator[list[_Pulled]]:
        """What waits, pull by pull, up to one with nothing that was published before that instant.

        The emulator delivers in the order of publishing, and publishers may go on.
        """
        empty = 0
        while empty < _EMPTY_PULLS:
            pulled = self._pull()
            if not pulled:
                empty += 1
                time.sleep(_PAUSE_SECONDS)
                continue
            empty = 0
            yield pulled
            if all(one.id.publish_micros >= until_micros for one in pulled):
                return

    def hold(self, pulled: list[_Pulled]) -> list[_Pulled]:
        """Keep messages leased until `lease_all(0)`; returns them."""
        self._held += [one.ack_id for one in pulled]
        if time.monotonic() - self._leased_at > _EXTEND_SECONDS:
            self.lease_all(pubsub.ACK_DEADLINE_SECONDS)
        return pulled

    def lease_all(self, seconds: int) -> None:
        """Extend the leases of all that is held; 0 gives it back."""
        self._leased_at = time.monotonic()
        self._in_parts(
            self._held,
            lambda part: self._client.modify_ack_deadline(
                subscription=self._subscription,
                ack_ids=part,
                ack_deadline_seconds=seconds,
                timeout=_CALL_SECONDS,
                retry=None,
            ),
        )

    def acknowledge(self, ack_ids: list[str]) -> None:
        self._in_parts(
            ack_ids,
            lambda part: self._client.acknowledge(
                subscription=self._subscription, ack_ids=part, timeout=_CALL_SECONDS, retry=None
            ),
        )

    def _in_parts(self, ack_ids: list[str], call: Callable[[list[str]], None]) -> None:
        for start in range(0, len(ack_ids), _PULL_MESSAGES):
            call(ack_ids[start : start + _PULL_MESSAGES])

    def _pull(self) -> list[_Pulled]:
        answer = self._client.pull(
            subscription=self._subscription,
            max_messages=_PULL_MESSAGES,
            return_immediately=True,  # a pull that waits must be cut, and silence does not say that nothing is there
            timeout=_CALL_SECONDS,
            retry=None,
        )
        return [
            _Pulled(
                Id(
                    one.message.message_id,
                    one.message.publish_time.seconds * 1_000_000 + one.message.publish_time.nanos // 1000,
                ),
                one.ack_id,
            )
            for one in type(answer).pb(answer).received_messages
        ]
