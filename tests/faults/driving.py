"""The micro-batch driver over a service that fails, life after life, with one graph: building one takes longer than a run."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from beam_pipeline import storage
from beam_pipeline.config import IngestionConfig
from beam_pipeline.microbatch import driver, received
from beam_pipeline.microbatch import subscription as subscriptions
from beam_pipeline.microbatch.driver import StopRequest, SubscriptionIngest
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.microbatch.mark_files import WatermarkFile
from beam_pipeline.microbatch.progress import RunProgress
from beam_pipeline.microbatch.received import ReceivedMessages
from beam_pipeline.microbatch.subscription import Subscription
from tests.ingestion.lake_reading import lines_of, manifest_records, messages_in, objects_below

Fault = Callable[[], Exception]

PHASES = {
    "lake object": "event_type=",
    "quarantine object": "failed/",
    "manifest": "_control/manifest/",
    "watermark": "_control/watermark.json",
}
"""What a path that is stored begins with, by phase."""

_store_local = storage._store_local


def config(lake: str, quarantine: str) -> IngestionConfig:
    """Default settings for a lake and a quarantine."""
    return IngestionConfig(output_path=lake, quarantine_path=quarantine, pipeline_version="test")


class Driven:
    """One lake, one quarantine and one graph; each `run` is the life of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake, self.quarantine = folder, folder / "lake", folder / "quarantine"
        self.warnings: list[str] = []
        self.graph = MicroBatchGraph(config(str(self.lake), str(self.quarantine)))

    def clear(self) -> None:
        """An empty lake and quarantine."""
        for root in (self.lake, self.quarantine):
            shutil.rmtree(root, ignore_errors=True)
        self.warnings.clear()

    def run(self, batch: int, idle_seconds: float = 0.05) -> RunProgress:
        """Reads until nothing has come for a moment; raises what ends the run before."""
        subscription = Subscription("projects/lake-tests/subscriptions/unkind", self.warnings.append)
        summary = RunProgress()
        SubscriptionIngest(
            subscription,
            subscription.check(),
            self.graph,
            summary,
            WatermarkFile(str(self.lake), "projects/lake-tests/subscriptions/unkind", lease_seconds=0),
            ReceivedMessages(batch, 64 << 20, 5.0),
            idle_seconds,
            lambda: None,
        ).run(StopRequest())
        return summary

    def names(self) -> set[str]:
        """All objects of lake and quarantine."""
        return {str(path.relative_to(self.folder)) for root in self._roots() for path in objects_below(root)}

    def written(self) -> Counter[str]:
        """How often each message id is in lake and quarantine."""
        return Counter(found.message_id for found in messages_in(self.lake, self.quarantine))

    def recorded(self) -> set[str]:
        """All objects that the manifest tells of."""
        return {f"{record['root']}/{record['path']}" for record in manifest_records(self.lake)}

    def assert_whole(self) -> None:
        """Every file that a reader can see is whole; nothing is left of what was not finished."""
        for name in self.names():
            lines_of(self.folder / name)
        manifest_records(self.lake)
        assert list(self.lake.glob("_tmp/*")) == []

    def _roots(self) -> tuple[Path, Path]:
        return self.lake, self.quarantine


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Has the driver wait for milliseconds where it waits for a busy network."""
    patch.setattr(driver, "_WAIT_SECONDS", 0.01)
    patch.setattr(received, "QUIET_SECONDS", 0.01)
    patch.setattr(subscriptions, "_FIRST_DELAY_SECONDS", 0.001)
    patch.setattr(subscriptions, "_MAX_EMPTY_SECONDS", 0.02)
    patch.setattr(driver, "_WATERMARK_SECONDS", 0.01)


class FaultyStorage:
    """Local storage that fails in one phase, at every object anew.

    Args:
        phase: one of `PHASES`.
        faults: how the tries of one object fail, one after the other; the next try works. True beside a fault: the object
            has been stored all the same, only the answer was lost.
        skip: so many objects of the phase are stored without a fault before.
    """

    def __init__(self, phase: str, faults: list[tuple[Fault, bool]], skip: int = 0) -> None:
        self._prefix = PHASES[phase]
        self._faults, self._skip = faults, skip
        self._tried = Counter[str]()
        self.injected = 0

    def __call__(self, root: Path, relative_path: str, data: bytes) -> None:
        if not relative_path.startswith(self._prefix):
            return _store_local(root, relative_path, data)
        if self._skip:
            self._skip -= 1
            return _store_local(root, relative_path, data)
        tried = self._tried[relative_path] % (len(self._faults) + 1)
        self._tried[relative_path] += 1
        if tried < len(self._faults):
            self.injected += 1
            fault, stored = self._faults[tried]
            if stored:
                _store_local(root, relative_path, data)
            raise fault()
        return _store_local(root, relative_path, data)
