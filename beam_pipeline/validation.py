"""Validate, route and chunk: one ParDo with two outputs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from beam_pipeline import counters
from beam_pipeline.chunking import Chunk, Chunker
from beam_pipeline.coders import MessageList
from beam_pipeline.judging import judge_message
from beam_pipeline.messages import Message
from beam_pipeline.routing import (
    lake_destination,
    lake_lines,
    naming_the_source,
    quarantine_destination,
    quarantine_line,
)
from event_contract import Partition, Rejection, accept
from event_contract.mapping import load

MESSAGES_AT_ONCE: Final = 1000
BYTES_AT_ONCE: Final = 8 * 1024 * 1024
"""Messages collected before they are judged, and bytes: one long message may overshoot."""

Routed = tuple[str, Chunk]
"""A chunk with the destination (`routing`) of its lines."""


@beam.typehints.with_input_types(MessageList)
@beam.typehints.with_output_types(Routed, quarantined=Routed)
class ValidateRouteChunk(beam.DoFn):
    """Messages in, chunks out: of valid events on the main output, of quarantined messages on `QUARANTINED`.

    Elements are lists of messages: one each from Pub/Sub, thousands each in a micro-batch, where a list costs Beam no
    more than a message. They are collected and handled many at once. Chunks are stamped with the earliest publish time in
    them, so that they fall into its window.

    Args:
        window_seconds: length of the publish-time windows.
        pipeline_version: what quarantined messages name as the version that refused them.
        dictionary: number of the dictionary that tiny chunks are compressed with (`beam_pipeline.dictionary`), 0 for none.
    """

    VALID: Final = "valid"
    QUARANTINED: Final = "quarantined"

    def __init__(
        self,
        window_seconds: int,
        pipeline_version: str,
        publish_time_source: str = "",
        keep_attributes: bool = False,
        mappings: Sequence[str] = (),
        dictionary: int = 0,
    ) -> None:
        self._window_micros = window_seconds * 1_000_000
        self._pipeline_version = pipeline_version
        self._publish_time_source = publish_time_source
        self._keep_attributes = keep_attributes
        self._sources = tuple(load(name) for name in mappings)
        self._dictionary = dictionary

    def start_bundle(self) -> None:
        self._waiting: list[Message] = []
        self._waiting_bytes = 0
        self._valid, self._quarantined = (Chunker(self._window_micros, dictionary=self._dictionary) for _ in range(2))
        self._chunkers = (self.VALID, self._valid), (self.QUARANTINED, self._quarantined)
        self._counts: Counter[str] = Counter()

    def process(self, messages: Sequence[Message]) -> Iterator[object]:
        self._waiting += messages
        if len(self._waiting) < MESSAGES_AT_ONCE:
            self._waiting_bytes += sum([len(message.data) for message in messages])
        if len(self._waiting) >= MESSAGES_AT_ONCE or self._waiting_bytes >= BYTES_AT_ONCE:
            for name, routed in self._route_waiting():
                yield _output(name, TimestampedValue(routed, _instant(routed)))

    def finish_bundle(self) -> Iterator[object]:
        left = ((name, routed) for name, chunker in self._chunkers for routed in chunker.drain())
        for name, routed in chain(self._route_waiting(), left):
            yield _output(name, WindowedValue(routed, _instant(routed), (GlobalWindow(),)))
        for name, amount in self._counts.items():
            counters.count(name, amount)

    def _route_waiting(self) -> Iterator[tuple[str, Routed]]:
        """Judges what waits and yields the chunks that it filled, each with the name of its output."""
        messages, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._counts[counters.MESSAGES_READ] += len(messages)
        accepted: dict[str, list[Message]] = {}
        places: dict[str, Partition] = {}
        refused: dict[str, tuple[list[bytes], list[int]]] = {}
        for message in messages:
            data, _, publish_micros, _, _ = message
            place = accept(data, publish_micros)
            if place is None:
                verdict = judge_message(message, self._sources)
                if isinstance(verdict, Rejection):
                    verdict = naming_the_source(verdict, publish_micros, self._publish_time_source)
                    self._counts[counters.EVENTS_QUARANTINED + verdict.code] += 1
                    destination = quarantine_destination(verdict, publish_micros)
                    lines, micros = refused.setdefault(destination, ([], []))
                    lines.append(quarantine_line(message, verdict, self._pipeline_version))
                    micros.append(publish_micros)
                    continue
                place, message = verdict
            try:
                accepted[place.path].append(message)
            except KeyError:
                accepted[place.path] = [message]
                places[place.path] = place
        for path, place in places.items():
            events = accepted[path]
            self._counts[counters.EVENTS_VALID + place.event_type] += len(events)
            micros = [publish_micros for _, _, publish_micros, _, _ in events]
            for routed in self._valid.add(lake_destination(place), lake_lines(events, self._keep_attributes), micros):
                yield self.VALID, routed
        for destination, (lines, micros) in refused.items():
            for routed in self._quarantined.add(destination, lines, micros):
                yield self.QUARANTINED, routed
        for name, chunker in self._chunkers:
            if chunker.is_over_limit:
                for routed in chunker.drain():
                    yield name, routed


def _output(name: str, value: object) -> object:
    return value if name == ValidateRouteChunk.VALID else beam.pvalue.TaggedOutput(name, value)


def _instant(routed: Routed) -> Timestamp:
    return Timestamp(micros=routed[1].first_publish_micros)
