"""One generator: its place, its engine and the readings it takes. No network, no clock, no thread."""

from __future__ import annotations

from random import Random

from lab.base.reading import Reading
from lab.fleet import physics
from lab.fleet.sites import place

INITIAL_LITRES = (520.0, 1000.0)
"""Tanks are somewhere between these at the start, so that alarms come one after another."""
DEMAND_PERCENT = (35.0, 80.0)


class Generator:
    """A generator with a device clock that never stops or goes back."""

    def __init__(self, name: str, index: int, seed: int, fuel: float | None = None) -> None:
        """`index` (0, 1, ...) chooses the place; `fuel` in litres overrides the seeded filling."""
        self.name = name
        self._noise = Random(f"{seed}/{name}")  # noqa: S311 - a simulation, not a secret
        self.lat, self.lon = place(index, self._noise)
        demand, seeded = self._noise.uniform(*DEMAND_PERCENT), self._noise.uniform(*INITIAL_LITRES)
        self.engine = physics.engine(demand, seeded if fuel is None else fuel)
        self.measured = physics.measure(self.engine, self._noise)
        self.last_time = 0
        self.seq = 0
        self.refuelled_at = 0
        """Wall clock of the last refuelling, in microseconds since the epoch; 0 before the first."""

    def take(self, now_us: int, elapsed: float) -> Reading:
        """Let `elapsed` simulated seconds pass and take a reading at wall-clock time `now_us` (microseconds)."""
        self.engine = physics.step(self.engine, elapsed, self._noise)
        self.measured = physics.measure(self.engine, self._noise)
        self.last_time = max(self.last_time + 1, now_us)
        reading = Reading(
            generatorID=self.name,
            time=self.last_time,
            seq=self.seq,
            lat=self.lat,
            lon=self.lon,
            temperature=self.measured.temperature,
            power=self.measured.power,
            load=self.measured.load,
            fuel=self.measured.fuel,
        )
        self.seq += 1
        return reading

    def refuel(self, now_us: int, litres: float = physics.TANK_LITRES) -> None:
        """Fill the tank at wall-clock time `now_us` (microseconds)."""
        self.engine = physics.refuel(self.engine, litres)
        self.refuelled_at = now_us

    def set_load(self, percent: float) -> None:
        """Demand this load, in percent."""
        self.engine = physics.set_demand(self.engine, percent)
