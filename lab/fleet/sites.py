"""Where generators are: near cities of three regions of the world, the same place for the same name and seed."""

from __future__ import annotations

from random import Random

CITIES: tuple[tuple[str, float, float], ...] = (
    ("Chicago", 41.88, -87.63),
    ("Rotterdam", 51.92, 4.48),
    ("Osaka", 34.69, 135.50),
    ("Houston", 29.76, -95.37),
    ("Hamburg", 53.55, 9.99),
    ("Singapore", 1.35, 103.82),
    ("Toronto", 43.65, -79.38),
    ("Nairobi", -1.29, 36.82),
    ("Mumbai", 19.08, 72.88),
    ("Mexico City", 19.43, -99.13),
    ("Madrid", 40.42, -3.70),
    ("Sydney", -33.87, 151.21),
    ("Bogota", 4.71, -74.07),
    ("Warsaw", 52.23, 21.01),
    ("Seoul", 37.57, 126.98),
    ("Sao Paulo", -23.55, -46.63),
    ("Lagos", 6.52, 3.38),
    ("Jakarta", -6.21, 106.85),
    ("Denver", 39.74, -104.99),
    ("Cape Town", -33.92, 18.42),
    ("Auckland", -36.85, 174.76),
)
"""Name, latitude and longitude in degrees; the regions take turns, so that a small fleet has all three."""
SCATTER_DEGREES = 0.4
"""How far from the city's centre a generator may be, north-south and east-west."""


def place(index: int, noise: Random) -> tuple[float, float]:
    """Latitude and longitude, in degrees, of the generator with this index (0, 1, ...)."""
    _, lat, lon = CITIES[index % len(CITIES)]
    scatter = SCATTER_DEGREES
    return round(lat + noise.uniform(-scatter, scatter), 4), round(lon + noise.uniform(-scatter, scatter), 4)
