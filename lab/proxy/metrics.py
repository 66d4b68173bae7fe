"""What a worker counts, and how it looks to Prometheus.

The counters are plain integers, because the hot path adds to them; a collector turns them into Prometheus families
when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

ACK_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(slots=True)
class Counters:
    """One worker's counts since its start."""

    connects: int = 0
    refused_connects: int = 0
    publishes: list[int] = field(default_factory=lambda: [0, 0, 0])
    """By QoS."""
    refused: int = 0
    failed: int = 0
    wills: int = 0
    protocol_errors: int = 0
    takeovers: int = 0
    tls_failures: int = 0
    paused: int = 0
    """Times that no more publishes were handed over because too much was in flight."""
    connections: int = 0
    waiting: int = 0
    held_bytes: int = 0
    in_flight: int = 0
    in_flight_bytes: int = 0
    ack_buckets: list[int] = field(default_factory=lambda: [0] * (len(ACK_SECONDS) + 1))
    ack_sum: float = 0.0

    def observe_ack(self, seconds: float) -> None:
        """One sampled time from hand-over to Kafka's confirmation."""
        self.ack_buckets[bisect_left(ACK_SECONDS, seconds)] += 1
        self.ack_sum += seconds

    def snapshot(self) -> dict[str, Any]:
        """The counts as JSON-ready values."""
        return asdict(self)


_COUNTERS = {
    "connects": "Connections accepted.",
    "refused_connects": "Connections refused at CONNECT.",
    "refused": "Publishes refused by a rule.",
    "failed": "Publishes that Kafka refused for good.",
    "wills": "Last wills published.",
    "protocol_errors": "Connections closed for breaking the standard.",
    "takeovers": "Connections closed because their client connected again.",
    "tls_failures": "TLS handshakes that failed.",
    "paused": "Times that publishes had to wait because too much was in flight.",
}
_GAUGES = {
    "connections": "Connections open.",
    "in_flight": "Publishes handed to Kafka and not decided.",
    "in_flight_bytes": "Bytes of memory that they take.",
    "waiting": "Connections whose publishes wait for room in flight.",
    "held_bytes": "Bytes that connections hold beside what is in flight.",
}


class ProxyCollector(Collector):
    """Every worker's counts with its number as a label."""

    def __init__(self, snapshots: Callable[[], dict[int, dict[str, Any]]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterable[Metric]:
        """Prometheus families of this moment."""
        workers = self._snapshots()
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"mqtt_proxy_{name}", text, labels=["worker"])
            for worker, counts in workers.items():
                counter.add_metric([str(worker)], counts[name])
            yield counter
        for name, text in _GAUGES.items():
            gauge = GaugeMetricFamily(f"mqtt_proxy_{name}", text, labels=["worker"])
            for worker, counts in workers.items():
                gauge.add_metric([str(worker)], counts[name])
            yield gauge
        yield _publishes(workers)
        yield _acknowledgements(workers)


def _publishes(workers: dict[int, dict[str, Any]]) -> Metric:
    family = CounterMetricFamily("mqtt_proxy_publishes", "Publishes received.", labels=["worker", "qos"])
    for worker, counts in workers.items():
        for qos, count in enumerate(counts["publishes"]):
            family.add_metric([str(worker), str(qos)], count)
    return family


def _acknowledgements(workers: dict[int, dict[str, Any]]) -> Metric:
    text = "Sampled time from hand-over to Kafka's confirmation."
    family = HistogramMetricFamily("mqtt_proxy_kafka_ack_seconds", text, labels=["worker"])
    for worker, counts in workers.items():
        total, buckets = 0, []
        for bound, count in zip((*map(str, ACK_SECONDS), "+Inf"), counts["ack_buckets"], strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric([str(worker)], buckets, counts["ack_sum"])
    return family
