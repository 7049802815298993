"""A runner with workers, as far as it matters to `beam_pipeline.collecting.Collect`: state and timers by key, and their bytes.

It drives the real DoFn with the real coders, in bundles as small as wanted, on a clock of its own, and counts bytes as Streaming
Engine would be sent them: keys and values through a shuffle, state as it is committed once a bundle and key, timers.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch

from apache_beam.coders import Coder, registry
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline import collecting
from beam_pipeline.batching import Sharded
from beam_pipeline.collecting import Collect

_TIMER_BYTES: Final = 26  # beside the key: family, window, fire and hold timestamps, pane
_LENGTH_BYTES: Final = 2  # before a value that is part of something larger

Keyed = tuple[Sharded, Any, int]
"""An element of `Collect` with its timestamp in microseconds since the epoch."""


@dataclass
class _Cell:
    value: Any = None
    written: bool = False

    def read(self) -> Any:
        return self.value

    def write(self, value: Any) -> None:
        self.value, self.written = value, True

    def clear(self) -> None:
        self.value, self.written = None, True


@dataclass
class _Bag:
    values: list[bytes] = field(default_factory=list)
    appended: int = 0

    def add(self, value: bytes) -> None:
        self.values.append(value)
        self.appended += len(value) + _LENGTH_BYTES

    def read(self) -> list[bytes]:
        return self.values

    def clear(self) -> None:
        self.values = []


@dataclass
class _Timer:
    """`instant`: of the element at work, where a processing-time timer holds back the watermark."""

    fire_micros: int | None = None
    hold_micros: int | None = None
    instant: int = 0
    changed: bool = False

    def set(self, instant: Timestamp) -> None:
        self.fire_micros, self.hold_micros, self.changed = instant.micros, self.instant, True

    def clear(self) -> None:
        self.fire_micros = self.hold_micros = None
        self.changed = True


@dataclass
class _Key:
    values: _Bag = field(default_factory=_Bag)
    open_batch: _Cell = field(default_factory=_Cell)
    age: _Timer = field(default_factory=_Timer)
    end: _Timer = field(default_factory=_Timer)


class SimulatedCollect:
    """`Collect` over time. What it emits: (key, values) with a timestamp, as `TimestampedValue`.

    Attributes:
        shuffled: bytes of the elements that came.
        stored: bytes of state and timers that were committed.
        keys: keys that hold something.
    """

    def __init__(self, collect: Collect, value_coder: Coder) -> None:
        self._collect = collect
        self._value_coder = value_coder
        self._key_coder = registry.get_coder(Sharded)
        self._key_bytes: dict[Sharded, int] = {}
        self._due: list[tuple[int, Sharded]] = []
        self.keys: dict[Sharded, _Key] = {}
        self.shuffled = self.stored = 0

    def bundle(self, elements: Iterable[Keyed], now_micros: int) -> Iterator[TimestampedValue]:
        """One bundle of the step before: the elements of each key are one bundle here."""
        touched = set()
        with patch.object(collecting, "now_micros", lambda: now_micros):
            for key, value, instant in elements:
                self.shuffled += self._size(key) + len(self._value_coder.encode(value)) + _LENGTH_BYTES
                state = self.keys.setdefault(key, _Key())
                state.age.instant = instant
                touched.add(key)
                yield from self._collect.process(
                    (key, value),
                    Timestamp(micros=instant),
                    state.values,
                    state.open_batch,
                    state.age,
                    state.end,
                )
        for key in touched:
            self._commit(key)

    def until(self, now_micros: int) -> Iterator[tuple[int, TimestampedValue]]:
        """Fires the age timers that are due by then; with the time of each."""
        while self._due and self._due[0][0] <= now_micros:
            fire, key = heapq.heappop(self._due)
            state = self.keys.get(key)
            if state and state.age.fire_micros == fire:
                state.age.clear()
                for batch in self._collect.on_age(key, state.values, state.open_batch, state.end):
                    yield fire, batch
                self._commit(key)

    def drain(self) -> Iterator[TimestampedValue]:
        """The input watermark goes to the end of time."""
        for key, state in list(self.keys.items()):
            if state.end.fire_micros is not None:
                state.end.clear()
                yield from self._collect.on_end(key, state.values, state.open_batch, state.age)
                self._commit(key)

    @property
    def hold_micros(self) -> int | None:
        """Where timers hold back the watermark; None if none does."""
        return min(
            (state.age.hold_micros for state in self.keys.values() if state.age.hold_micros is not None), default=None
        )

    def _commit(self, key: Sharded) -> None:
        state, size = self.keys[key], self._size(key)
        self.stored += state.values.appended
        state.values.appended = 0
        if state.open_batch.written:
            state.open_batch.written = False
            if state.open_batch.value is not None:
                self.stored += len(collecting.OpenBatchCoder().encode(state.open_batch.value)) + _LENGTH_BYTES
        for timer in (state.age, state.end):
            if timer.changed:
                timer.changed = False
                self.stored += size + _TIMER_BYTES
                if timer is state.age and timer.fire_micros is not None:
                    heapq.heappush(self._due, (timer.fire_micros, key))
        if state.open_batch.value is None:
            assert not state.values.values, "values wait that nothing knows of"
            assert state.age.fire_micros is state.end.fire_micros is None, "a timer of a batch that is closed"
            del self.keys[key]

    def _size(self, key: Sharded) -> int:
        size = self._key_bytes.get(key)
        if size is None:
            size = self._key_bytes[key] = len(self._key_coder.encode(key))
        return size
