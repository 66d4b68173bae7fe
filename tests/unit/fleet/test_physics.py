"""The physics of a generator: bounds, monotony, and agreement of one long step with many short ones."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.fleet import physics
from lab.fleet.physics import Engine

steady = settings(deadline=None, max_examples=50)
"""No deadline per example: a busy machine is no failure."""

percents = st.floats(0, 100)
litres = st.floats(0, 1000)
engines = st.builds(Engine, percents, percents, st.floats(-20, 120), litres)
durations = st.floats(0, 100_000)
seeds = st.integers(0, 2**32)


@steady
@given(engines, durations, seeds)
def test_a_step_keeps_every_quantity_within_its_range(state: Engine, seconds: float, seed: int) -> None:
    after = physics.step(state, seconds, Random(seed))
    assert 0 <= after.fuel <= physics.TANK_LITRES
    assert 0 <= after.load <= 100
    low, high = min(state.temperature, physics.AMBIENT_CELSIUS), max(state.temperature, 95.0)
    assert low - 1e-9 <= after.temperature <= high + 1e-9


@steady
@given(engines, st.lists(durations, max_size=20), seeds)
def test_fuel_never_rises_without_refuelling(state: Engine, steps: list[float], seed: int) -> None:
    noise = Random(seed)
    for seconds in steps:
        after = physics.step(state, seconds, noise)
        assert after.fuel <= state.fuel
        state = after


@steady
@given(engines, durations, seeds)
def test_a_dry_tank_stops_the_engine_for_good(state: Engine, seconds: float, seed: int) -> None:
    dry = physics.step(Engine(state.demand, state.load, state.temperature, 0.0), seconds, Random(seed))
    assert (dry.running, dry.load, dry.fuel) == (False, 0.0, 0.0)
    assert physics.measure(dry, Random(seed)).power == 0.0


@steady
@given(st.floats(1, 100), st.floats(0.001, 5000), seeds)
def test_refuelling_starts_a_dry_engine_and_never_overfills(demand: float, litres_in: float, seed: int) -> None:
    full = physics.refuel(physics.engine(demand, 0.0), litres_in)
    assert full.running
    assert full.fuel == min(litres_in, physics.TANK_LITRES)
    assert physics.step(full, 0.01, Random(seed)).running


@steady
@given(engines, st.floats(-1000, 2000))
def test_refuelling_never_takes_fuel_away(state: Engine, litres_in: float) -> None:
    assert state.fuel <= physics.refuel(state, litres_in).fuel <= physics.TANK_LITRES


@steady
@given(engines, st.floats(-1e6, 1e6))
def test_demand_is_clamped_to_percent(state: Engine, percent: float) -> None:
    assert 0 <= physics.set_demand(state, percent).demand <= 100


@steady
@given(engines, durations, seeds)
def test_the_same_seed_gives_the_same_step(state: Engine, seconds: float, seed: int) -> None:
    assert physics.step(state, seconds, Random(seed)) == physics.step(state, seconds, Random(seed))


class Silence(Random):
    """Randomness without any: gauss gives the mean."""

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        return mu


def test_without_noise_one_step_of_an_hour_equals_3600_of_a_second() -> None:
    start = physics.engine(60.0, 900.0)
    once, often = physics.step(start, 3600.0, Silence()), start
    for _ in range(3600):
        often = physics.step(often, 1.0, Silence())
    assert abs(once.fuel - often.fuel) < 1e-6
    assert abs(once.temperature - often.temperature) < 1e-6


def test_an_hour_at_full_load_burns_thirty_litres_and_gives_a_hundred_kilowatts() -> None:
    after = physics.step(physics.engine(100.0, 1000.0), 3600.0, Silence())
    assert abs(after.fuel - 970.0) < 1e-9
    assert physics.measure(after, Silence()).power == 100.0


def test_temperature_lags_behind_a_jump_of_the_load() -> None:
    state = physics.set_demand(physics.engine(10.0, 1000.0), 90.0)
    soon, later = physics.step(state, 30.0, Silence()), physics.step(state, 3600.0, Silence())
    assert soon.load > 40.0
    assert soon.temperature < physics.equilibrium(90.0, running=True) - 20.0
    assert abs(later.temperature - physics.equilibrium(90.0, running=True)) < 0.1


def test_more_load_means_more_power_heat_and_burn() -> None:
    for low, high in ((0.0, 10.0), (10.0, 50.0), (50.0, 100.0)):
        assert physics.burn(low) < physics.burn(high)
        assert physics.power(low) < physics.power(high)
        assert physics.equilibrium(low, running=True) < physics.equilibrium(high, running=True)
