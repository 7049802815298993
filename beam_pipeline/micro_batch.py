"""Handing a micro-batch to a bounded run of the graph in the same process."""

from collections.abc import Iterator
from typing import Final

import apache_beam as beam

from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message

_waiting: Final[dict[str, list[list[Message]]]] = {}


class TakeMicroBatch(beam.PTransform):
    """Lists of messages that were put under a name in this process.

    A Create of the messages would cost Beam 200 µs an element in type inference; the lists never leave the process.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def put(self, lists: list[list[Message]]) -> None:
        """Sets what the next run takes."""
        _waiting[self._name] = lists

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        return (
            begin
            | "Start" >> beam.Impulse()
            | "TakeBatch" >> beam.FlatMap(_take, self._name).with_output_types(MessageList)
        )


def _take(_: bytes, name: str) -> Iterator[list[Message]]:
    yield from _waiting.pop(name)
