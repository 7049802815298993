"""Storage and Pub/Sub that fail where a test tells them to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gcs import Gcs, emulated, gcs

__all__ = ["gcs"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow each other at once."""
    monkeypatch.setattr("apache_beam.utils.retry.Clock.sleep", lambda *_: None)


@pytest.fixture(scope="module")
def shared_gcs() -> Iterator[Gcs]:
    """An emulator for all tests of a file."""
    with emulated() as found:
        yield found
