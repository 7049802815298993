"""Fixtures for everything that needs a real Pub/Sub emulator."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from local_platform import emulator as emulators
from local_platform import pubsub
from local_platform.emulator import Emulator
from local_platform.emulator_launchers import EmulatorUnavailable


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that PUBSUB_EMULATOR_HOST names, or one started for this test session on a free port."""
    try:
        emulator = emulators.obtain(tmp_path_factory.mktemp("emulator") / "emulator.log")
    except EmulatorUnavailable as reason:
        pytest.skip(str(reason))
    yield emulator
    emulators.stop(emulator)


@pytest.fixture
def emulator(running_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """host:port of a running emulator, at which Google's client libraries point for the time of the test."""
    for name, value in emulators.client_environment(running_emulator.address).items():
        monkeypatch.setenv(name, value)
    return running_emulator.address


@pytest.fixture
def topic_and_subscription(emulator: str) -> Iterator[pubsub.Route]:
    """A topic and a subscription of this test alone: `.topic` and `.subscription` are their full paths."""
    suffix = uuid.uuid4().hex[:12]
    route = pubsub.Route(pubsub.LOCAL_PROJECT, f"events-{suffix}", f"lake-{suffix}")
    pubsub.create(emulator, route)
    yield route
    pubsub.delete(emulator, route)


_LONGEST_FIRST = ("orchestration", "local_platform", "ingestion", "warehouse", "quarantine", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders with minutes of work first, so that the last worker of a parallel run is not left alone with one of them."""

    def place(item: pytest.Item) -> int:
        folders = item.path.parts
        return next((place for place, name in enumerate(_LONGEST_FIRST) if name in folders), len(_LONGEST_FIRST))

    items.sort(key=place)
