"""The marks of ingestions in the lake, and the lake's watermark by them."""

import uuid
from pathlib import Path
from typing import Final

import msgspec
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.messages import now_micros
from beam_pipeline.microbatch.keeping import Advance, Keeping, ReadMarks, RemoveMark, StoreMark, end, keep
from beam_pipeline.microbatch.marks import Mark
from beam_pipeline.microbatch.process_identity import identity, is_dead
from beam_pipeline.microbatch.watermark import WatermarkTracker
from beam_pipeline.storage import remove, store
from beam_pipeline.watermark import advance_watermark
from event_contract.lake_layout import INGESTIONS

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Mark).decode
_DAMAGED: Final = "damaged"


class WatermarkFile:
    """Keeps this ingestion's mark, and the lake's watermark by the marks of all.

    The mark is there before the first message is pulled, and goes when all is written. One that stays tells the others, and the
    next, for how long messages may be leased to nobody.

    Args:
        lake_root: of the lake.
        subscription: what is read.
        lease_seconds: for how long messages of a lost answer, or of a dead ingestion, stay leased.
    """

    def __init__(self, lake_root: str, subscription: str, lease_seconds: float) -> None:
        self._lake_root = lake_root
        self._name = f"{INGESTIONS}/{uuid.uuid4().hex}.json"
        self._reached = 0
        self.lease_seconds = lease_seconds
        self.tracker = WatermarkTracker(subscription, int(lease_seconds * 1_000_000), identity())
        self._carry_out(keep(self._name, self.tracker, now_micros, _is_gone, advance=False))

    def keep(self) -> None:
        """Writes the mark, and the watermark if it has moved."""
        self._carry_out(keep(self._name, self.tracker, now_micros, _is_gone))

    def close(self, advance: bool = True) -> None:
        """The end: what was not written has been given back.

        Args:
            advance: False after a fault: nothing is said of the watermark.
        """
        self._carry_out(end(self._name, self.tracker, now_micros, _is_gone, advance))

    def _carry_out(self, keeping: Keeping) -> None:
        answer: dict[str, Mark] | None = None
        while True:
            try:
                effect = keeping.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(effect, StoreMark):
                store(self._lake_root, effect.name, _encode(effect.mark))
            elif isinstance(effect, RemoveMark):
                remove(self._lake_root, effect.name)
            elif isinstance(effect, ReadMarks):
                answer = self._marks()
            elif isinstance(effect, Advance) and effect.watermark > self._reached:
                advance_watermark(self._lake_root, effect.watermark)
                self._reached = effect.watermark

    def _marks(self) -> dict[str, Mark]:
        contents = {name: _read(self._lake_root, name) for name in _names(self._lake_root)}
        return {name: self._decoded(content) for name, content in contents.items() if content is not None}

    def _decoded(self, content: bytes) -> Mark:
        """The mark; for one that is damaged, that of an ingestion of this subscription that has died."""
        try:
            return _decode(content)
        except msgspec.DecodeError:
            lease_micros = int(self.lease_seconds * 1_000_000)
            return WatermarkTracker(self.tracker.subscription, lease_micros, _DAMAGED).mark(now_micros())


def _is_gone(process: str) -> bool:
    return process == _DAMAGED or is_dead(process)


def _names(lake_root: str) -> list[str]:
    if FileSystems.get_scheme(lake_root) is None:
        return [f"{INGESTIONS}/{path.name}" for path in (Path(lake_root) / INGESTIONS).glob("*.json")]
    pattern = FileSystems.join(lake_root, INGESTIONS, "*.json")
    return [f"{INGESTIONS}/{file.path.rpartition('/')[2]}" for file in FileSystems.match([pattern])[0].metadata_list]


def _read(lake_root: str, path: str) -> bytes | None:
    """A mark; None if it was removed a moment ago."""
    if FileSystems.get_scheme(lake_root) is None:
        try:
            return (Path(lake_root) / path).read_bytes()
        except FileNotFoundError:
            return None
    address = FileSystems.join(lake_root, path)
    if not FileSystems.exists(address):
        return None
    with FileSystems.open(address, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        content: bytes = file.read()
        return content
