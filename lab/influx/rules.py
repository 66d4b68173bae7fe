"""What the task `kafka_downsample` decides, in Python: slots, alarms, regions. Pure, no I/O.

The Flux text is generated from the same table and constants (lab.influx.flux), and the ledger recomputes the
downsampled rows with these functions, so that script and judge cannot drift apart unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.base.names import ALARM_NONE, ALARM_REFUEL, FUEL_ALARM_LITRES

MICROS = 1_000_000

REGIONS: tuple[tuple[float, str], ...] = ((-30.0, "americas"), (60.0, "emea"), (180.0, "apac"))
"""Each region ends (exclusive) at this longitude in degrees and begins where the one before it ends."""
UNKNOWN_REGION = "unknown"
"""The region of a reading that does not say where it is."""


@dataclass(frozen=True, slots=True)
class Downsampled:
    """What the task must write for one generator and one slot; time in microseconds."""

    generator: str
    time: int
    alarm: str


def alarm_of(fuel: float) -> str:
    """The alarm at this much fuel, in litres."""
    return ALARM_REFUEL if fuel < FUEL_ALARM_LITRES else ALARM_NONE


def region_of(lon: float | None) -> str:
    """The region at this longitude, in degrees east; None when the reading has none."""
    if lon is None:
        return UNKNOWN_REGION
    return next((name for end, name in REGIONS if lon < end), REGIONS[-1][1])


def slot_of(time: int, every: int) -> int:
    """Number of the slot of `every` seconds, counted from the epoch, that a device time in microseconds falls in."""
    return time // (every * MICROS)


def downsample(readings: Iterable[tuple[str, int, float]], every: int, until: int | None = None) -> set[Downsampled]:
    """The last reading of each generator in each slot of `every` seconds.

    `readings` are (generatorID, device time in microseconds, fuel in litres) in any order, duplicates allowed.
    Slots that end after `until` (microseconds) are still open and give nothing.
    """
    last: dict[tuple[str, int], tuple[int, float]] = {}
    for generator, time, fuel in readings:
        key = (generator, slot_of(time, every))
        if key not in last or last[key][0] < time:
            last[key] = (time, fuel)
    return {
        Downsampled(generator, time, alarm_of(fuel))
        for (generator, slot), (time, fuel) in last.items()
        if until is None or (slot + 1) * every * MICROS <= until
    }
