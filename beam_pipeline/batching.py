"""Batch by key and publish-time window: the one step that differs between bounded and unbounded input."""

import random
from collections.abc import Iterable
from typing import Any, Final

import apache_beam as beam
from apache_beam.coders import registry
from apache_beam.pvalue import PCollection
from apache_beam.transforms.trigger import AccumulationMode, Always
from apache_beam.transforms.window import GlobalWindows, TimestampCombiner
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline.chunking import CHUNK_BYTES, Chunk
from beam_pipeline.coders import ChunkList, RecordList
from beam_pipeline.collecting import Collect, Limits, Weigh, weigh_chunk, weigh_record
from event_contract import ManifestRecord

Windowed = tuple[str, int]
"""A key, and the start of a publish-time window in microseconds since the epoch."""

Sharded = tuple[Windowed, int]
"""A key and window, and the number of one of the batches that may fill for it at the same time."""

Batch = tuple[Windowed, Any]
"""Values of one key and window: an iterable, in the unbounded graph a list with a coder of its own."""

_LISTS: Final = {Chunk: ChunkList, ManifestRecord: RecordList}
_WEIGHTS: Final[dict[type, Weigh]] = {Chunk: weigh_chunk, ManifestRecord: weigh_record}
_KEY_BITS: Final = 62  # of random keys: two elements of one would be one group


class KeyByWindow(beam.PTransform):
    """(key, value) in, ((key, start of the publish-time window), value) out: `Windowed`.

    Beam's windows would decide nothing but what is grouped, and when: at the end of a window, after which everything is late.
    With the window in the key, no message is too late, however far the watermark has run ahead.

    On unbounded input the key has a shard, too (`Sharded`).

    Args:
        window_seconds: length of a window.
        shards: as many batches of a key and window may fill at the same time.
    """

    def __init__(self, window_seconds: int, shards: int = 1) -> None:
        super().__init__()
        self._window_micros = window_seconds * 1_000_000
        self._shards = shards

    def expand(self, pcoll: PCollection) -> PCollection:
        _, value_type = pcoll.element_type.tuple_types
        if pcoll.is_bounded:
            keyed = beam.Map(_key_by_window, self._window_micros)
            return pcoll | "WithWindow" >> keyed.with_output_types(tuple[Windowed, value_type])  # type: ignore[valid-type]
        keyed = beam.Map(key_by_shard, self._window_micros, self._shards)
        return pcoll | "WithWindow" >> keyed.with_output_types(tuple[Sharded, value_type])  # type: ignore[valid-type]


class BatchByKey(beam.PTransform):
    """Takes what `KeyByWindow` emits, emits `Batch`: closed by its limits if unbounded, else one per key and window.

    Bounded runs use GroupByKey: the local runner loses what stateful timers hold, and a bounded run has nothing to wait for.

    Args:
        limits: what closes a batch on unbounded input.
        stable_input: whether a retry of what follows must see the same batch again, and with it write the same objects. It
            costs the batch's way through another shuffle.
    """

    def __init__(self, limits: Limits, *, stable_input: bool = True) -> None:
        super().__init__()
        self._limits = limits
        self._stable_input = stable_input

    def expand(self, pcoll: PCollection) -> PCollection:
        if pcoll.is_bounded:
            return pcoll | "GroupByKey" >> beam.GroupByKey()
        _, value_type = pcoll.element_type.tuple_types
        collect = Collect(self._limits, registry.get_coder(value_type), _WEIGHTS[value_type])
        batch_type = tuple[Windowed, _LISTS[value_type]]  # type: ignore[valid-type]
        batches = pcoll | "Collect" >> beam.ParDo(collect).with_output_types(batch_type)
        return batches | "StableInput" >> StableInput() if self._stable_input else batches


class StableInput(beam.PTransform):
    """Elements pass a shuffle, so that a retry of what follows sees the same ones again: `beam.Reshuffle` without pickles."""

    def expand(self, pcoll: PCollection) -> PCollection:
        element_type = pcoll.element_type
        return (
            pcoll
            | "AddKey" >> beam.Map(_with_random_key).with_output_types(tuple[int, element_type])  # type: ignore[valid-type]
            | "AtOnce"
            >> beam.WindowInto(
                GlobalWindows(),
                trigger=Always(),
                accumulation_mode=AccumulationMode.DISCARDING,
                timestamp_combiner=TimestampCombiner.OUTPUT_AT_EARLIEST,
            )
            | "GroupByKey" >> beam.GroupByKey()
            | "DropKey" >> beam.FlatMap(_values).with_output_types(element_type)
            | "AsBefore" >> beam.WindowInto(GlobalWindows())
        )


def _key_by_window(
    pair: tuple[str, Any], window_micros: int, instant: Timestamp = beam.DoFn.TimestampParam
) -> tuple[Windowed, Any]:
    key, value = pair
    micros = instant.micros
    return (key, micros - micros % window_micros), value


def key_by_shard(
    pair: tuple[str, Any], window_micros: int, shards: int, instant: Timestamp = beam.DoFn.TimestampParam
) -> tuple[Sharded, Any]:
    """A value under its key, publish-time window and shard (`shard_of`)."""
    windowed, value = _key_by_window(pair, window_micros, instant)
    return (windowed, shard_of(value, shards)), value


def shard_of(value: Any, shards: int) -> int:
    """Which of the batches of a key and window a value goes to.

    Only full chunks are spread: a destination that fills one within a bundle has so many bytes that its batches close by size,
    and that one worker thread would be slow to write them. Whatever is small goes together, or small objects would be as many
    times more.
    """
    return value.crc % shards if isinstance(value, Chunk) and value.size >= CHUNK_BYTES else 0


def _with_random_key(element: Any) -> tuple[int, Any]:
    return random.getrandbits(_KEY_BITS), element


def _values(group: tuple[int, Iterable[Any]]) -> Iterable[Any]:
    return group[1]
