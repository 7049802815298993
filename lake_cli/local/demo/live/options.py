"""What can be chosen about a demo that goes on."""

from __future__ import annotations

from dataclasses import dataclass

from lake_cli.local.demo.options import ShopOptions
from producer import SimulationConfig


@dataclass(frozen=True, kw_only=True)
class LiveOptions(ShopOptions):
    """A demo at `rate` messages a second, for how long.

    `minutes` is None for until Ctrl-C; `chaos`: with faults.
    """

    rate: float
    minutes: float | None
    chaos: bool

    def simulation(self) -> SimulationConfig:
        """The shop, without end. Raises LakeError if its settings contradict each other."""
        return self._simulation(rate=self.rate)
