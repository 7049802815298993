"""When the emulator's memory is freed, and under which name the ingestion goes on. Pure.

The emulator keeps every message of a subscription in its heap, acknowledged or not, until the subscription is deleted. So the
subscription that the ingestion reads is replaced by a successor from time to time:

1. The successor is created beside it: from now on every message is in both.
2. Once the watermark says that all is written which was published before the successor was complete, the ingestion is ended.
3. What it wrote of the messages in the successor is acknowledged there, by the ids in the lake and in quarantine (`handover`).
4. The predecessor is deleted, with all messages that it held, and the ingestion goes on with the successor.

The topic is always there and takes messages. Until step 4 the predecessor is untouched: whatever fails, the ingestion goes on
with it.
`rotator` carries this out.
"""

from __future__ import annotations

from typing import Final

from lake_cli.local.live.state import RunState, Written

BYTES_A_MESSAGE: Final = 600
"""What a message takes in the emulator beside its data: 450 bytes were measured without attributes."""

SHARE_OF_HEAP: Final = 4
"""Written messages may take a fourth of the heap: there must be room for those that wait, and for those of a rotation's time."""

_SUFFIX: Final = "-alternate"


def held_bytes(written: Written) -> int:
    """How much memory written messages take until their subscription is deleted."""
    return written.bytes + written.messages * BYTES_A_MESSAGE


def is_due(state: RunState) -> bool:
    """Whether written messages take so much of the emulator's heap that it is time for a successor."""
    heap, successor = state.emulator.heap_bytes, state.successor
    if heap is None or successor is not None:
        return False
    return held_bytes(state.written - state.written_to_predecessors) * SHARE_OF_HEAP >= heap


def is_under_way(state: RunState) -> bool:
    """Whether the subscription is being replaced, or is to be."""
    return state.successor is not None or state.switching or is_due(state)


def next_subscription(state: RunState) -> str:
    """The successor's full name: two names take turns, the one that was asked for and that with a suffix."""
    chosen = state.chosen_subscription or state.subscription
    return chosen if state.subscription != chosen else chosen + _SUFFIX
