"""The cluster, its groups and the ends of its topics, through one librdkafka consumer that never joins a group.

Only blocking calls are used. A process that used the asynchronous admin calls (those that return futures) crashed once
inside librdkafka (confluent-kafka 2.16) on a crowded machine; the cause was not found. librdkafka logs broker trouble
straight to the process's error output, which a notebook shows in whatever cell runs: every client here logs to a named
logger.
"""

from __future__ import annotations

import logging
import struct
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from lab.addresses import Addresses

log = logging.getLogger("lab.widgets.kafka")
TIMEOUT = 8.0
"""Seconds for one answer: a crowded machine takes some, a broker that is gone refuses at once."""
ENDS_TIMEOUT = 2.0
"""Seconds for the ends of partitions, so that a leader that died does not hold up the news of the next one."""
LATEST = -1
"""The timestamp that asks ListOffsets for a partition's end; Kafka protocol, API key 2."""


def looker(addresses: Addresses, group: str | None = None) -> Consumer:
    """A consumer that looks, silently: it joins no group and commits nothing.

    With `group` it can ask for that group's committed offsets.
    """
    return Consumer(
        {
            **_config(addresses),
            "group.id": group or f"{addresses.namespace}panels",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 1024,
            "fetch.message.max.bytes": 262_144,
        },
        logger=log,
    )


def _config(addresses: Addresses) -> dict[str, Any]:
    waits = {"socket.timeout.ms": int(TIMEOUT * 1000), "reconnect.backoff.max.ms": 2000}
    return {**addresses.librdkafka(), **waits, "log_level": 3}


class Cluster:
    """Brokers, and per topic its partitions with leader, replicas, ISR and end offset."""

    service = "kafka"
    every = 1.0

    def __init__(self, *topics: str) -> None:
        self._wanted = topics
        self._consumer: Consumer | None = None
        self._topics: tuple[str, ...] = topics

    def open(self, addresses: Addresses) -> None:
        self._consumer = looker(addresses)
        self._topics = self._wanted or tuple(spec.name for spec in addresses.names.topics())

    def sample(self) -> dict[str, Any]:
        assert self._consumer is not None
        seen = self._consumer.list_topics(timeout=TIMEOUT)
        topics = {name: _partitions(seen.topics[name]) for name in self._topics if name in seen.topics}
        self._add_ends(topics)
        return {"brokers": sorted(seen.brokers), "topics": topics}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _add_ends(self, topics: dict[str, dict[int, dict[str, Any]]]) -> None:
        """Ask for the end of every partition that has a leader; the others keep `end` None."""
        assert self._consumer is not None
        held = [(t, p) for t, ps in topics.items() for p, facts in ps.items() if facts["leader"] >= 0]
        if not held:
            return
        places = [TopicPartition(t, p, LATEST) for t, p in held]
        try:
            answers = self._consumer.offsets_for_times(places, ENDS_TIMEOUT)
        except KafkaException:  # a leader just died: who leads now is worth showing without the ends
            return
        for place in answers:
            if place.error is None and place.offset >= 0:
                topics[place.topic][place.partition]["end"] = place.offset


def _partitions(topic: Any) -> dict[int, dict[str, Any]]:
    return {
        number: {"leader": facts.leader, "replicas": sorted(facts.replicas), "isr": sorted(facts.isrs), "end": None}
        for number, facts in sorted(topic.partitions.items())
    }


class Group:
    """One consumer group: its state, members with their partitions, and committed offsets in its topic."""

    service = "kafka"
    every = 1.0

    def __init__(self, group: str, topic: str = "") -> None:
        """`topic` is where committed offsets are looked for besides what members read now."""
        self._group = group
        self._topic = topic
        self._consumer: Consumer | None = None
        self._admin: AdminClient | None = None

    def open(self, addresses: Addresses) -> None:
        self._consumer = looker(addresses, self._group)
        self._admin = AdminClient(_config(addresses), logger=log)

    def sample(self) -> dict[str, Any]:
        assert self._admin is not None
        found = [group for group in self._admin.list_groups(self._group, timeout=TIMEOUT) if group.error is None]
        state = str(found[0].state).lower() if found else "unknown"
        members = {_name(member): assigned(member.assignment or b"") for member in (found[0].members if found else [])}
        return {"state": state, "members": members, "committed": self._committed(members)}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = self._admin = None

    def _committed(self, members: dict[str, list[str]]) -> dict[str, int]:
        assert self._consumer is not None
        wanted = {place.rpartition("/")[0] for places in members.values() for place in places} | {self._topic} - {""}
        places = []
        for topic in sorted(wanted):
            about = self._consumer.list_topics(topic, timeout=TIMEOUT).topics[topic]
            places += [TopicPartition(topic, number) for number in sorted(about.partitions)]
        answers = self._consumer.committed(places, timeout=TIMEOUT) if places else []
        return {f"{p.topic}/{p.partition}": p.offset for p in answers if p.error is None and p.offset >= 0}


def _name(member: Any) -> str:
    """The client's own name and the end of its member id, so that two tasks of one connector differ."""
    return f"{member.client_id}/{member.id[-6:]}"


def assigned(data: bytes) -> list[str]:
    """`topic/partition` of each place in a member's assignment, as consumers encode it.

    Source: Apache Kafka, ConsumerProtocolAssignment.json: version int16, then per topic its name and int32 partitions.
    """
    places: list[str] = []
    try:
        (count,), at = struct.unpack_from(">i", data, 2), 6
        for _ in range(count):
            (length,) = struct.unpack_from(">h", data, at)
            topic, at = data[at + 2 : at + 2 + length].decode(), at + 2 + length
            (many,) = struct.unpack_from(">i", data, at)
            places += [f"{topic}/{number}" for number in struct.unpack_from(f">{many}i", data, at + 4)]
            at += 4 + 4 * many
    except (struct.error, UnicodeDecodeError):
        return sorted(places)
    return sorted(places)


def lag(group: dict[str, Any], topics: dict[str, dict[int, dict[str, Any]]]) -> dict[str, int]:
    """Records still to read per `topic/partition` that the group has committed; unknown ends are left out."""
    found = {}
    for place, committed in group.get("committed", {}).items():
        topic, _, partition = place.rpartition("/")
        end = topics.get(topic, {}).get(int(partition), {}).get("end")
        if end is not None:
            found[place] = max(0, end - committed)
    return found
