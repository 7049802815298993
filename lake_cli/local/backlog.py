"""How many messages wait in a subscription of the emulator, which tells nobody: they are pulled, counted and given back."""

from __future__ import annotations

import time
from typing import Final

from lake_cli.errors import LakeError
from lake_cli.local import pubsub

_PULL_MESSAGES: Final = 1000
_PULL_SECONDS: Final = 30.0
_EMPTY_PULLS: Final = 3
_PAUSE_SECONDS: Final = 0.2


def count_waiting(address: str, subscription: str, patience_seconds: float = 0.0, at_most: int = 1_000_000) -> int:
    """Messages that nobody has acknowledged and that are not leased to another reader. Counting ends at `at_most`.

    The messages are given back, so an ingestion that starts afterwards gets them.

    Args:
        address: host:port of the emulator.
        subscription: full name.
        patience_seconds: how long emptiness is not believed: for a reader that was killed, what it had pulled is leased to it.
        at_most: where counting ends.

    Raises:
        LakeError: a pull was not answered; how many messages wait is not known.
    """
    from google.api_core.exceptions import GoogleAPICallError

    held: list[str] = []
    empty = 0
    believed_at = time.monotonic() + patience_seconds
    with pubsub.subscriber(address) as client:
        try:
            while len(held) < at_most and (empty < _EMPTY_PULLS or (not held and time.monotonic() < believed_at)):
                try:
                    answer = client.pull(
                        subscription=subscription,
                        max_messages=_PULL_MESSAGES,
                        return_immediately=True,  # a pull that waits must be cut, and silence does not say that nothing is there
                        timeout=_PULL_SECONDS,
                        retry=None,
                    )
                except GoogleAPICallError as error:
                    raise LakeError(
                        f"the emulator at {address} does not say what waits in {subscription} ({type(error).__name__}):"
                        " try again, or `lake down --discard` drops it"
                    ) from None
                received = type(answer).pb(answer).received_messages
                held += [one.ack_id for one in received]
                empty = 0 if received else empty + 1
                if not received:
                    time.sleep(_PAUSE_SECONDS)
        finally:
            for start in range(0, len(held), _PULL_MESSAGES):
                try:
                    client.modify_ack_deadline(
                        subscription=subscription, ack_ids=held[start : start + _PULL_MESSAGES], ack_deadline_seconds=0
                    )
                except GoogleAPICallError:
                    break  # their leases run out by themselves
    return len(held)
