"""The counters as Prometheus gets them."""

from __future__ import annotations

from lab.proxy.metrics import Counters, ProxyCollector


def test_metrics_have_a_worker_label() -> None:
    counters = Counters(connects=3)
    counters.observe_ack(0.003)
    families = {family.name: family for family in ProxyCollector(lambda: {7: counters.snapshot()}).collect()}
    assert families["mqtt_proxy_connects"].samples[0].labels == {"worker": "7"}
    assert families["mqtt_proxy_connects"].samples[0].value == 3
    buckets = [one for one in families["mqtt_proxy_kafka_ack_seconds"].samples if one.name.endswith("_bucket")]
    assert [one.value for one in buckets][:3] == [0, 1, 1]
