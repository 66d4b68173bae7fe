"""The types of a reading's fields in InfluxDB, which fields of a bucket have another, and what to do about it.

InfluxDB fixes a field's type by the first point of a shard group, up to seven days, and refuses every other type. The
sink sends these types (`field.types`); after a point of another, written past the sink, InfluxDB refuses the sink's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.base.addresses import Addresses
from lab.base.names import MEASUREMENT
from lab.influx.api import Influx
from lab.influx.buckets import find
from lab.influx.literal import quoted

FIELD_TYPES = {
    "fuel": "float",
    "lat": "float",
    "load": "float",
    "lon": "float",
    "power": "float",
    "seq": "integer",
    "temperature": "float",
}
"""InfluxDB's types of the fields of the data contract."""
KINDS = {"float": "float", "int": "integer", "uint": "unsigned", "bool": "boolean", "string": "string"}
"""Flux's names of types and InfluxDB's."""


@dataclass(frozen=True)
class WrongType:
    """A field, the type it has in the newest points of a bucket, and the one that the contract gives it."""

    bucket: str
    field: str
    found: str
    wanted: str

    @property
    def cause(self) -> str:
        return (
            f"Field {self.field} of bucket {self.bucket} is of type {self.found}, since its first point was. "
            f"InfluxDB refuses every reading, whose {self.field} is of type {self.wanted}."
        )

    @property
    def remedy(self) -> str:
        return "Run ./workshop reset influxd to begin with empty buckets; readings in Kafka stay."


def wrong_types(influx: Influx, bucket: str) -> list[WrongType]:
    """Fields of another type among the bucket's points of the last seven days; empty when all is well."""
    return judged(bucket, influx.query(newest_types(bucket)))


def newest_types(bucket: str) -> str:
    """A Flux query for the type of each field in its newest point: rows of `_field` and `kind`."""
    steps = (f'if types.isType(v: r._value, type: "{flux}") then "{name}"' for flux, name in KINDS.items())
    kinds = " else ".join(steps)
    return f"""import "types"
        from(bucket: {quoted(bucket)})
            |> range(start: -7d)
            |> filter(fn: (r) => r._measurement == "{MEASUREMENT}")
            |> last()
            |> map(fn: (r) => ({{_time: r._time, _field: r._field, kind: {kinds} else "unknown"}}))
            |> group(columns: ["_field"])
            |> sort(columns: ["_time"], desc: true)
            |> limit(n: 1)"""


def judged(bucket: str, rows: Iterable[Mapping[str, Any]]) -> list[WrongType]:
    """What of the rows of `newest_types` is not as the data contract says."""
    found = {row["_field"]: row["kind"] for row in rows}
    return [
        WrongType(bucket, field, found[field], wanted)
        for field, wanted in FIELD_TYPES.items()
        if found.get(field, wanted) != wanted
    ]


def problems(where: Addresses) -> list[WrongType]:
    """The wrong types of both buckets of the pipeline. Raises LabError when InfluxDB cannot say."""
    with Influx(where) as influx:
        there = [bucket for bucket in (where.names.raw_bucket, where.names.downsampled_bucket) if find(influx, bucket)]
        return [wrong for bucket in there for wrong in wrong_types(influx, bucket)]
