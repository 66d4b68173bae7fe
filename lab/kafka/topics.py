"""Reading topics between two offsets, without a group: what there is, where each partition lives, where it ends.

librdkafka does it: a consumer of kafka-python that is closed while it connects leaves its socket to the garbage
collector, and readers here are opened and closed at every look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow
from lab.kafka import client

ASK_S = 10.0
"""Deadline in seconds of one question; ten, because a laptop under load is slow and not broken."""
READ_S = 60.0
"""Deadline in seconds for reading one topic to its end."""
POLL_S = 0.5
BATCH = 5000
INTERNAL = "__"
"""How the names of Kafka's own topics begin."""


class Record(NamedTuple):
    """One Kafka record; `timestamp` in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def json(self) -> Any:
        """The value read as JSON. Raises ValueError when it is none."""
        return json.loads(self.value or b"")

    @property
    def fields(self) -> dict[str, Any]:
        """The value as the JSON object that it is; empty when it is none."""
        try:
            value = self.json
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Partition:
    """Where one partition lives: ids of its leader, replicas and in-sync replicas."""

    number: int
    leader: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


class TopicReader:
    """Asks and reads. Use it as a context manager; every method may raise ServiceError."""

    def __init__(self, addresses: Addresses, group: str | None = None) -> None:
        """With `group` it can be asked for that group's committed offsets; it never joins it."""
        self._consumer = client.consumer(addresses, group, auto_offset_reset="earliest", enable_partition_eof=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def names(self) -> set[str]:
        """Every topic that is not Kafka's own."""
        return {name for name in self._metadata() if not name.startswith(INTERNAL)}

    def partitions(self, topic: str) -> tuple[Partition, ...]:
        """The partitions of a topic in order; empty when there is no such topic."""
        about = self._metadata().get(topic)
        if about is None or about.error is not None:
            return ()
        found = sorted(about.partitions.items())
        return tuple(Partition(n, at.leader, tuple(at.replicas), tuple(at.isrs)) for n, at in found)

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """First and end offset of each partition; nothing when there is no such topic."""
        ask = self._consumer.get_watermark_offsets
        places = (TopicPartition(topic, partition.number) for partition in self.partitions(topic))
        return {at.partition: answered(partial(ask, at, timeout=allow(ASK_S))) for at in places}

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition; nothing when there is no such topic."""
        return {number: end for number, (_, end) in self.bounds(topic).items()}

    def all_ends(self) -> dict[str, dict[int, int]]:
        """The end offsets of every topic that is not Kafka's own."""
        topics = {name: about for name, about in self._metadata().items() if not name.startswith(INTERNAL)}
        places = [TopicPartition(name, n, client.LATEST) for name, about in topics.items() for n in about.partitions]
        found: dict[str, dict[int, int]] = {name: {} for name in topics}
        for at in self._at(places):
            found[at.topic][at.partition] = at.offset
        return found

    def first_since(self, topic: str, since_ms: int) -> dict[int, int]:
        """The first offset of each partition whose record is not older; the end where there is none."""
        ends = self.ends(topic)
        return ends | {at.partition: at.offset for at in self._at([TopicPartition(topic, n, since_ms) for n in ends])}

    def committed(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Topic and partition to the group's committed offset, where it has one."""
        seen = self._metadata()
        places = [TopicPartition(name, n) for name in topics if name in seen for n in sorted(seen[name].partitions)]
        told = answered(lambda: self._consumer.committed(places, timeout=allow(ASK_S))) if places else []
        return {(at.topic, at.partition): at.offset for at in told if at.error is None and at.offset >= 0}

    def read(self, topic: str, start: Mapping[int, int], seconds: float = READ_S) -> Iterator[Record]:
        """The records of a topic from these offsets (elsewhere from the first) to the ends of now."""
        bounds = self.bounds(topic)
        at = {number: max(low, start.get(number, 0)) for number, (low, _) in bounds.items()}
        open_ = {number for number, (_, end) in bounds.items() if end > at[number]}
        if not open_:
            return
        self._consumer.assign([TopicPartition(topic, number, at[number]) for number in open_])
        deadline = monotonic() + allow(seconds)
        try:
            while open_:
                if monotonic() > deadline:
                    raise ServiceError(
                        "kafka1",
                        f"Reading {topic} to its end took more than {allow(seconds):.0f} s.",
                        "Look at ./workshop status: is a broker down?",
                    )
                for message in answered(lambda: self._consumer.consume(BATCH, timeout=POLL_S)):
                    end = bounds[message.partition()][1] if message.partition() in bounds else 0
                    if message.error() is None:
                        if message.offset() < end:
                            yield record(message)
                        if message.offset() + 1 >= end:
                            open_.discard(message.partition())
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        open_.discard(message.partition())
                    # Other errors are about connections, which librdkafka makes again.
        finally:
            self._consumer.unassign()

    def _metadata(self) -> dict[str, Any]:
        return dict(answered(lambda: self._consumer.list_topics(timeout=allow(ASK_S))).topics)

    def _at(self, places: list[TopicPartition]) -> list[TopicPartition]:
        """The offsets for the timestamps of these places, without those that have none."""
        ask = partial(self._consumer.offsets_for_times, places, timeout=allow(ASK_S))
        return [at for at in (answered(ask) if places else []) if at.error is None and at.offset >= 0]


def record(message: Message) -> Record:
    """A message without an error, as a value."""
    key, value, headers = message.key(), message.value(), cast(dict[str, bytes], dict(message.headers() or ()))
    return Record(
        str(message.topic()),
        int(message.partition() or 0),
        int(message.offset() or 0),
        message.timestamp()[1],
        key.decode(errors="replace") if isinstance(key, bytes) else key,
        value.encode() if isinstance(value, str) else value,
        headers,
    )


def answered(ask: Callable[[], Any]) -> Any:
    """What Kafka says. Raises ServiceError when it does not answer."""
    try:
        return ask()
    except KafkaException as error:
        raise ServiceError(
            "kafka1", f"Kafka did not answer: {error}.", "Look at ./workshop status and ./workshop logs kafka1."
        ) from error
