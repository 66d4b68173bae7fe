"""A fuel generator as a few plain formulas. Pure: elapsed time and randomness come in as arguments.

* load (percent) wanders around what is demanded; power = rated power * load / 100, in kilowatts
* fuel burn = 6 + 0.24 * load, in litres per hour; a tank holds 1,000 litres and never less than 0
* temperature lags with a time constant of 300 s towards 45 + 0.5 * load degrees, or 20 when the engine is off
* a dry tank stops the engine (load and power 0); refuelling starts it again

Every step is the exact solution for its duration, so that one step of an hour and many of a second agree but
for the noise, and a fleet may run at any speed-up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random

TANK_LITRES = 1000.0
RATED_POWER_KW = 100.0
IDLE_BURN_LITRES_PER_HOUR = 6.0
BURN_LITRES_PER_HOUR_PER_PERCENT = 0.24
AMBIENT_CELSIUS = 20.0
IDLE_CELSIUS = 45.0
CELSIUS_PER_PERCENT = 0.5
HEAT_TIME_CONSTANT_S = 300.0
LOAD_TIME_CONSTANT_S = 60.0
LOAD_WANDER_PERCENT = 3.0
"""Standard deviation of the load around the demand, once it has settled."""
TEMPERATURE_NOISE_CELSIUS = 0.2
POWER_NOISE_KW = 0.2
"""Standard deviations of the two sensors; fuel and load are read without noise."""

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Engine:
    """The state of one generator: percent, percent, degrees Celsius, litres."""

    demand: float
    load: float
    temperature: float
    fuel: float

    @property
    def running(self) -> bool:
        """An engine runs while there is fuel."""
        return self.fuel > 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the sensors say: degrees Celsius, kilowatts, percent, litres."""

    temperature: float
    power: float
    load: float
    fuel: float


def engine(demand: float, fuel: float) -> Engine:
    """A generator that has run at its demand for long enough to be warm, or is cold when the tank is dry.

    Demand and fuel are clamped to 0-100 percent and 0-1,000 litres.
    """
    demand, fuel = _clamp(demand, 100.0), _clamp(fuel, TANK_LITRES)
    load = demand if fuel > 0.0 else 0.0
    return Engine(demand, load, equilibrium(load, running=fuel > 0.0), fuel)


def burn(load: float) -> float:
    """Litres per hour at this load."""
    return IDLE_BURN_LITRES_PER_HOUR + BURN_LITRES_PER_HOUR_PER_PERCENT * load


def power(load: float) -> float:
    """Kilowatts at this load."""
    return RATED_POWER_KW * load / 100.0


def equilibrium(load: float, *, running: bool) -> float:
    """The temperature that the engine settles at, in degrees Celsius."""
    return IDLE_CELSIUS + CELSIUS_PER_PERCENT * load if running else AMBIENT_CELSIUS


def step(state: Engine, seconds: float, noise: Random) -> Engine:
    """The state after `seconds` of simulated time."""
    load = _wander(state, seconds, noise) if state.running else 0.0
    fuel = max(0.0, state.fuel - burn(load) * seconds / SECONDS_PER_HOUR) if state.running else 0.0
    running = fuel > 0.0
    load = load if running else 0.0
    target = equilibrium(load, running=running)
    temperature = target + (state.temperature - target) * math.exp(-seconds / HEAT_TIME_CONSTANT_S)
    return Engine(state.demand, load, temperature, fuel)


def refuel(state: Engine, litres: float = TANK_LITRES) -> Engine:
    """Fill in up to `litres`, as far as the tank takes them."""
    return replace(state, fuel=_clamp(state.fuel + max(0.0, litres), TANK_LITRES))


def set_demand(state: Engine, percent: float) -> Engine:
    """Demand another load, clamped to 0-100 percent; the engine follows within minutes."""
    return replace(state, demand=_clamp(percent, 100.0))


def measure(state: Engine, noise: Random) -> Measured:
    """Read the sensors. An engine that is off gives exactly 0 kW."""
    kilowatts = max(0.0, power(state.load) + noise.gauss(0.0, POWER_NOISE_KW)) if state.running else 0.0
    celsius = state.temperature + noise.gauss(0.0, TEMPERATURE_NOISE_CELSIUS)
    return Measured(round(celsius, 2), round(kilowatts, 2), round(state.load, 2), round(state.fuel, 3))


def _wander(state: Engine, seconds: float, noise: Random) -> float:
    """An Ornstein-Uhlenbeck step: the load returns to the demand and is pushed about it."""
    kept = math.exp(-seconds / LOAD_TIME_CONSTANT_S)
    spread = LOAD_WANDER_PERCENT * math.sqrt(1.0 - kept * kept)
    return _clamp(state.demand + (state.load - state.demand) * kept + noise.gauss(0.0, spread), 100.0)


def _clamp(value: float, high: float) -> float:
    return float(min(high, max(0.0, value)))
