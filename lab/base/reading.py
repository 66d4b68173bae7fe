"""The data contract: one reading of one generator, and the MQTT topics it travels on.

Floats stay floats on the wire (`500.0`, never `500`), because InfluxDB fixes a field's type with its first
point and refuses another. The time is the device's, in microseconds since the epoch: a redelivered reading
then overwrites itself, and 1,000 readings a second from one generator do not collide.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

MQTT_ROOT = "emergency_generators"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading. Units: time in microseconds, degrees, Celsius, kilowatts, percent, litres."""

    generatorID: str
    time: int
    seq: int
    lat: float
    lon: float
    temperature: float
    power: float
    load: float
    fuel: float

    def to_json(self) -> bytes:
        """The payload of one publish.

        Raises TypeError when a field that must be a float is an integer.
        """
        for field in ("lat", "lon", "temperature", "power", "load", "fuel"):
            if not isinstance(getattr(self, field), float):
                raise TypeError(f"{field} must be a float, so that InfluxDB sees one type")
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, payload: bytes) -> Reading:
        """Read a payload back. Raises ValueError when it is not a reading."""
        try:
            return cls(**json.loads(payload))
        except TypeError as error:
            raise ValueError(f"not a reading: {error}") from error


def reading_topic(generator: str) -> str:
    """MQTT topic of a generator's readings."""
    return f"{MQTT_ROOT}/{generator}"


def status_topic(generator: str) -> str:
    """MQTT topic of a generator's `online` and `offline`."""
    return f"{MQTT_ROOT}/{generator}/status"
