"""Fixtures for everything that needs a real Pub/Sub emulator, or a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
import time_machine

from lake_cli.local import emulator as emulators
from lake_cli.local import pubsub
from lake_cli.local.emulator import Emulator
from lake_cli.local.emulator_launchers import EmulatorUnavailable
from tests.warm_python import WarmPython
from warehouse_runner import dbt_run

CLOCK_VARIABLE = "TESTS_CLOCK"
"""When the tests run, as far as this process can tell: an instant (2028-02-29T12:00:00Z), or days from now (+400)."""


def pytest_configure(config: pytest.Config) -> None:
    """Sets the clock that `TESTS_CLOCK` asks for; it goes on from there. Programs that tests start have the true one."""
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # as a shell's background job has it: tests interrupt what they start
        signal.signal(signal.SIGINT, signal.default_int_handler)
    given = os.environ.get(CLOCK_VARIABLE)
    if given:
        days = re.fullmatch(r"\+(\d+)", given)
        instant = datetime.now(UTC) + timedelta(days=int(days[1])) if days else datetime.fromisoformat(given)
        travelling = time_machine.travel(instant)
        travelling.start()
        config.add_cleanup(travelling.stop)


def do_without_emulator(reason: EmulatorUnavailable) -> NoReturn:
    """Skips the test; fails it in CI (variable CI), where a proof of conservation that was not run must not look green."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have an emulator: {reason}")
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that PUBSUB_EMULATOR_HOST names, or one started for this test session on a free port."""
    try:
        emulator = emulators.obtain(tmp_path_factory.mktemp("emulator") / "emulator.log")
    except EmulatorUnavailable as reason:
        do_without_emulator(reason)
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for the whole run: a process can have only one, and closes it at its end."""
    playwright = pytest.importorskip("playwright.sync_api", reason="install the dev requirements (playwright)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("install Chromium (Debian: apt-get install chromium) to look at the page")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="session")
def warm_dbt() -> Iterator[str]:
    """A Python that has parsed the dbt project; from here on builds of this process run dbt in it."""
    dbt = WarmPython("dbt")
    started_with = dbt_run._DBT
    dbt_run._DBT = (dbt.executable, *started_with[1:])  # type: ignore[misc] # Final is for the product's own code
    yield dbt.executable
    dbt_run._DBT = started_with  # type: ignore[misc]
    dbt.stop()


_LONGEST_FIRST = ("orchestration", "lake_cli", "ingestion", "warehouse", "quarantine", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders with minutes of work first, so that the last worker of a parallel run is not left alone with one of them."""

    def place(item: pytest.Item) -> int:
        folders = item.path.parts
        return next((place for place, name in enumerate(_LONGEST_FIRST) if name in folders), len(_LONGEST_FIRST))

    items.sort(key=place)
