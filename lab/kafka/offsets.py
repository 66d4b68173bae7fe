"""Where a consumer group is in a topic, asked of Kafka without joining the group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow
from lab.kafka.client import quiet

KAFKA_S = 5.0
"""Deadline of one question to Kafka."""


@dataclass(frozen=True)
class GroupPosition:
    """The next offset of the group and the end, of each partition of one topic."""

    committed: Mapping[int, int]
    """Where the group has committed nothing, it is at the partition's first record."""
    ends: Mapping[int, int]

    @property
    def behind(self) -> int:
        """Records that the group has before it, in all partitions."""
        return sum(max(0, end - self.committed[number]) for number, end in self.ends.items())


class GroupReader:
    """Asks about one group. Use it as a context manager; every method may raise ServiceError."""

    def __init__(self, addresses: Addresses, group: str) -> None:
        self._consumer = Consumer(quiet(addresses, group_id=group, enable_auto_commit=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def position(self, topic: str) -> GroupPosition:
        """Where the group is; its committed offsets are read before the ends."""
        try:
            places = [TopicPartition(topic, number) for number in self._partitions(topic)]
            told = self._consumer.committed(places, timeout=allow(KAFKA_S)) if places else []
            marks = self._marks(topic)
        except KafkaException as error:
            raise _no_answer(error) from error
        committed = {at.partition: at.offset if at.offset >= 0 else marks[at.partition][0] for at in told}
        return GroupPosition(committed, {number: high for number, (_, high) in marks.items()})

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition; nothing when there is no such topic."""
        try:
            return {number: high for number, (_, high) in self._marks(topic).items()}
        except KafkaException as error:
            raise _no_answer(error) from error

    def _partitions(self, topic: str) -> list[int]:
        return sorted(self._consumer.list_topics(topic, timeout=allow(KAFKA_S)).topics[topic].partitions)

    def _marks(self, topic: str) -> dict[int, tuple[int, int]]:
        """First and end offset of each partition."""
        ask, places = self._consumer.get_watermark_offsets, self._partitions(topic)
        return {number: ask(TopicPartition(topic, number), timeout=allow(KAFKA_S)) for number in places}


def _no_answer(error: Any) -> ServiceError:
    return ServiceError(
        "kafka1", f"Kafka did not answer: {error}.", "Look at ./workshop status and ./workshop logs kafka1."
    )
