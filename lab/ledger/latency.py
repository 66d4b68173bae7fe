"""Latencies in milliseconds, summed up as the 50th and 99th percentile and the largest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from lab.ledger.evidence import AlarmRecord, KafkaRecord, Key


class Summary(TypedDict):
    """Milliseconds; all three are None when nothing was measured."""

    p50: float | None
    p99: float | None
    max: float | None


def summary(values: Sequence[float]) -> Summary:
    """Percentiles by nearest rank."""
    if not values:
        return Summary(p50=None, p99=None, max=None)
    ordered = sorted(values)
    return Summary(p50=_rank(ordered, 50), p99=_rank(ordered, 99), max=round(ordered[-1], 2))


def kafka_latencies(records: Iterable[KafkaRecord]) -> list[float]:
    """From the device's time to Kafka's timestamp, of first copies; Kafka's has a resolution of 1 ms."""
    return _first_copies((record.generator, record.time, record.timestamp_ms) for record in records)


def alarm_latencies(alarms: Iterable[AlarmRecord], published: set[Key]) -> list[float]:
    """From the device's time to the timestamp of the alarm's record; includes waiting for the slot to close."""
    return _first_copies((a.generator, a.time, a.timestamp_ms) for a in alarms if (a.generator, a.time) in published)


def _first_copies(stamped: Iterable[tuple[str, int, int]]) -> list[float]:
    first: dict[Key, float] = {}
    for generator, time, timestamp_ms in stamped:
        latency = max(0.0, timestamp_ms - time / 1000.0)
        first[generator, time] = min(latency, first.get((generator, time), latency))
    return list(first.values())


def _rank(ordered: Sequence[float], percent: int) -> float:
    return round(ordered[min(len(ordered) - 1, (len(ordered) * percent + 99) // 100 - 1)], 2)
