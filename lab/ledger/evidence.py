"""What was seen at each hop, as plain data, so that a run can be judged again from a recording."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


KAFKA, RAW, DOWNSAMPLED, ALARMS = "kafka", "kafka_raw", "kafka_downsampled", "generator_alarms"
"""The hops, as `late` names them."""
DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True)
class Positions:
    """How far each hop had come just before the evidence was read. Times are microseconds since the epoch."""

    sink: Mapping[int, int]
    """The next offset of each partition of the readings topic that the sink has not confirmed."""
    dead_letters: int = 0
    """Records in the dead-letter topic."""
    task_until_us: int = 0
    """End of the newest slot that the task has run for; 0 when it has not run."""
    lookback: int = 60
    """How many seconds before its time a run of the task recomputes."""
    source_floor_us: int = 0
    """The source hands over nothing older than this."""
    source_runs: bool = True


@dataclass(frozen=True)
class Evidence:
    """One run. `raw` maps keys to fuel in litres, `downsampled` to alarms; `every` is the task's slot in seconds.

    What lies below `positions` says how far each hop is. It decides between late and lost for what has not arrived, and
    never whether something has arrived.
    """

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
    refused: Collection[Key] = ()
    """Readings found in the dead-letter topic."""
    positions: Positions | None = None
    """None when no hop could say; what is missing then counts as lost."""
    unread: Collection[str] = ()
    """Hops, or DEAD_LETTERS, that did not answer when they were last asked: nobody knows what they lack."""
    settled: bool = True
    """Whether every hop had the time to catch up. False while there is waiting, and when a person ended it early."""
