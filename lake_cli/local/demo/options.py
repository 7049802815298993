"""What can be chosen about a demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lake_cli.errors import LakeError
from lake_cli.places import Places
from producer import ConfigError, SimulationConfig


@dataclass(frozen=True, kw_only=True)
class ShopOptions:
    """The shop of any demo (rates are shares of messages, 0 to 1), and where the demo writes."""

    seed: int
    poison_rate: float
    duplicate_rate: float
    late_rate: float
    folder: Path

    @property
    def places(self) -> Places:
        """The files of the demo."""
        return Places(self.folder)

    def _simulation(self, **length: float) -> SimulationConfig:
        """The shop, of this length. Raises LakeError if its settings contradict each other."""
        try:
            return SimulationConfig(
                seed=self.seed,
                poison_rate=self.poison_rate,
                duplicate_rate=self.duplicate_rate,
                late_rate=self.late_rate,
                **length,  # type: ignore[arg-type] # a number for each of the names that the options below give
            )
        except ConfigError as error:
            raise LakeError(f"--{error.setting.replace('_', '-')}: {error.problem}") from None


@dataclass(frozen=True, kw_only=True)
class DemoOptions(ShopOptions):
    """A demo of so many events in so many days."""

    events: int
    days: int
    file_mode: bool

    def simulation(self) -> SimulationConfig:
        """The shop. Raises LakeError if its settings contradict each other."""
        return self._simulation(events=self.events, days=self.days)
