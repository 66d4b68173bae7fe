"""The cluster, its groups and the ends of its topics, through one librdkafka consumer that never joins a group.

Only blocking calls are used. A process that used the asynchronous admin calls (those that return futures) crashed once
inside librdkafka (confluent-kafka 2.16) on a crowded machine; the cause was not found.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from lab.base.addresses import Addresses
from lab.base.pace import allow, allow_ms
from lab.kafka import client
from lab.kafka.client import LATEST
from lab.kafka.groups import Place, places
from lab.kafka.topics import INTERNAL

TIMEOUT = 8.0
"""Seconds for one answer: a crowded machine takes some, a broker that is gone refuses at once."""
ENDS_TIMEOUT = 2.0
"""Seconds for the ends of partitions, so that a leader that died does not hold up the news of the next one."""
SEARCH_EVERY_S = 10.0
"""Seconds between looks at every topic for offsets that a group without members committed there."""


def looker(addresses: Addresses, group: str | None = None) -> Consumer:
    """A consumer that looks, silently: it joins no group and commits nothing.

    With `group` it can ask for that group's committed offsets.
    """
    return client.consumer(
        addresses,
        group or f"{addresses.namespace}panels",
        queued_max_messages_kbytes=1024,
        fetch_message_max_bytes=262_144,
        **_settings(),
    )


def _settings() -> dict[str, Any]:
    return {"socket_timeout_ms": allow_ms(TIMEOUT), "reconnect_backoff_max_ms": 2000}


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
        seen = self._consumer.list_topics(timeout=allow(TIMEOUT))
        topics = {name: _partitions(seen.topics[name]) for name in self._topics if name in seen.topics}
        ends = _ends(self._consumer, _led(seen.topics, topics))
        for name, partitions in topics.items():
            for number, facts in partitions.items():
                facts["end"] = ends.get((name, number))
        return {"brokers": sorted(seen.brokers), "topics": topics}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _partitions(topic: Any) -> dict[int, dict[str, Any]]:
    return {
        number: {"leader": facts.leader, "replicas": sorted(facts.replicas), "isr": sorted(facts.isrs), "end": None}
        for number, facts in sorted(topic.partitions.items())
    }


def _led(seen: Mapping[str, Any], names: Iterable[str]) -> list[Place]:
    """Places in the named topics that have a leader: the others have nobody to ask."""
    return [(name, p) for name in names for p, facts in seen[name].partitions.items() if facts.leader >= 0]


def _ends(consumer: Consumer, places: list[Place]) -> dict[Place, int]:
    """End offsets; without those that are not known now."""
    try:
        answers = consumer.offsets_for_times([TopicPartition(*p, LATEST) for p in places], allow(ENDS_TIMEOUT))
    except KafkaException:  # a leader just died: what else is known is worth showing without the ends
        return {}
    return {(a.topic, a.partition): a.offset for a in answers if a.error is None and a.offset >= 0}


class Group:
    """One consumer group: its state, members with their places, committed offsets, and the ends of those places.

    Offsets and ends come from one look, so that their difference is a lag. A topic counts as the group's when a member
    reads it or when the group committed there.
    """

    service = "kafka"
    every = 1.0

    def __init__(self, group: str) -> None:
        self._group = group
        self._held: set[str] = set()
        self._search_due = 0.0
        self._consumer: Consumer | None = None
        self._admin: AdminClient | None = None

    def open(self, addresses: Addresses) -> None:
        self._consumer = looker(addresses, self._group)
        self._admin = client.admin(addresses, **_settings())
        self._held, self._search_due = set(), 0.0

    def sample(self) -> dict[str, Any]:
        assert self._admin is not None
        assert self._consumer is not None
        found = [group for group in self._admin.list_groups(self._group, timeout=allow(TIMEOUT)) if group.error is None]
        state = str(found[0].state).lower() if found else "unknown"
        members = {
            _name(member): _written(places(member.assignment or b"")) for member in (found[0].members if found else [])
        }
        read = {place.rpartition("/")[0] for places in members.values() for place in places}
        seen = self._consumer.list_topics(timeout=allow(TIMEOUT)).topics
        committed = self._committed(seen, read)
        ends = _ends(self._consumer, _led(seen, (self._held | read) & set(seen)))
        return {"state": state, "members": members, "committed": _spoken(committed), "ends": _spoken(ends)}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = self._admin = None

    def _committed(self, seen: Mapping[str, Any], read: set[str]) -> dict[Place, int]:
        """Committed offsets in the topics that are read or known to hold some; now and then in every topic."""
        assert self._consumer is not None
        wanted = (self._held | read) & set(seen)
        if time.monotonic() >= self._search_due:
            self._search_due = time.monotonic() + SEARCH_EVERY_S
            wanted = {name for name in seen if not name.startswith(INTERNAL)}
        places = [TopicPartition(name, number) for name in sorted(wanted) for number in sorted(seen[name].partitions)]
        answers = self._consumer.committed(places, timeout=allow(TIMEOUT)) if places else []
        found = {(a.topic, a.partition): a.offset for a in answers if a.error is None and a.offset >= 0}
        self._held = {name for name, _ in found}
        return found


def _written(held: Iterable[Place]) -> list[str]:
    return sorted(f"{topic}/{partition}" for topic, partition in held)


def _spoken(offsets: Mapping[Place, int]) -> dict[str, int]:
    return {f"{topic}/{partition}": offset for (topic, partition), offset in offsets.items()}


def _name(member: Any) -> str:
    """The client's own name and the end of its member id, so that two tasks of one connector differ."""
    return f"{member.client_id}/{member.id[-6:]}"
