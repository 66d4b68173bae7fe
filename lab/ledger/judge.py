"""Decide what was lost, late, refused, doubled or out of order. Pure: evidence in, ledger out.

A reading counts as arrived when its (generatorID, time) is there; a second copy is a duplicate and no gain. Order is
judged on first copies: a redelivery repeats what was there and inverts nothing. Readings that were never acknowledged
may be missing without being lost, and those that arrived all the same count for what the task should have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from lab.influx.rules import Downsampled, downsample
from lab.ledger.evidence import AlarmRecord, Evidence, KafkaRecord, Key
from lab.ledger.latency import Summary, alarm_latencies, kafka_latencies, summary
from lab.ledger.missing import Late, missing_alarms, missing_readings, missing_rows, records_before

WHOLE, LOST, LATE = 0, 1, 3
"""Exit codes of a run. 2 is the command line's own, for arguments it does not understand."""


@dataclass(frozen=True)
class Ledger:
    """The verdict on one run. Counts are of distinct readings or rows unless the name says otherwise."""

    published: int
    acknowledged: int
    in_kafka: int
    in_raw: int
    raw_lost: int
    """Acknowledged readings that are not in the raw bucket, and that no hop still has before it."""
    kafka_lost: int
    """Acknowledged readings that are not in Kafka."""
    refused: int
    """Acknowledged readings that the sink put into the dead-letter topic and that are not in the raw bucket."""
    late: Late
    """What has not arrived and still can."""
    downsampled_expected: int
    downsampled_missing: int
    """Rows that are not there, lost or late."""
    alarms_expected: int
    alarms_missing: int
    """Alarm records that are not there, lost or late."""
    duplicates_in_kafka: int
    """Copies beyond the first, in records."""
    order_inversions: int
    lost: int
    """Acknowledged readings that Kafka or the raw bucket lost, plus rows and alarms lost."""
    refuel_alarms: int
    refuels: int
    faults: Sequence[Mapping[str, object]]
    rates: Mapping[str, float]
    """Readings per second of the sending time."""
    latency_ms: Mapping[str, Summary]
    boot_s: float

    @property
    def whole(self) -> bool:
        """Whether the promise was kept: something was acknowledged, all of it arrived, order held."""
        return self.exit_code == WHOLE

    @property
    def exit_code(self) -> int:
        """WHOLE, LOST (also refused, out of order or nothing acknowledged), or LATE when nothing worse is wrong."""
        if self.acknowledged == 0 or self.lost or self.refused or self.order_inversions:
            return LOST
        return LATE if self.late.total else WHOLE

    def to_dict(self) -> dict[str, object]:
        """The ledger as JSON-ready data."""
        return asdict(self)


def judge(evidence: Evidence) -> Ledger:
    """The ledger of one run."""
    published = {(sent.generator, sent.time) for sent in evidence.sent}
    acknowledged = {(acked.generator, acked.time) for acked in evidence.acked}
    mine = [record for record in evidence.kafka if (record.generator, record.time) in published]
    in_kafka = {(record.generator, record.time) for record in mine}
    in_raw = published & evidence.raw.keys()
    readings = missing_readings(evidence, acknowledged)
    expected = expected_rows(evidence, acknowledged - readings.refused)
    rows = missing_rows(evidence, expected, readings.late)
    alarms = missing_alarms(evidence, expected, rows)
    return Ledger(
        published=len(published),
        acknowledged=len(acknowledged),
        in_kafka=len(in_kafka),
        in_raw=len(in_raw),
        raw_lost=len(readings.raw_lost),
        kafka_lost=len(readings.kafka_lost),
        refused=len(readings.refused),
        late=Late(
            kafka=len(readings.kafka_late),
            kafka_raw=len(readings.raw_late),
            kafka_downsampled=len(rows.late),
            generator_alarms=len(alarms.late),
            records_before=records_before(evidence, readings.raw_late),
        ),
        downsampled_expected=len(expected),
        downsampled_missing=len(rows.all),
        alarms_expected=len(expected),
        alarms_missing=len(alarms.all),
        duplicates_in_kafka=len(mine) - len(in_kafka),
        order_inversions=inversions(mine),
        lost=len(readings.lost) + len(rows.lost) + len(alarms.lost),
        refuel_alarms=_refuel_alarms(evidence.alarms, published),
        refuels=evidence.refuels,
        faults=evidence.faults,
        rates=_rates(evidence, len(published), len(acknowledged), len(in_kafka), len(in_raw)),
        latency_ms=_latencies(evidence, mine, published),
        boot_s=round(evidence.boot_s, 2),
    )


def expected_rows(evidence: Evidence, acknowledged: set[Key]) -> set[Downsampled]:
    """What the task should have written: from these acknowledged readings, and from all that is in the raw bucket."""
    generators = {sent.generator for sent in evidence.sent}
    owed = [(s.generator, s.time, s.fuel) for s in evidence.sent if (s.generator, s.time) in acknowledged]
    there = [(name, time, fuel) for (name, time), fuel in evidence.raw.items() if name in generators]
    return downsample(owed + there, evidence.every)


def inversions(records: Iterable[KafkaRecord]) -> int:
    """How many first copies lie behind a newer reading of their generator, or in another partition than its first."""
    newest: dict[str, int] = {}
    home: dict[str, int] = {}
    seen: set[Key] = set()
    count = 0
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        if (record.generator, record.time) in seen:
            continue
        seen.add((record.generator, record.time))
        astray = home.setdefault(record.generator, record.partition) != record.partition
        count += astray or record.seq < newest.get(record.generator, -1)
        newest[record.generator] = max(record.seq, newest.get(record.generator, -1))
    return count


def _refuel_alarms(alarms: Iterable[AlarmRecord], published: set[Key]) -> int:
    return len({a[:2] for a in alarms if a.alarm == "refuel" and a[:2] in published})


def _rates(evidence: Evidence, *counts: int) -> dict[str, float]:
    names = ("published", "acknowledged", "in_kafka", "in_raw")
    seconds = evidence.seconds or 1.0
    return {name: round(count / seconds, 1) for name, count in zip(names, counts, strict=True)}


def _latencies(evidence: Evidence, mine: list[KafkaRecord], published: set[Key]) -> dict[str, Summary]:
    return {
        "mqtt_ack": summary([acked.latency_ms for acked in evidence.acked]),
        "device_to_kafka": summary(kafka_latencies(mine)),
        "device_to_alarm": summary(alarm_latencies(evidence.alarms, published)),
    } | {f"{hop}_freshness": summary(ages) for hop, ages in evidence.freshness_ms.items()}
