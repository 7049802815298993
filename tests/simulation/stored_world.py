"""The same world, whose lake is files: what an ingestion writes goes through the real graph, on Beam's real runner."""

from __future__ import annotations

import atexit
import functools
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from beam_pipeline import writing
from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from beam_pipeline.microbatch.received import MicroBatch
from event_contract.lake_layout import CONTROL
from tests.ingestion.lake_reading import lines_of, manifest_records, objects_below
from tests.pipelines import config
from tests.samples import event, payload
from tests.simulation.world import Violation, World

_EVENT = payload(event(event_id="00000000-0000-4000-8000-%012d"))
_POISON_EVERY = 3


class StoredWorld(World):
    """Every third message is for quarantine. Objects and records are what is found in the folders.

    A batch whose objects are stored without its records is one whose manifest storage refused; it is then written again.
    """

    def __init__(self, deadline_seconds: int) -> None:
        super().__init__(deadline_seconds)
        self._graph, self._folder = _graph()
        for root in self._folder.iterdir():
            shutil.rmtree(root)

    def message(self, name: str) -> Message:
        number = int(name)
        data = b"poison" if number % _POISON_EVERY == 2 else _EVENT % number
        return Message(data, name, self.published[name])

    def store(self, messages: list[Message]) -> None:
        real = writing.store

        def without_control_files(root: str, path: str, data: bytes) -> None:
            if path.startswith(f"{CONTROL}/"):
                raise PermissionError(path)
            real(root, path, data)

        writing.store = without_control_files
        try:
            self._write(messages)
        except Exception as problem:
            if "PermissionError" not in repr(problem):
                raise
        else:
            raise Violation("the graph ended well although its manifest was not stored")
        finally:
            writing.store = real
        self._look()

    def record(self, messages: list[Message]) -> None:
        self._write(messages)
        self._look()

    def _write(self, messages: list[Message]) -> None:
        self._graph.run(MicroBatch(0.0, 0.0, messages=messages).lists())

    def _look(self) -> None:
        stored = {
            str(path.relative_to(self._folder)): {_message_id(json.loads(line)) for line in lines_of(path)}
            for root in ("lake", "quarantine")
            for path in objects_below(self._folder / root)
        }
        recorded = {f"{record['root']}/{record['path']}" for record in manifest_records(self._folder / "lake")}
        if missing := recorded - stored.keys():
            raise Violation(f"a record tells of objects that are not there: {sorted(missing)}")
        self.objects = set[str]().union(*stored.values())
        self.records = set[str]().union(*(stored[path] for path in recorded))


def _message_id(line: dict[str, Any]) -> str:
    found: str = line["_ingest"]["message_id"] if "_ingest" in line else line["message_id"]
    return found


@functools.cache
def _graph() -> tuple[MicroBatchGraph, Path]:
    """Built once: what it writes is removed before each life."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it tells of every refused manifest
    return MicroBatchGraph(config(folder)), folder
