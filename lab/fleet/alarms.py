"""The records of the topic `generator_alarms`: one downsampled row each, as the source connector writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lab.influx.api import to_micros


@dataclass(frozen=True, slots=True)
class Alarm:
    """A generator's alarm (`ok` or `refuel`) at a device time in microseconds."""

    generator: str
    time: int
    alarm: str
    region: str


def parse_alarm(value: bytes | None) -> Alarm | None:
    """Read a record's value; None when it is not a downsampled row with an alarm."""
    try:
        row = json.loads(value or b"")
        tags = row.get("tags") or row
        return Alarm(str(tags["generatorID"]), _micros(row), str(row["alarm"]), str(tags.get("region", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _micros(row: dict[str, Any]) -> int:
    """The row's time, which the connector writes in its precision: the digits tell which."""
    time = row["time"] if "time" in row else row["_time"]
    if isinstance(time, str) and not time.isdigit():
        return to_micros(time)
    number = int(time)
    for limit, factor, divisor in ((10**11, 10**6, 1), (10**14, 10**3, 1), (10**17, 1, 1)):
        if number < limit:
            return number * factor // divisor
    return number // 1000
