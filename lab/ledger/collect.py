"""Fetch the evidence: the topics from where the run began, both buckets, and how far each hop is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError, ServiceError
from lab.base.reading import Reading
from lab.connect.client import Connect
from lab.fleet.alarms import parse_alarm
from lab.influx import tasks
from lab.influx.api import Influx, to_micros
from lab.influx.flux import downsampled_rows, raw_points
from lab.influx.rules import MICROS
from lab.kafka.groups import GroupReader
from lab.kafka.topics import Record, TopicReader
from lab.ledger.evidence import AlarmRecord, KafkaRecord, Key, Positions

CONNECT_S = 5.0
"""How long a rebalance of Connect is waited for; the next look asks again."""
SKEW_MS = 60_000
"""How far the proxy's clock, which stamps the records, may be behind this one."""


@dataclass(frozen=True)
class Baseline:
    """End offsets of each partition when the run began, and that moment in microseconds since the epoch."""

    readings: dict[int, int]
    alarms: dict[int, int]
    since_us: int


def take_baseline(addresses: Addresses, since_us: int) -> Baseline:
    """Note where both topics end now. Raises ServiceError when Kafka does not answer."""
    with TopicReader(addresses) as reader:
        for topic in (addresses.names.readings, addresses.names.alarms):
            _require(reader, topic)
        return Baseline(reader.ends(addresses.names.readings), reader.ends(addresses.names.alarms), since_us)


def _require(reader: TopicReader, topic: str) -> None:
    """Raises ServiceError without that topic: what cannot be read is late, and not lost."""
    if not reader.partitions(topic):
        raise ServiceError("kafka1", f"Kafka has no topic {topic}.", "./workshop up creates the pipeline's topics.")


class Collector:
    """Reads what arrived since the baseline; until_us bounds device times (microseconds, exclusive)."""

    def __init__(self, addresses: Addresses, begin: Baseline) -> None:
        self._addresses, self._begin = addresses, begin

    def kafka(self) -> list[KafkaRecord]:
        """Every reading in the readings topic; what is no reading is passed over."""
        topic = self._addresses.names.readings
        return [found for record in self._read(topic, self._begin.readings) if (found := _reading(record))]

    def alarms(self) -> list[AlarmRecord]:
        """Every row in the alarms topic."""
        topic = self._addresses.names.alarms
        return [found for record in self._read(topic, self._begin.alarms) if (found := _alarm(record))]

    def raw(self, until_us: int) -> dict[Key, float]:
        """Fuel of every reading in the raw bucket."""
        with Influx(self._addresses) as influx:
            rows = influx.iterate(raw_points(self._addresses.names, self._begin.since_us, until_us))
            return {(row["generatorID"], to_micros(row["_time"])): float(row["_value"]) for row in rows}

    def refused(self) -> frozenset[Key]:
        """Readings of this run in the dead-letter topic, where a record keeps the timestamp of the one refused."""
        topic, since_ms = self._addresses.names.dead_letters, self._begin.since_us // 1000 - SKEW_MS
        with TopicReader(self._addresses) as reader:
            _require(reader, topic)
            found = [_reading(record) for record in reader.read(topic, reader.first_since(topic, since_ms))]
        return frozenset((reading.generator, reading.time) for reading in found if reading)

    def positions(self, lookback: int, every: int) -> Positions:
        """How far each hop is. Ask before fetching evidence: what a hop has confirmed by then is there to be read."""
        names = self._addresses.names
        with GroupReader(self._addresses, names.sink_group) as group:
            sink = group.position(names.readings).committed
            dead_letters = sum(group.ends(names.dead_letters).values())
        runs, floor_us = self._source()
        return Positions(sink, dead_letters, self._task_until(every), lookback, floor_us, runs)

    def _task_until(self, every: int) -> int:
        """End of the newest slot that the task has finished a run for, successful or not; 0 when none is known."""
        try:
            with Influx(self._addresses) as influx:
                task = tasks.find(influx, self._addresses.names.task)
                runs = tasks.runs(influx, task) if task else []
        except ServiceError:
            return 0
        newest = max((to_micros(run.scheduled_for) for run in runs if run.finished), default=0)
        return newest // (every * MICROS) * every * MICROS

    def _source(self) -> tuple[bool, int]:
        """Whether the source runs, and its floor. A worker that does not answer runs nothing."""
        name = self._addresses.names.source
        try:
            with Connect(self._addresses.connect_url, patience_s=CONNECT_S) as connect:
                offsets = [entry.offset for entry in connect.offsets(name) if entry.offset]
                floors = [to_micros(str(offset["time"])) for offset in offsets]
                return connect.status(name).running, max(floors, default=0)
        except (ServiceError, LearnerError, KeyError, ValueError):
            return False, 0

    def downsampled(self, until_us: int) -> dict[Key, str]:
        """Alarm of every row in the downsampled bucket."""
        with Influx(self._addresses) as influx:
            rows = influx.iterate(downsampled_rows(self._addresses.names, self._begin.since_us, until_us))
            return {(row["generatorID"], to_micros(row["_time"])): row["_value"] for row in rows}

    def _read(self, topic: str, start: dict[int, int]) -> Iterator[Record]:
        with TopicReader(self._addresses) as reader:
            _require(reader, topic)
            yield from reader.read(topic, start)


def _reading(record: Record) -> KafkaRecord | None:
    try:
        reading = Reading.from_json(record.value or b"")
    except ValueError:
        return None
    return KafkaRecord(
        reading.generatorID, reading.time, reading.seq, record.partition, record.offset, record.timestamp
    )


def _alarm(record: Record) -> AlarmRecord | None:
    alarm = parse_alarm(record.value)
    return AlarmRecord(alarm.generator, alarm.time, alarm.alarm, record.timestamp) if alarm else None
