"""What a fleet shows of itself: plain snapshots for widgets, tables and checks."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet.generator import Generator
from lab.fleet.link import Link


@dataclass(frozen=True)
class GeneratorView:
    """One generator as a widget shows it. Units: degrees, percent, kilowatts, Celsius, litres, milliseconds."""

    generatorID: str
    lat: float
    lon: float
    load: float
    power: float
    temperature: float
    fuel: float
    running: bool
    connected: bool
    published: int
    acknowledged: int
    latency_ms: float | None
    """How long the last acknowledgement took; None before the first."""


@dataclass(frozen=True)
class FleetView:
    """The whole fleet: counts of readings since its start, connections now."""

    generators: int
    connected: int
    published: int
    acknowledged: int
    waiting: int
    dropped: int
    reconnects: int


def view(generator: Generator, link: Link) -> GeneratorView:
    """One generator with its connection, now."""
    seen = generator.measured
    return GeneratorView(
        generator.name,
        generator.lat,
        generator.lon,
        seen.load,
        seen.power,
        seen.temperature,
        seen.fuel,
        generator.engine.running,
        link.connected,
        link.published,
        link.acknowledged,
        link.latency_ms,
    )
