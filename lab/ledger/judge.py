"""Decide what was lost, doubled or out of order. Pure: evidence in, ledger out.

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


@dataclass(frozen=True)
class Ledger:
    """The verdict on one run. Counts are of distinct readings or rows unless the name says otherwise."""

    published: int
    acknowledged: int
    in_kafka: int
    in_raw: int
    raw_lost: int
    """Acknowledged readings that are not in the raw bucket."""
    kafka_lost: int
    """Acknowledged readings that are not in Kafka."""
    downsampled_expected: int
    downsampled_missing: int
    alarms_expected: int
    alarms_missing: int
    duplicates_in_kafka: int
    """Copies beyond the first, in records."""
    order_inversions: int
    lost: int
    """Acknowledged readings missing from Kafka or the raw bucket, plus rows and alarms missing."""
    refuel_alarms: int
    refuels: int
    faults: Sequence[Mapping[str, object]]
    rates: Mapping[str, float]
    """Readings per second of the sending time."""
    latency_ms: Mapping[str, Summary]
    boot_s: float

    @property
    def whole(self) -> bool:
        """Whether the promise was kept: something was acknowledged, nothing was lost, order held."""
        return self.acknowledged > 0 and self.lost == 0 and self.order_inversions == 0

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
    expected = expected_rows(evidence, acknowledged)
    missing = {row for row in expected if evidence.downsampled.get((row.generator, row.time)) != row.alarm}
    alarms_missing = expected - {Downsampled(*alarm[:3]) for alarm in evidence.alarms}
    return Ledger(
        published=len(published),
        acknowledged=len(acknowledged),
        in_kafka=len(in_kafka),
        in_raw=len(in_raw),
        raw_lost=len(acknowledged - in_raw),
        kafka_lost=len(acknowledged - in_kafka),
        downsampled_expected=len(expected),
        downsampled_missing=len(missing),
        alarms_expected=len(expected),
        alarms_missing=len(alarms_missing),
        duplicates_in_kafka=len(mine) - len(in_kafka),
        order_inversions=inversions(mine),
        lost=len(acknowledged - (in_kafka & in_raw)) + len(missing) + len(alarms_missing),
        refuel_alarms=_refuel_alarms(evidence.alarms, published),
        refuels=evidence.refuels,
        faults=evidence.faults,
        rates=_rates(evidence, len(published), len(acknowledged), len(in_kafka), len(in_raw)),
        latency_ms=_latencies(evidence, mine, published),
        boot_s=round(evidence.boot_s, 2),
    )


def expected_rows(evidence: Evidence, acknowledged: set[Key]) -> set[Downsampled]:
    """What the task should have written: from every acknowledged reading, and from all that is in the raw bucket."""
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
