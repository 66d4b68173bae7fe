"""librdkafka's configuration, and what its errors mean to an MQTT client."""

from __future__ import annotations

from confluent_kafka import KafkaError

from lab.proxy.config import Bounds, Kafka
from lab.proxy.core.reasons import Reason

Settings = dict[str, str | int | float | bool]

REASONS: dict[int, Reason] = {
    KafkaError.MSG_SIZE_TOO_LARGE: Reason.QUOTA_EXCEEDED,
    KafkaError.RECORD_LIST_TOO_LARGE: Reason.QUOTA_EXCEEDED,
    KafkaError.POLICY_VIOLATION: Reason.QUOTA_EXCEEDED,
    KafkaError.INVALID_RECORD: Reason.PAYLOAD_FORMAT_INVALID,
    KafkaError.TOPIC_EXCEPTION: Reason.TOPIC_NAME_INVALID,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Reason.NOT_AUTHORIZED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Reason.NOT_AUTHORIZED,
    KafkaError._MSG_TIMED_OUT: Reason.UNSPECIFIED,
}
"""Kafka's final no as a reason of PUBACK and PUBREC; anything else is an implementation error (0x83)."""

FINAL = {
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.POLICY_VIOLATION,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.INVALID_CONFIG,
}
"""Answers to a request for a topic that no waiting will change."""

UNKNOWN_TOPIC = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
"""The topic was deleted behind our back: make it again with the next publish."""

_FIXED: Settings = {"acks": "all", "enable.idempotence": True, "max.in.flight.requests.per.connection": 1}
"""What the delivery promise rests on.

One request at a time per broker, because idempotence alone does not keep it. A broker that knows nothing yet of a
producer takes any first sequence number: when the first batch of a new partition was refused (its leader not ready)
and the second, already on its way, was taken, librdkafka reports the first as delivered too, implied by the second.
Seen with librdkafka 2.16 and Kafka 4.3 on a cluster whose brokers had just restarted: two records confirmed, and not
there.
"""
_PRODUCER_ONLY = ("partitioner", "linger.ms", "message.timeout.ms", "queue.")


def reason(error: KafkaError) -> Reason:
    """What a publish that failed with `error` is answered with."""
    return REASONS.get(error.code(), Reason.IMPLEMENTATION_ERROR)


def producer(kafka: Kafka, bounds: Bounds) -> Settings:
    """Configuration of the producer."""
    return {
        "bootstrap.servers": kafka.bootstrap,
        "client.id": "mqtt-proxy",
        "partitioner": "murmur2_random",  # what Java's and kafka-python's producers do with a key
        "linger.ms": kafka.linger_ms,
        "message.timeout.ms": int(kafka.message_timeout * 1000),
        "allow.auto.create.topics": False,  # topics are made from their rule
        "socket.nagle.disable": True,
        "socket.keepalive.enable": True,
        # Above our own bounds, so that ours decide and the producer never says that its queue is full.
        "queue.buffering.max.messages": bounds.in_flight * 2,
        "queue.buffering.max.kbytes": bounds.in_flight_bytes * 2 // 1024,
        **kafka.settings,
        **_FIXED,
    }


def admin(kafka: Kafka) -> Settings:
    """Configuration of the administration client: the connection's part alone."""
    own = {name: value for name, value in kafka.settings.items() if not name.startswith(_PRODUCER_ONLY)}
    return {"bootstrap.servers": kafka.bootstrap, "client.id": "mqtt-proxy", **own}
