"""What is in a Kafka topic: read to the end with librdkafka, for benchmarks and tests of the proxy."""

from __future__ import annotations

import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from lab.base.pace import allow


@dataclass(frozen=True)
class Record:
    """One record of a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def _consumer(bootstrap: str) -> Consumer:
    settings = {"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False}
    return Consumer(settings | {"auto.offset.reset": "earliest"})


YOUNG = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)
"""What a broker says of a topic that it has only just been told about."""


def _ends(consumer: Consumer, topic: str, seconds: float = 30.0) -> dict[int, int]:
    """End offset of each partition; none when there is no such topic."""
    deadline = time.monotonic() + allow(seconds)
    while True:
        try:
            return _ends_now(consumer, topic)
        except KafkaException as error:
            if error.args[0].code() not in YOUNG or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _ends_now(consumer: Consumer, topic: str) -> dict[int, int]:
    known = consumer.list_topics(topic, timeout=allow(30)).topics[topic]
    if known.error is not None:
        return {}
    return {
        one: consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=allow(30))[1]
        for one in known.partitions
    }


def count(bootstrap: str, topic: str) -> int:
    """How many records the topic has ever taken."""
    consumer = _consumer(bootstrap)
    try:
        return sum(_ends(consumer, topic).values())
    finally:
        consumer.close()


def records(bootstrap: str, topic: str, seconds: float = 60.0) -> list[Record]:
    """Everything in the topic, in order within each partition. Raises TimeoutError when it cannot be read in time."""
    consumer = _consumer(bootstrap)
    try:
        ends = {part: end for part, end in _ends(consumer, topic).items() if end}
        consumer.assign([TopicPartition(topic, part, 0) for part in ends])
        found: list[Record] = []
        deadline = time.monotonic() + allow(seconds)
        while ends:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic} could not be read to its end within {seconds} s")
            for one in consumer.consume(5_000, timeout=1.0):
                if one.error():
                    raise KafkaException(one.error())
                found.append(Record(one.partition(), one.offset(), one.key(), one.value(), tuple(one.headers() or ())))
                if one.offset() + 1 >= ends.get(one.partition(), 0):
                    ends.pop(one.partition(), None)
        return found
    finally:
        consumer.close()


def delete(bootstrap: str, *topics: str) -> None:
    """Delete topics; those that are not there do not matter."""
    for future in AdminClient({"bootstrap.servers": bootstrap}).delete_topics(list(topics)).values():
        future.exception()
