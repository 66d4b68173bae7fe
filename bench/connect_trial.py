"""A topic, a bucket and connectors of one's own on a running stack: what tests and benchmarks work with.

Everything is named after the trial and removed when it ends, connectors first: deleting a bucket that is still being
read has crashed influxd 2.9.1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from influxdb_client.client.influxdb_client import InfluxDBClient

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow, allow_ms
from lab.connect.client import Connect
from lab.connect.configs import sink_config, source_config
from lab.influx import buckets
from lab.influx.api import Influx

PARTITIONS = 6
LOOK_EVERY_S = 0.1


class Trial:
    """Use it as a context manager; `name` becomes part of every name it makes."""

    def __init__(self, addresses: Addresses, name: str) -> None:
        self.addresses = addresses
        self.name = f"{addresses.namespace}trial-{name}"
        self.connect = Connect(addresses.connect_url, patience_s=60)
        self.influx: Any = InfluxDBClient(**addresses.influx(), timeout=allow_ms(60))
        self.admin = AdminClient({**addresses.librdkafka()})
        self.topic = f"{self.name}-in"
        self.out_topic = f"{self.name}-out"
        self.dead_letters = f"{self.name}-dlq"
        self.bucket = self.name

    def __enter__(self) -> Trial:
        self._remove()
        topics = [self.topic, self.out_topic, self.dead_letters]
        made = self.admin.create_topics([NewTopic(topic, PARTITIONS, 3) for topic in topics])
        for future in made.values():
            future.result()
        self.make_bucket(self.bucket)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self._remove()
        finally:
            self.connect.close()
            self.influx.close()

    def make_bucket(self, name: str, keep_s: int = 0, shard_s: int = 0) -> None:
        """Make a bucket; `keep_s` is its retention in seconds, 0 for ever, `shard_s` its shard-group duration."""
        rules = [{"type": "expire", "everySeconds": keep_s, "shardGroupDurationSeconds": shard_s}]
        self.influx.buckets_api().create_bucket(bucket_name=name, retention_rules=rules)

    def sink(self, tail: str = "sink", **changes: str) -> str:
        """Make a sink from topic to bucket; underscores in `changes` stand for dots. Returns its name."""
        own = {"topics": self.topic, "influxdb.bucket": self.bucket}
        own["errors.deadletterqueue.topic.name"] = self.dead_letters
        return self._make(tail, {**sink_config(self.addresses), **own}, changes)

    def source(self, tail: str = "source", **changes: str) -> str:
        """Make a source from bucket to out topic, `changes` as for `sink`. Returns its name."""
        own = {"influxdb.bucket": self.bucket, "topic.name.format": self.out_topic, "fields.required": ""}
        return self._make(tail, {**source_config(self.addresses), **own}, changes)

    def _make(self, tail: str, config: dict[str, str], changes: dict[str, str]) -> str:
        name = f"{self.name}-{tail}"
        config |= {key.replace("_", "."): value for key, value in changes.items()}
        self.connect.create_or_update(name, config)
        return name

    def produce(self, records: Iterable[tuple[str, bytes]], timeout_s: float = 120) -> None:
        """Produce (key, value) pairs to the trial's topic and wait until Kafka has them."""
        settings = {"linger.ms": 20, "queue.buffering.max.messages": 1_000_000}
        producer = Producer({**self.addresses.librdkafka(), **settings})
        for key, value in records:
            producer.produce(self.topic, value, key=key)
            producer.poll(0)
        if producer.flush(allow(timeout_s)):
            raise ServiceError("kafka1", "Kafka did not take the records in time.", "Look at ./workshop status.")

    def count(self, field: str, bucket: str = "") -> int:
        """Points in a bucket that have the field, of all time."""
        flux = f'from(bucket: "{bucket or self.bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "{field}")'
        tables = self.influx.query_api().query(f"{flux} |> count() |> group() |> sum()")
        return sum(int(record.get_value()) for table in tables for record in table.records)

    def consume(self, topic: str, until: Callable[[list[Message]], bool], timeout_s: float) -> list[Message]:
        """All records of a topic, read until `until` is content with them or the time is over."""
        consumer = Consumer({**self.addresses.librdkafka(), "group.id": self.name, "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
        found: list[Message] = []
        deadline = time.monotonic() + allow(timeout_s)
        try:
            while not until(found) and time.monotonic() < deadline:
                batch = consumer.consume(10_000, timeout=LOOK_EVERY_S)
                found += [message for message in batch if message.error() is None]
        finally:
            consumer.close()
        return found

    def records(self, topic: str) -> int:
        """How many records a topic has."""
        consumer = Consumer({**self.addresses.librdkafka(), "group.id": self.name})
        try:
            marks = [
                consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=allow(10)) for p in range(PARTITIONS)
            ]
            return sum(high - low for low, high in marks)
        finally:
            consumer.close()

    def committed(self, sink: str) -> int:
        """Sum of the sink's committed offsets."""
        return sum(int(entry.offset["kafka_offset"]) for entry in self.connect.offsets(sink) if entry.offset)

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = 60) -> None:
        """Wait until a condition holds. Raises ServiceError, with the connectors' causes, when the time is over."""
        deadline = time.monotonic() + allow(timeout_s)
        while not condition():
            if time.monotonic() > deadline:
                raise ServiceError(
                    "connect", f"Not within {allow(timeout_s):.0f} s: {what}. {self._causes()}", "See the logs."
                )
            time.sleep(LOOK_EVERY_S)

    def _own(self) -> list[str]:
        return [name for name in self.connect.connectors() if name.startswith(self.name)]

    def _ended(self, name: str) -> bool:
        return not self.connect.status(name).tasks

    def _causes(self) -> str:
        return "; ".join(f"{s.name} {s.state} {s.cause}" for s in map(self.connect.status, self._own()))

    def _remove(self) -> None:
        for name in self._own():
            self.connect.stop(name)
            self.wait(partial(self._ended, name), f"the tasks of {name} end")
            self.connect.reset_offsets(name)  # Connect would keep them for the next connector of this name
            self.connect.delete(name)
        known = self.admin.list_topics(timeout=allow(10)).topics
        if old := [topic for topic in known if topic.startswith(self.name)]:
            for future in self.admin.delete_topics(old).values():
                future.result()
            self.wait(
                lambda: not set(old) & set(self.admin.list_topics(timeout=allow(10)).topics), "the topics are gone"
            )
        old = [bucket.name for bucket in self.influx.buckets_api().find_buckets_iter()]
        with Influx(self.addresses) as influx:
            for bucket in (name for name in old if name.startswith(self.name)):
                buckets.remove(influx, bucket)
