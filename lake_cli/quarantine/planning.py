"""What a replay would send: each case once, what was sent already left out, and not for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from beam_pipeline.judging import judge_message
from beam_pipeline.messages import Message, now_micros
from event_contract import Rejection
from event_contract.mapping import Source
from lake_cli.quarantine.reading import REPLAY_ATTEMPT, REPLAY_OF, Refused, read_refused
from lake_cli.quarantine.records import Sent, read_sent
from lake_cli.quarantine.selection import Selection

_RESERVED_ATTRIBUTES: Final = "goog"  # Pub/Sub refuses or overwrites attributes of this prefix


@dataclass(frozen=True)
class Candidate:
    """A message to send: its bytes and attributes as they will be, and what the contract says of it today."""

    case: str
    attempt: int
    data: bytes
    attributes: dict[str, str]
    code: str | None

    @classmethod
    def of(
        cls, case: str, attempt: int, data: bytes, attributes: dict[str, str], sources: Sequence[Source] = ()
    ) -> Candidate:
        """Marks a message as a replay and asks the contract about it, as the job would with these mappings."""
        verdict = judge_message(Message(data, case, now_micros(), attributes), sources)
        kept = {key: value for key, value in attributes.items() if not key.startswith(_RESERVED_ATTRIBUTES)}
        marks = {REPLAY_OF: case, REPLAY_ATTEMPT: str(attempt)}
        code = verdict.code.value if isinstance(verdict, Rejection) else None
        return cls(case, attempt, data, kept | marks, code)


@dataclass
class Tally:
    """How a plan came about, in messages: complete when all its candidates have been taken.

    Attributes:
        valid: would reach the lake today.
        refused: would come back, by reason code.
        repeats: the same bytes as another one, or an earlier attempt of it.
        sent_before: replayed already.
        attempts_exhausted: replayed as often as is allowed.
        left_out: not valid, and only valid ones were asked for.
        unknown: in a repaired file, but not in this quarantine.
    """

    valid: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    sent_before: int = 0
    attempts_exhausted: int = 0
    left_out: int = 0
    unknown: int = 0

    @property
    def to_send(self) -> int:
        """Messages that the plan sends."""
        return self.valid + self.refused.total()


@dataclass(frozen=True)
class Rules:
    """What a replay may send.

    Attributes:
        max_attempts: of one case.
        again: also what has been sent already, and may be on its way.
        only_valid: nothing that the contract would refuse today.
        limit: messages in this replay; None for all.
        sources: the mappings that the job runs with.
    """

    max_attempts: int = 5
    again: bool = False
    only_valid: bool = False
    limit: int | None = None
    sources: tuple[Source, ...] = ()


class Plan:
    """The messages that a replay sends, read as they are taken: a quarantine need not fit into memory."""

    def __init__(self, root: str, rules: Rules) -> None:
        self.tally = Tally()
        self._root = root
        self._rules = rules
        self._sent: Sent = read_sent(root)
        self._latest = latest_attempts(read_refused(root))

    def of_selection(self, selection: Selection) -> Iterator[Candidate]:
        """Selected messages as they were refused last."""
        return self._allowed(
            (refused.case, refused.payload, refused.attributes) for refused in self._selected(selection)
        )

    def latest(self, selection: Selection) -> Iterator[Refused]:
        """Selected messages as they were refused last, whatever the rules say of them."""
        return (refused for refused in selection.read(self._root) if refused.attempt == self._latest[refused.case])

    def of_fixed(self, repaired: Iterable[tuple[str, bytes, dict[str, str]]]) -> Iterator[Candidate]:
        """Messages from a repaired file."""
        return self._allowed(repaired)

    def _selected(self, selection: Selection) -> Iterator[Refused]:
        for refused in selection.read(self._root):
            if refused.attempt == self._latest[refused.case]:
                yield refused
            else:
                self.tally.repeats += 1

    def _allowed(self, messages: Iterable[tuple[str, bytes, dict[str, str]]]) -> Iterator[Candidate]:
        taken: set[str] = set()
        for case, data, attributes in messages:
            if self._rules.limit is not None and self.tally.to_send >= self._rules.limit:
                return
            if case in taken:
                self.tally.repeats += 1
                continue
            taken.add(case)
            candidate = self._judged(case, data, attributes)
            if candidate is not None:
                yield candidate

    def _judged(self, case: str, data: bytes, attributes: dict[str, str]) -> Candidate | None:
        if case not in self._latest:
            self.tally.unknown += 1
            return None
        attempt = self._latest[case] + 1
        if (case, attempt) in self._sent and not self._rules.again:
            self.tally.sent_before += 1
            return None
        if attempt > self._rules.max_attempts:
            self.tally.attempts_exhausted += 1
            return None
        candidate = Candidate.of(case, attempt, data, attributes, self._rules.sources)
        if candidate.code is None:
            self.tally.valid += 1
        elif self._rules.only_valid:
            self.tally.left_out += 1
            return None
        else:
            self.tally.refused[candidate.code] += 1
        return candidate


def latest_attempts(messages: Iterable[Refused]) -> dict[str, int]:
    """For every case how often it had been sent again when it was refused last."""
    latest: dict[str, int] = {}
    for refused in messages:
        latest[refused.case] = max(latest.get(refused.case, 0), refused.attempt)
    return latest
