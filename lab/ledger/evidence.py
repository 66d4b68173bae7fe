"""What was seen at each hop, as plain data, so that a run can be judged again from a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lab.fleet.journal import Acked, Sent

Key = tuple[str, int]
"""generatorID and device time in microseconds: what makes a reading or a row the same one."""


class KafkaRecord(NamedTuple):
    """A reading as it lies in the readings topic; device time in microseconds, Kafka's timestamp in milliseconds."""

    generator: str
    time: int
    seq: int
    partition: int
    offset: int
    timestamp_ms: int


class AlarmRecord(NamedTuple):
    """A row as it lies in the alarms topic; device time in microseconds, Kafka's timestamp in milliseconds."""

    generator: str
    time: int
    alarm: str
    timestamp_ms: int


@dataclass(frozen=True)
class Evidence:
    """One run. `raw` maps keys to fuel in litres, `downsampled` to alarms; `every` is the task's slot in seconds."""

    sent: Sequence[Sent]
    acked: Sequence[Acked]
    kafka: Sequence[KafkaRecord]
    raw: Mapping[Key, float]
    downsampled: Mapping[Key, str]
    alarms: Sequence[AlarmRecord]
    every: int
    seconds: float = 0.0
    """How long readings were sent."""
    faults: Sequence[Mapping[str, object]] = field(default_factory=tuple)
    freshness_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Age of the newest point of a hop whenever somebody looked: what hops without a timestamp of their own have."""
    refuels: int = 0
    boot_s: float = 0.0
