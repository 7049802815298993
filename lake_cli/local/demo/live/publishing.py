"""The shop's messages on their way to the topic, beside everything else."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Final

from lake_cli.errors import LakeError
from lake_cli.local.demo.live.account import RunningAccount
from lake_cli.local.produce import MOST_WAITING
from producer import PublishFailed, SimulationConfig, TopicUnavailable, publish_to_topic, simulate

_LOOK_SECONDS: Final = 0.1


class PublishingFailed(LakeError):
    """The topic takes no more messages."""

    exit_code = 1


class Publishing:
    """Publishes a shop without end in a thread of its own, and floods of damaged messages when called.

    Args:
        config: the shop.
        topic: full name.
        account: is told of every message.
        truth: the file that lists all messages, once `end` has returned.
    """

    def __init__(self, config: SimulationConfig, topic: str, account: RunningAccount, truth: Path) -> None:
        self._config = config
        self._topic = topic
        self._account = account
        self._truth = truth
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._floods: list[Path] = []
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def check(self) -> None:
        """Raises PublishingFailed if the topic takes no more."""
        if self._failure is not None:
            raise PublishingFailed(f"publishing to {self._topic} failed: {self._failure}")

    def flood(self, messages: int) -> None:
        """Publishes so many damaged messages as fast as it can."""
        file = self._truth.with_suffix(f".flood-{len(self._floods):03}")
        seed = self._config.seed + 1 + len(self._floods)
        damaged = SimulationConfig(
            events=messages, days=1, seed=seed, poison_rate=1, duplicate_rate=0, late_rate=0, out_of_order_rate=0
        )
        each, acknowledged = self._account.noting(simulate(damaged))
        publish_to_topic(each, self._topic, truth=file, progress=acknowledged)
        self._floods.append(file)

    def end(self) -> None:
        """Stops, waits for what is under way, and completes the truth file."""
        self._stop.set()
        self._thread.join()
        with self._truth.open("ab") as whole:
            for file in self._floods:
                with file.open("rb") as part:
                    shutil.copyfileobj(part, whole)
                file.unlink()
        self._floods.clear()

    def _run(self) -> None:
        each, acknowledged = self._account.noting(simulate(self._config))

        def progress(count: int) -> None:
            acknowledged(count)
            while self._account.waiting > MOST_WAITING and not self._stop.is_set():
                time.sleep(_LOOK_SECONDS)

        try:
            publish_to_topic(
                each, self._topic, rate=self._config.rate, truth=self._truth, progress=progress, stop=self._stop
            )
        except (PublishFailed, TopicUnavailable, OSError) as failure:
            self._failure = failure
