"""The Flux of the pipeline: the script of the task `kafka_downsample` and the queries the kit asks.

Every run of the task recomputes every slot of its look-back from the raw bucket, so a row is a pure function
of the raw points and running twice, late or for a past time does no harm. Whole numbers become floats, and a series of
another type is left out, so that one odd point does not end every run. docs/downsampling.md has the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.base.names import ALARM_NONE, ALARM_REFUEL, FUEL_ALARM_LITRES, MEASUREMENT, Names
from lab.influx.api import from_micros, instant
from lab.influx.rules import REGIONS, UNKNOWN_REGION

FIELDS = ("fuel", "lat", "load", "lon", "power", "temperature")
"""The fields that are carried over; `seq` stays in the raw bucket."""
LOOKBACK_SLOTS = 6
"""How many slots a run recomputes: readings up to this many slots late are still taken in."""
OFFSET_S = 2
"""Seconds a run waits after its slot closed, for readings still on their way through Kafka and the sink."""


@dataclass(frozen=True)
class Downsample:
    """The settings of the task; `every`, `offset` and `lookback` in seconds."""

    names: Names
    every: int = 10
    offset: int = OFFSET_S
    lookback_slots: int = LOOKBACK_SLOTS

    @property
    def lookback(self) -> int:
        """Seconds before the scheduled time that a run recomputes."""
        return self.every * self.lookback_slots


def downsample_script(settings: Downsample) -> str:
    """The task's Flux: the last reading per generator and slot, with alarm and region, into the second bucket."""
    names = settings.names
    return f"""\
import "date"
import "types"

option task = {{name: "{names.task}", every: {settings.every}s, offset: {settings.offset}s}}

every = {settings.every}s
stop = date.truncate(t: now(), unit: every)
start = date.sub(d: {settings.lookback}s, from: stop)

from(bucket: "{names.raw_bucket}")
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}")
    |> filter(fn: (r) => {_any_field()})
    |> window(every: every)
    |> last()
    |> filter(fn: (r) => types.isNumeric(v: r._value))
    |> toFloat()
    |> group()
    |> pivot(rowKey: ["_time", "_measurement", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.fuel)
    |> map(
        fn: (r) => ({{r with
            alarm: if r.fuel < {FUEL_ALARM_LITRES} then "{ALARM_REFUEL}" else "{ALARM_NONE}",
            region: {_region()},
        }}),
    )
    |> to(
        bucket: "{names.downsampled_bucket}",
        tagColumns: ["generatorID", "region"],
        fieldFn: (r) => ({{alarm: r.alarm, {_carried()}}}),
    )
"""


def raw_points(names: Names, start_us: int, stop_us: int) -> str:
    """Every reading in the raw bucket with start <= time < stop: rows of generatorID, _time and _value (fuel)."""
    return _points(names.raw_bucket, "fuel", start_us, stop_us)


def downsampled_rows(names: Names, start_us: int, stop_us: int) -> str:
    """Every downsampled row with start <= time < stop: rows of generatorID, _time and _value (the alarm)."""
    return _points(names.downsampled_bucket, "alarm", start_us, stop_us)


def newest(bucket: str, since_us: int, field: str = "fuel") -> str:
    """The newest time in a bucket, in column _time of at most one row."""
    return f"""
from(bucket: "{bucket}")
    |> range(start: {instant(from_micros(since_us))})
    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{field}")
    |> last() |> keep(columns: ["_time"]) |> group() |> max(column: "_time")"""


def _points(bucket: str, field: str, start_us: int, stop_us: int) -> str:
    return f"""
from(bucket: "{bucket}")
    |> range(start: {instant(from_micros(start_us))}, stop: {instant(from_micros(stop_us))})
    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{field}")
    |> keep(columns: ["generatorID", "_time", "_value"])"""


def _any_field() -> str:
    return " or ".join(f'r._field == "{field}"' for field in FIELDS)


def _carried() -> str:
    return ", ".join(f"{field}: r.{field}" for field in FIELDS)


def _region() -> str:
    steps = "".join(f' else if r.lon < {end} then "{name}"' for end, name in REGIONS[:-1])
    return f'if not exists r.lon then "{UNKNOWN_REGION}"{steps} else "{REGIONS[-1][1]}"'
