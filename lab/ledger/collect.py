"""Fetch the evidence: the topics from where the run began, both buckets, and how far each hop is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from lab.addresses import Addresses
from lab.connect.client import Connect
from lab.errors import LearnerError, ServiceError
from lab.fleet.alarms import parse_alarm
from lab.influx import tasks
from lab.influx.api import Influx, to_micros
from lab.influx.flux import downsampled_rows, raw_points
from lab.influx.rules import MICROS
from lab.ledger.evidence import AlarmRecord, KafkaRecord, Key, Positions
from lab.ledger.offsets import GroupReader
from lab.pace import allow
from lab.reading import Reading

READ_S = 60.0
"""Deadline for reading one topic to its end."""
POLL_MS = 500
CONNECT_S = 5.0
"""How long a rebalance of Connect is waited for; the next look asks again."""
SKEW_MS = 60_000
"""How far the proxy's clock, which stamps the records, may be behind this one."""


@dataclass(frozen=True)
class Marks:
    """End offsets of each partition when the run began, and that moment in microseconds since the epoch."""

    readings: dict[int, int]
    alarms: dict[int, int]
    since_us: int


def marks(addresses: Addresses, since_us: int) -> Marks:
    """Note where both topics end now. Raises ServiceError when Kafka does not answer."""
    with_consumer = _Reader(addresses)
    try:
        names = addresses.names
        return Marks(with_consumer.ends(names.readings), with_consumer.ends(names.alarms), since_us)
    finally:
        with_consumer.close()


class Collector:
    """Reads what arrived since the marks; until_us bounds device times (microseconds, exclusive)."""

    def __init__(self, addresses: Addresses, begin: Marks) -> None:
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
        reader = _Reader(self._addresses)
        try:
            start = reader.first_since(topic, since_ms)
            found = [_reading(record) for record in reader.read(topic, start)]
        finally:
            reader.close()
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

    def _read(self, topic: str, start: dict[int, int]) -> Iterator[Any]:
        reader = _Reader(self._addresses)
        try:
            yield from reader.read(topic, start)
        finally:
            reader.close()


class _Reader:
    """A kafka-python consumer without a group that reads partitions from offsets to their present ends."""

    def __init__(self, addresses: Addresses) -> None:
        self._consumer = _answered(
            lambda: KafkaConsumer(
                enable_auto_commit=False, max_poll_records=5000, check_crcs=False, **addresses.kafka_python()
            )
        )

    def close(self) -> None:
        self._consumer.close()

    def ends(self, topic: str) -> dict[int, int]:
        partitions = [TopicPartition(topic, number) for number in sorted(self._partitions(topic))]
        found = _answered(lambda: self._consumer.end_offsets(partitions))
        return {partition.partition: offset for partition, offset in found.items()}

    def first_since(self, topic: str, since_ms: int) -> dict[int, int]:
        """The first offset of each partition whose record is not older; the end where there is none."""
        ends = self.ends(topic)
        wanted = {TopicPartition(topic, number): since_ms for number in ends}
        found = _answered(lambda: self._consumer.offsets_for_times(wanted))
        return ends | {partition.partition: at.offset for partition, at in found.items() if at is not None}

    def read(self, topic: str, start: dict[int, int]) -> Iterator[Any]:
        ends = {number: end for number, end in self.ends(topic).items() if end > start.get(number, 0)}
        partitions = {number: TopicPartition(topic, number) for number in ends}
        self._consumer.assign(list(partitions.values()))
        for number, partition in partitions.items():
            self._consumer.seek(partition, start.get(number, 0))
        deadline = monotonic() + allow(READ_S)
        while any(self._consumer.position(partitions[number]) < end for number, end in ends.items()):
            if monotonic() > deadline:
                raise ServiceError(
                    "kafka1",
                    f"Reading {topic} to its end took more than {allow(READ_S):.0f} s.",
                    "Look at ./workshop status: is a broker down?",
                )
            for records in _answered(lambda: self._consumer.poll(timeout_ms=POLL_MS)).values():
                yield from records

    def _partitions(self, topic: str) -> set[int]:
        found = _answered(lambda: self._consumer.partitions_for_topic(topic))
        if not found:
            raise ServiceError("kafka1", f"Kafka has no topic {topic}.", "Make the topics with ./workshop up.")
        return set(found)


def _answered(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except KafkaError as error:
        raise ServiceError(
            "kafka1", f"Kafka did not answer: {error}.", "Look at ./workshop status and ./workshop logs kafka1."
        ) from error


def _reading(record: Any) -> KafkaRecord | None:
    try:
        reading = Reading.from_json(record.value or b"")
    except ValueError:
        return None
    return KafkaRecord(
        reading.generatorID, reading.time, reading.seq, record.partition, record.offset, record.timestamp
    )


def _alarm(record: Any) -> AlarmRecord | None:
    alarm = parse_alarm(record.value)
    return AlarmRecord(alarm.generator, alarm.time, alarm.alarm, record.timestamp) if alarm else None
