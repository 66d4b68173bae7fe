"""What Kafka knows: topics, records since an attempt began, consumer groups.

Reads with kafka-python, by assignment and without a group, so that a check never joins or moves a learner's group.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError
from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base.addresses import Addresses
from lab.base.pace import allow, allow_ms, stop_after

CLIENT_SECONDS = 10.0
"""Longest wait for one answer of a broker; ten seconds, because a laptop under load is slow and not broken."""
LONGEST_READ_SECONDS = 15.0
again = retry(
    retry=retry_if_exception_type(KafkaConnectionError), stop=stop_after(10), wait=wait_fixed(0.5), reraise=True
)
"""Asks again while a broker refuses connections: one that was killed in a lesson is back within seconds."""

Wait = Callable[..., Any]


@dataclass(frozen=True)
class Record:
    """One Kafka record; `timestamp` in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None
    value: bytes | None
    headers: dict[str, bytes] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Group:
    """A consumer group: which partitions each member holds, committed offsets and lag per partition."""

    name: str
    state: str
    members: dict[str, tuple[tuple[str, int], ...]]
    committed: dict[tuple[str, int], int]
    lag: dict[tuple[str, int], int]

    @property
    def total_lag(self) -> int:
        """Records between the committed offsets and the end, over all partitions."""
        return sum(self.lag.values())


@contextlib.contextmanager
def consumer(where: Addresses, **options: Any) -> Iterator[KafkaConsumer]:
    """A consumer that belongs to no group."""
    deadlines = {"request_timeout_ms": allow_ms(CLIENT_SECONDS), "bootstrap_timeout_ms": allow_ms(CLIENT_SECONDS)}
    settings = {"group_id": None, "enable_auto_commit": False, **deadlines, **where.kafka_python(), **options}
    client = KafkaConsumer(**settings)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def admin(where: Addresses) -> Iterator[KafkaAdminClient]:
    """An admin client with a short deadline."""
    client = KafkaAdminClient(**where.kafka_python(), request_timeout_ms=allow_ms(CLIENT_SECONDS))
    try:
        yield client
    finally:
        client.close()


@again
def end_offsets(where: Addresses) -> dict[str, dict[int, int]]:
    """The end offset of every partition of every topic that is not Kafka's own."""
    with consumer(where) as client:
        topics = [name for name in client.topics() if not name.startswith("__")]
        pairs = [TopicPartition(name, number) for name in topics for number in client.partitions_for_topic(name) or ()]
        found: dict[str, dict[int, int]] = {name: {} for name in topics}
        for pair, offset in (client.end_offsets(pairs) if pairs else {}).items():
            found[pair.topic][pair.partition] = offset
        return found


class KafkaProbe:
    """Questions to Kafka about what happened since the marks were taken."""

    def __init__(self, where: Addresses, marks: dict[str, dict[int, int]], wait: Wait) -> None:
        self._where = where
        self._marks = marks
        self._wait = wait

    @again
    def topics(self) -> set[str]:
        """Names of all topics."""
        with consumer(self._where) as client:
            return set(client.topics())

    def new_topics(self) -> set[str]:
        """Topics that did not exist when the attempt began."""
        return {name for name in self.topics() if not name.startswith("__")} - set(self._marks)

    @again
    def topic(self, name: str) -> tuple[Partition, ...]:
        """The partitions of a topic in order; empty when there is no such topic."""
        if name not in self.topics():
            return ()
        with admin(self._where) as client:
            described = client.describe_topics([name])[0]
        partitions = (_partition(entry) for entry in described["partitions"])
        return tuple(sorted(partitions, key=lambda partition: partition.number))

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

    @again
    def count(self, topic: str) -> int:
        """How many records were written to a topic since the attempt began, by offsets alone (no read)."""
        with consumer(self._where) as client:
            ends = client.end_offsets(_pairs(client, topic))
        return sum(end - self._mark(pair) for pair, end in ends.items())

    @again
    def group(self, name: str) -> Group | None:
        """A consumer group as it is now, or None when no such group exists."""
        with admin(self._where) as client:
            return _group(client, self._where, name)

    def _mark(self, pair: TopicPartition) -> int:
        return self._marks.get(pair.topic, {}).get(pair.partition, 0)

    @again
    def _read(self, topic: str, from_start: bool) -> list[Record]:
        with consumer(self._where, max_poll_records=5_000) as client:
            pairs = _pairs(client, topic)
            if not pairs:
                return []
            ends, begins = client.end_offsets(pairs), client.beginning_offsets(pairs)
            client.assign(pairs)
            for pair in pairs:
                client.seek(pair, begins[pair] if from_start else max(begins[pair], self._mark(pair)))
            found = list(_until(client, ends))
        return sorted(found, key=lambda record: (record.partition, record.offset))


def _pairs(client: KafkaConsumer, topic: str) -> list[TopicPartition]:
    if topic not in client.topics():
        return []
    return [TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())]


def _until(client: KafkaConsumer, ends: dict[TopicPartition, int]) -> Iterator[Record]:
    """The records below `ends`; gives up after LONGEST_READ_SECONDS."""
    deadline = time.monotonic() + allow(LONGEST_READ_SECONDS)
    while any(client.position(pair) < end for pair, end in ends.items()) and time.monotonic() < deadline:
        for batch in client.poll(timeout_ms=200).values():
            for raw in batch:
                if raw.offset < ends[TopicPartition(raw.topic, raw.partition)]:
                    yield _record(raw)


def _record(raw: Any) -> Record:
    key = raw.key.decode(errors="replace") if raw.key is not None else None
    headers = dict(raw.headers or ())
    return Record(raw.topic, raw.partition, raw.offset, raw.timestamp, key, raw.value, headers)


def _partition(entry: dict[str, Any]) -> Partition:
    number = entry.get("partition_index", entry.get("partition"))
    leader = entry.get("leader_id", entry.get("leader"))
    replicas = entry.get("replica_nodes", entry.get("replicas", ()))
    isr = entry.get("isr_nodes", entry.get("isr", ()))
    return Partition(int(number), int(leader), tuple(replicas), tuple(isr))  # type: ignore[arg-type]


def _group(client: KafkaAdminClient, where: Addresses, name: str) -> Group | None:
    if name not in {listed["group_id"] for listed in client.list_groups()}:
        return None
    described = client.describe_groups([name])[name]
    members = {str(member["member_id"]): _assigned(member) for member in described["members"]}
    offsets = client.list_group_offsets({name: None})[name]
    committed = {(pair.topic, pair.partition): found.offset for pair, found in offsets.items()}
    with consumer(where) as reader:
        ends = reader.end_offsets(list(offsets)) if offsets else {}
    lag = {(pair.topic, pair.partition): end - committed[pair.topic, pair.partition] for pair, end in ends.items()}
    return Group(name, str(described["group_state"]), members, committed, lag)


def _assigned(member: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    assignment = member.get("member_assignment")
    if not assignment:
        return ()
    assigned = assignment["assigned_partitions"]
    return tuple((entry["topic"], number) for entry in assigned for number in entry["partitions"])
