"""What can be chosen about a demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local_platform.errors import LakeError
from local_platform.places import Places
from producer import ConfigError, SimulationConfig


@dataclass(frozen=True)
class DemoOptions:
    """The shop to simulate (rates are shares of messages, 0 to 1), and where the demo writes."""

    events: int
    days: int
    seed: int
    poison_rate: float
    duplicate_rate: float
    late_rate: float
    folder: Path
    file_mode: bool

    @property
    def places(self) -> Places:
        """The files of the demo."""
        return Places(self.folder)

    def simulation(self) -> SimulationConfig:
        """The shop. Raises LakeError if its settings contradict each other."""
        try:
            return SimulationConfig(
                events=self.events,
                days=self.days,
                seed=self.seed,
                poison_rate=self.poison_rate,
                duplicate_rate=self.duplicate_rate,
                late_rate=self.late_rate,
            )
        except ConfigError as error:
            raise LakeError(f"--{error.setting.replace('_', '-')}: {error.problem}") from None
