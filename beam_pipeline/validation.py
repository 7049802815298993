"""Validate, route and chunk: one ParDo with two outputs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from beam_pipeline import counters
from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from event_contract import Partition, Rejection, inspect

Routed = tuple[str, Chunk]
"""A chunk with the destination (`routing`) of its lines."""


@beam.typehints.with_input_types(MessageList)
@beam.typehints.with_output_types(Routed, quarantined=Routed)
class ValidateRouteChunk(beam.DoFn):
    """Messages in, chunks out: of valid events on the main output, of quarantined messages on ``QUARANTINED``.

    Elements are lists of messages: one each from Pub/Sub, thousands each in a micro-batch, where a list costs Beam no
    more than a message. Chunks are stamped with the earliest publish time in them, so that they fall into its window.
    """

    VALID: Final = "valid"
    QUARANTINED: Final = "quarantined"

    def __init__(self, window_seconds: int, pipeline_version: str) -> None:
        self._window_micros = window_seconds * 1_000_000
        self._pipeline_version = pipeline_version

    def start_bundle(self) -> None:
        self._valid = Chunker(self._window_micros)
        self._quarantined = Chunker(self._window_micros)
        self._counts: Counter[str] = Counter()

    def process(self, messages: Sequence[Message]) -> Iterator[object]:
        accepted: dict[str, tuple[Partition, list[Message]]] = {}
        for message in messages:
            verdict = inspect(message.data, message.publish_micros)
            if isinstance(verdict, Rejection):
                yield from self._quarantine(message, verdict)
                continue
            found = accepted.get(verdict.path)
            if found is None:
                accepted[verdict.path] = verdict, [message]
            else:
                found[1].append(message)
        for partition, events in accepted.values():
            self._counts[counters.EVENTS_VALID + partition.event_type] += len(events)
            micros = [message.publish_micros for message in events]
            yield from map(_stamped, self._valid.add(lake_destination(partition), lake_lines(events), micros))
        self._counts[counters.MESSAGES_READ] += len(messages)
        if self._valid.is_over_limit:
            yield from map(_stamped, self._valid.drain())

    def _quarantine(self, message: Message, rejection: Rejection) -> Iterator[object]:
        self._counts[counters.EVENTS_QUARANTINED + rejection.code] += 1
        line = quarantine_line(message, rejection, self._pipeline_version)
        destination = quarantine_destination(rejection, message.publish_micros)
        for routed in self._quarantined.add(destination, [line], [message.publish_micros]):
            yield beam.pvalue.TaggedOutput(self.QUARANTINED, _stamped(routed))
        if self._quarantined.is_over_limit:
            for routed in self._quarantined.drain():
                yield beam.pvalue.TaggedOutput(self.QUARANTINED, _stamped(routed))

    def finish_bundle(self) -> Iterator[object]:
        for name, amount in self._counts.items():
            counters.count(name, amount)
        for routed in self._valid.drain():
            yield _windowed(routed)
        for routed in self._quarantined.drain():
            yield beam.pvalue.TaggedOutput(self.QUARANTINED, _windowed(routed))


def _instant(routed: Routed) -> Timestamp:
    return Timestamp(micros=routed[1].first_publish_micros)


def _stamped(routed: Routed) -> beam.window.TimestampedValue:
    return beam.window.TimestampedValue(routed, _instant(routed))


def _windowed(routed: Routed) -> WindowedValue:
    return WindowedValue(routed, _instant(routed), (GlobalWindow(),))
