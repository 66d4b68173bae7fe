"""What a fleet shows of itself: plain snapshots for widgets, tables and checks."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet.connection import DeviceConnection
from lab.fleet.generator import Generator


@dataclass(frozen=True)
class GeneratorView:
    """One generator as a widget shows it. Units: degrees, percent, kilowatts, Celsius, litres, milliseconds."""

    generatorID: str
    lat: float
    lon: float
    load: float
    demand: float
    """The load that was asked for, in percent; the engine follows."""
    power: float
    temperature: float
    fuel: float
    running: bool
    connected: bool
    cut: bool
    """Whether its network was cut on purpose; without a connection and not cut, it tries to connect."""
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


def view(generator: Generator, connection: DeviceConnection) -> GeneratorView:
    """One generator with its connection, now."""
    seen = generator.measured
    return GeneratorView(
        generator.name,
        generator.lat,
        generator.lon,
        seen.load,
        generator.engine.demand,
        seen.power,
        seen.temperature,
        seen.fuel,
        generator.engine.running,
        connection.connected,
        connection.is_cut,
        connection.published,
        connection.acknowledged,
        connection.latency_ms,
    )
