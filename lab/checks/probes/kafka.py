"""What Kafka knows: topics, records since an attempt began, consumer groups.

Reads by assignment and without a group, so that a check never joins or moves a learner's group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confluent_kafka.admin import ConfigResource, ConfigSource  # type: ignore[attr-defined]

from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.kafka import client
from lab.kafka.groups import Group, GroupReader
from lab.kafka.topics import ASK_S, Partition, Record, TopicReader, answered

LONGEST_READ_SECONDS = 15.0
Wait = Callable[..., Any]


def end_offsets(where: Addresses) -> dict[str, dict[int, int]]:
    """The end offset of every partition of every topic that is not Kafka's own."""
    with TopicReader(where) as reader:
        return reader.all_ends()


class KafkaProbe:
    """Questions to Kafka about what happened since the marks were taken."""

    def __init__(self, where: Addresses, baseline: dict[str, dict[int, int]], wait: Wait) -> None:
        self._where = where
        self._baseline = baseline
        self._wait = wait

    def topics(self) -> set[str]:
        """Names of all topics that are not Kafka's own."""
        with TopicReader(self._where) as reader:
            return reader.names()

    def new_topics(self) -> set[str]:
        """Topics that did not exist when the attempt began."""
        return self.topics() - set(self._baseline)

    def topic(self, name: str) -> tuple[Partition, ...]:
        """The partitions of a topic in order; empty when there is no such topic."""
        with TopicReader(self._where) as reader:
            return reader.partitions(name)

    def setting(self, topic: str, name: str) -> str:
        """A setting of a topic, as Kafka has it now. Raises ServiceError."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        admin = client.admin(self._where)  # it must outlive the answer
        asked = admin.describe_configs([resource], request_timeout=allow(ASK_S))[resource]
        return str(answered(lambda: asked.result(allow(ASK_S)))[name].value)

    def own_setting(self, topic: str, name: str) -> str | None:
        """A setting that the topic itself was given; None when the brokers' default holds. Raises ServiceError."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        admin = client.admin(self._where)  # it must outlive the answer
        asked = admin.describe_configs([resource], request_timeout=allow(ASK_S))[resource]
        entry = answered(lambda: asked.result(allow(ASK_S)))[name]
        own = entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        return str(entry.value) if own else None

    def records(
        self,
        topic: str,
        at_least: int = 1,
        within: float = 5.0,
        match: Callable[[Record], object] | None = None,
        from_start: bool = False,
    ) -> list[Record]:
        """The records of a topic written since the attempt began (or ever) that match, by partition and offset.

        Waits up to `within` seconds for `at_least` of them; a topic that does not exist has none.
        """
        words = f"Waiting for records in {topic}"
        return self._wait(  # type: ignore[no-any-return]
            lambda: [record for record in self._read(topic, from_start) if match is None or match(record)],
            lambda found: len(found) >= at_least,
            within,
            words,
        )

    def strays(self) -> list[str]:
        """The MQTT topics that belong to nothing and that were published to since the attempt began, in order."""
        found = self.records(self._where.names.strays, at_least=0, within=0)
        return [record.key for record in found if record.key]

    def count(self, topic: str) -> int:
        """How many records were written to a topic since the attempt began, by offsets alone (no read)."""
        with TopicReader(self._where) as reader:
            ends = reader.ends(topic)
        return sum(end - self._baseline.get(topic, {}).get(number, 0) for number, end in ends.items())

    def group(self, name: str) -> Group | None:
        """A consumer group as it is now, or None when no such group exists."""
        with GroupReader(self._where, name) as group:
            return group.look()

    def _read(self, topic: str, from_start: bool) -> list[Record]:
        start = {} if from_start else self._baseline.get(topic, {})
        with TopicReader(self._where) as reader:
            found = list(reader.read(topic, start, LONGEST_READ_SECONDS))
        return sorted(found, key=lambda record: (record.partition, record.offset))
