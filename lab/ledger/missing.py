"""Sort what has not arrived: late when a hop still has it to do, refused when the sink put it aside, else lost. Pure.

A hop that lies behind another inherits its reason: the row of a late reading is late, the alarm of a late row as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from lab.influx.rules import MICROS, Downsampled, slot_of
from lab.ledger.evidence import ALARMS, DEAD_LETTERS, DOWNSAMPLED, KAFKA, RAW, Evidence, KafkaRecord, Key, Positions


@dataclass(frozen=True)
class Late:
    """What can still arrive, counted per hop. Nothing of it is lost."""

    kafka: int = 0
    """Acknowledged readings of which nobody knows whether they are in Kafka, because it could not be read."""
    kafka_raw: int = 0
    """Acknowledged readings that are in Kafka, and that the sink has not confirmed (or InfluxDB could not be read)."""
    kafka_downsampled: int = 0
    """Rows of late readings, and of slots that the task has not run for."""
    generator_alarms: int = 0
    """Alarms of late rows, and of rows that the source has not reached."""
    records_before: int = 0
    """How many records of the readings topic the sink has to take to reach the last late reading, in all partitions."""

    @property
    def total(self) -> int:
        """Everything that is late, of every hop; 0 when nothing is."""
        return self.kafka + self.kafka_raw + self.kafka_downsampled + self.generator_alarms


@dataclass(frozen=True)
class MissingReadings:
    """Acknowledged readings that did not arrive: in no set twice, except that one can be `late` in Kafka and below."""

    kafka_lost: Set[Key]
    kafka_late: Set[Key]
    raw_lost: Set[Key]
    raw_late: Set[Key]
    refused: Set[Key]

    @property
    def late(self) -> Set[Key]:
        return self.kafka_late | self.raw_late

    @property
    def lost(self) -> Set[Key]:
        return self.kafka_lost | self.raw_lost


@dataclass(frozen=True)
class MissingRows:
    """Rows, or alarm records of rows, that are not there."""

    lost: Set[Downsampled]
    late: Set[Downsampled]

    @property
    def all(self) -> Set[Downsampled]:
        return self.lost | self.late


def missing_readings(evidence: Evidence, acknowledged: Set[Key]) -> MissingReadings:
    """What Kafka and the raw bucket lack of what was acknowledged."""
    records = last_copies(evidence.kafka)
    not_in_kafka = acknowledged - records.keys()
    kafka_late = not_in_kafka if KAFKA in evidence.unread else frozenset[Key]()
    not_arrived = acknowledged - evidence.raw.keys()
    refused = not_arrived & set(evidence.refused)
    if {RAW, DEAD_LETTERS} & set(evidence.unread):
        waiting = not_arrived - refused - not_in_kafka
    else:
        waiting = {key for key in not_arrived - refused if key in records and _waits(records[key], evidence.positions)}
    return MissingReadings(
        kafka_lost=not_in_kafka - kafka_late,
        kafka_late=kafka_late,
        raw_lost=not_arrived - refused - waiting - kafka_late,
        raw_late=waiting,
        refused=refused,
    )


def records_before(evidence: Evidence, late: Set[Key]) -> int:
    """Records from where the sink is to the last late reading of each partition, in all partitions."""
    if evidence.positions is None:
        return 0
    furthest: dict[int, int] = {}
    for record in evidence.kafka:
        if (record.generator, record.time) in late:
            furthest[record.partition] = max(record.offset, furthest.get(record.partition, 0))
    sink = evidence.positions.sink
    return sum(max(0, offset - sink.get(partition, 0)) for partition, offset in furthest.items())


def missing_rows(evidence: Evidence, expected: Set[Downsampled], late_readings: Set[Key]) -> MissingRows:
    """Expected rows that are not there or carry the wrong alarm."""
    missing = {row for row in expected if evidence.downsampled.get((row.generator, row.time)) != row.alarm}
    late = {row for row in missing if (row.generator, row.time) in late_readings or _row_can_come(evidence, row)}
    return MissingRows(lost=missing - late, late=late)


def missing_alarms(evidence: Evidence, expected: Set[Downsampled], rows: MissingRows) -> MissingRows:
    """Expected rows without their record in the alarms topic."""
    missing = expected - {Downsampled(*alarm[:3]) for alarm in evidence.alarms}
    newest = max((alarm.time for alarm in evidence.alarms), default=0)
    late = {
        row for row in missing if row in rows.late or (row not in rows.lost and _alarm_can_come(evidence, row, newest))
    }
    return MissingRows(lost=missing - late, late=late)


def last_copies(records: Iterable[KafkaRecord]) -> dict[Key, KafkaRecord]:
    """The copy of each reading that the sink meets last."""
    last: dict[Key, KafkaRecord] = {}
    for record in records:
        key = (record.generator, record.time)
        if key not in last or last[key].offset < record.offset:
            last[key] = record
    return last


def _waits(record: KafkaRecord, positions: Positions | None) -> bool:
    return positions is not None and record.offset >= positions.sink.get(record.partition, 0)


def _row_can_come(evidence: Evidence, row: Downsampled) -> bool:
    """Whether a run of the task that is still to come writes this row from what is in the raw bucket."""
    if DOWNSAMPLED in evidence.unread:
        return True
    if evidence.positions is None or (row.generator, row.time) not in evidence.raw:
        return False
    begin = slot_of(row.time, evidence.every) * evidence.every * MICROS
    slot, until = evidence.every * MICROS, evidence.positions.task_until_us
    in_reach = begin >= until + slot - evidence.positions.lookback * MICROS
    return begin + slot > until or (in_reach and not evidence.settled)


def _alarm_can_come(evidence: Evidence, row: Downsampled, newest: int) -> bool:
    """Whether the source can still hand this row over; it goes over the rows by time, repeatedly."""
    if ALARMS in evidence.unread:
        return True
    if evidence.positions is None or row.time < evidence.positions.source_floor_us:
        return False
    return row.time > newest or not evidence.positions.source_runs or not evidence.settled
