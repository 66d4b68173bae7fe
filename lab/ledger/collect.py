"""Fetch the evidence: the topics from where the run began, both buckets, and how far each hop is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError, ServiceError
from lab.base.pace import allow
from lab.base.reading import Reading
from lab.connect.client import Connect
from lab.fleet.alarms import parse_alarm
from lab.influx import tasks
from lab.influx.api import Influx, to_micros
from lab.influx.flux import downsampled_rows, raw_points
from lab.influx.rules import MICROS
from lab.kafka.client import quiet
from lab.kafka.offsets import GroupReader
from lab.ledger.evidence import AlarmRecord, KafkaRecord, Key, Positions

READ_S = 60.0
"""Deadline for reading one topic to its end."""
POLL_S = 0.5
BATCH = 5000
ASK_S = 20.0
"""Deadline of one question about a topic."""
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

    def _read(self, topic: str, start: dict[int, int]) -> Iterator[_Record]:
        reader = _Reader(self._addresses)
        try:
            yield from reader.read(topic, start)
        finally:
            reader.close()


class _Record(NamedTuple):
    """What the ledger needs of a record; timestamp in milliseconds."""

    value: bytes | None
    partition: int
    offset: int
    timestamp: int


class _Reader:
    """A consumer without a group that reads partitions from offsets to their present ends.

    It is from librdkafka: a kafka-python consumer closed while it connects leaves its socket to the garbage collector,
    and the ledger opens and closes one at every look.
    """

    def __init__(self, addresses: Addresses) -> None:
        settings = quiet(addresses, group_id="ledger", enable_auto_commit=False, auto_offset_reset="earliest")
        self._consumer = Consumer(settings)

    def close(self) -> None:
        self._consumer.close()

    def ends(self, topic: str) -> dict[int, int]:
        return {number: high for number, (_, high) in self._marks(topic).items()}

    def first_since(self, topic: str, since_ms: int) -> dict[int, int]:
        """The first offset of each partition whose record is not older; the end where there is none."""
        ends = self.ends(topic)
        wanted = [TopicPartition(topic, number, since_ms) for number in ends]
        found = _answered(lambda: self._consumer.offsets_for_times(wanted, timeout=allow(ASK_S)))
        return ends | {at.partition: at.offset for at in found if at.offset >= 0}

    def read(self, topic: str, start: dict[int, int]) -> Iterator[_Record]:
        marks = self._marks(topic)
        at = {number: max(low, start.get(number, 0)) for number, (low, _) in marks.items()}
        waited = {number for number, (_, high) in marks.items() if high > at[number]}
        self._consumer.assign([TopicPartition(topic, number, at[number]) for number in waited])
        deadline = monotonic() + allow(READ_S)
        while any(at[number] < marks[number][1] for number in waited):
            if monotonic() > deadline:
                raise ServiceError(
                    "kafka1",
                    f"Reading {topic} to its end took more than {allow(READ_S):.0f} s.",
                    "Look at ./workshop status: is a broker down?",
                )
            for message in _answered(lambda: self._consumer.consume(BATCH, timeout=POLL_S)):
                if message.error() is None:  # others are about connections, which librdkafka makes again
                    at[message.partition()] = message.offset() + 1
                    yield _Record(message.value(), message.partition(), message.offset(), message.timestamp()[1])

    def _marks(self, topic: str) -> dict[int, tuple[int, int]]:
        """First and end offset of each partition."""
        known = _answered(lambda: self._consumer.list_topics(topic, timeout=allow(ASK_S))).topics[topic].partitions
        if not known:
            raise ServiceError("kafka1", f"Kafka has no topic {topic}.", "Make the topics with ./workshop up.")
        ask = self._consumer.get_watermark_offsets
        return {n: _answered(partial(ask, TopicPartition(topic, n), timeout=allow(ASK_S))) for n in sorted(known)}


def _answered(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except KafkaException as error:
        raise ServiceError(
            "kafka1", f"Kafka did not answer: {error}.", "Look at ./workshop status and ./workshop logs kafka1."
        ) from error


def _reading(record: _Record) -> KafkaRecord | None:
    try:
        reading = Reading.from_json(record.value or b"")
    except ValueError:
        return None
    return KafkaRecord(
        reading.generatorID, reading.time, reading.seq, record.partition, record.offset, record.timestamp
    )


def _alarm(record: _Record) -> AlarmRecord | None:
    alarm = parse_alarm(record.value)
    return AlarmRecord(alarm.generator, alarm.time, alarm.alarm, record.timestamp) if alarm else None
