"""Keeps the books of a run while it sends: counts, and the truth file."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from producer.files import replacing
from producer.messages import Message
from producer.truth import truth_line

Progress = Callable[[int], None]
"""Called with the number of messages that were sent since the last call."""


@dataclass(kw_only=True)
class Summary:
    """What a run sent, in numbers.

    Attributes:
        messages: acknowledged by Pub/Sub, or written to the file.
        types: messages by event type, duplicates and poison included.
        kinds: messages by kind (`valid`, `late`, `out_of_order`, `duplicate`, poison kinds).
        codes: messages by the reason code they must be given; valid ones are not among them.
        payload_bytes: bytes of all messages, without attributes.
        seconds: from the first message to the last acknowledgement.
        interrupted: the run was asked to stop before its end.
    """

    messages: int = 0
    types: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    payload_bytes: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def poison(self) -> int:
        """Messages that break the contract."""
        return self.codes.total()

    @property
    def messages_per_second(self) -> float:
        """Messages sent a second of wall time."""
        return self.messages / self.seconds if self.seconds else 0.0

    def add(self, message: Message) -> None:
        """Counts one message."""
        self.messages += 1
        self.types[message.event_type] += 1
        self.kinds[message.kind] += 1
        if message.expected_code is not None:
            self.codes[message.expected_code] += 1
        self.payload_bytes += len(message.data)


class Ledger:
    """Books of one run; get one from `open_ledger`."""

    def __init__(self, truth: BinaryIO | None, progress: Progress | None) -> None:
        self.summary = Summary()
        self._truth = truth
        self._progress = progress

    def enter(self, first: int, messages: list[Message]) -> None:
        """Books messages that were sent; `first` is the sequence number of the first of them."""
        for message in messages:
            self.summary.add(message)
        if self._truth is not None:
            self._truth.writelines(truth_line(first + place, message) for place, message in enumerate(messages))
        if self._progress is not None:
            self._progress(len(messages))


@contextmanager
def open_ledger(truth: Path | None, progress: Progress | None, *, keep_on_error: bool) -> Iterator[Ledger]:
    """A ledger for the time of a run. Its truth file appears whole, when the run ends.

    Args:
        truth: where the truth file appears, if anywhere.
        progress: called with the number of messages entered.
        keep_on_error: keep the truth file of a run that failed: what it sent before cannot be taken back.
    """
    with ExitStack() as files:
        file = files.enter_context(replacing(truth, keep_on_error=keep_on_error)) if truth is not None else None
        ledger = Ledger(file, progress)
        begun = time.monotonic()
        try:
            yield ledger
        finally:
            ledger.summary.seconds = time.monotonic() - begun
