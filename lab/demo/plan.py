"""What a demo does: how its tanks are filled and which faults come when. Pure.

Some tanks are filled so that they fall below the alarm at a chosen moment, because a full one would take a day.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.base.names import FUEL_ALARM_LITRES
from lab.fleet.physics import SECONDS_PER_HOUR, burn

SPEEDUP = 60.0
"""Simulated seconds per real second: an engine burns about 20 litres a minute of demo."""
FALLING = (0.1, 0.25, 0.4)
"""Parts of the run after which the first, second and third tank fall below the alarm."""
TYPICAL_LOAD_PERCENT = 57.5
CUT_SHARE = 10
"""One in so many devices loses its connection."""


def fills(names: list[str], seconds: float) -> dict[str, float]:
    """Litres at the start of the generators that will run low during the demo."""
    per_second = burn(TYPICAL_LOAD_PERCENT) * SPEEDUP / SECONDS_PER_HOUR
    return {name: FUEL_ALARM_LITRES + per_second * seconds * part for name, part in zip(names, FALLING, strict=False)}


@dataclass(frozen=True)
class Planned:
    """A fault by its name, when it begins and how long it lasts, in seconds from the start of the readings."""

    name: str
    begin: float
    stand: float


def fault_plan(seconds: float) -> list[Planned]:
    """A broker dies, Connect restarts, InfluxDB freezes, devices lose their connection; one after another."""
    stand = min(5.0, seconds * 0.1)
    return [
        Planned("kill kafka2", seconds * 0.15, 0.0),
        Planned("restart connect", seconds * 0.35, 0.0),
        Planned("freeze influxd", seconds * 0.55, stand),
        Planned("cut devices", seconds * 0.75, stand),
    ]


def cut_list(names: list[str]) -> list[str]:
    """Which devices are cut: every tenth, at least one."""
    return names[::CUT_SHARE]
