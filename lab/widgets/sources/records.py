"""The newest records of topics, read without joining a group or committing anything."""

from __future__ import annotations

import json
import time
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.widgets.rates import number_of
from lab.widgets.sources.kafka import TIMEOUT, looker

READ_FOR = 0.8
"""Seconds at most to drain what is new: with one sample a second the thread never falls behind itself."""
LONGEST_VALUE = 240
"""Characters of a value that a panel shows."""


class Tail:
    """The last `depth` records of every partition of one topic.

    Each sample seeks near the end and reads only that much, so a fast topic costs no more than a slow one.
    """

    service = "kafka"

    def __init__(self, topic: str, depth: int = 12, every: float = 1.0) -> None:
        self.topic = topic
        self.depth = depth
        self.every = every
        self._consumer: Consumer | None = None
        self._ends: dict[int, int] = {}
        self._kept: dict[int, list[dict[str, Any]]] = {}

    def open(self, addresses: Addresses) -> None:
        self._consumer = looker(addresses)
        self._ends, self._kept = {}, {}

    def sample(self) -> dict[str, Any]:
        assert self._consumer is not None
        about = self._consumer.list_topics(self.topic, timeout=allow(TIMEOUT)).topics[self.topic]
        if about.error is not None:
            return {"topic": self.topic, "missing": True, "partitions": {}}
        fresh = self._what_is_new(sorted(about.partitions))
        if fresh:
            self._read(fresh)
        return {"topic": self.topic, "partitions": {p: list(self._kept.get(p, [])) for p in sorted(about.partitions)}}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _what_is_new(self, partitions: list[int]) -> dict[int, int]:
        """Partition to the offset to read from, where something was added since the last sample."""
        assert self._consumer is not None
        start = {}
        for number in partitions:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self.topic, number), timeout=allow(TIMEOUT))
            seen = self._ends.get(number, low)
            self._ends[number] = high
            if high > seen:
                start[number] = max(low, seen, high - self.depth)
        return start

    def _read(self, start: dict[int, int]) -> None:
        assert self._consumer is not None
        self._consumer.assign([TopicPartition(self.topic, p, offset) for p, offset in start.items()])
        waiting, deadline = set(start), time.monotonic() + allow(READ_FOR)
        while waiting and time.monotonic() < deadline:
            for message in self._consumer.consume(500, timeout=0.1):
                if message.error() is None:
                    self._keep(record(message), waiting)
        self._consumer.unassign()

    def _keep(self, held: dict[str, Any], waiting: set[int]) -> None:
        kept = self._kept.setdefault(held["partition"], [])
        kept.append(held)
        del kept[: -self.depth]
        if held["offset"] + 1 >= self._ends[held["partition"]]:
            waiting.discard(held["partition"])


class Statuses:
    """The last `online` or `offline` of every generator, with the broker's time in seconds since the epoch.

    Opened again it reads the topic from its beginning once more; what is older than the last word known is no news.
    """

    service = "kafka"
    every = 1.0

    def __init__(self, topic: str | None = None) -> None:
        self._topic = topic
        self._consumer: Consumer | None = None
        self._last: dict[str, dict[str, Any]] = {}

    def open(self, addresses: Addresses) -> None:
        self._consumer = looker(addresses)
        topic = self._topic or addresses.names.status
        about = self._consumer.list_topics(topic, timeout=allow(TIMEOUT)).topics[topic]
        self._consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in about.partitions])

    def sample(self) -> dict[str, Any]:
        assert self._consumer is not None
        for message in self._consumer.consume(2000, timeout=0.1):
            if message.error() is None and message.key():
                self._hear(record(message))
        return {"statuses": dict(self._last)}

    def _hear(self, said: dict[str, Any]) -> None:
        if said["at"] >= self._last.get(said["key"], said)["at"]:
            self._last[said["key"]] = {"said": said["value"], "at": said["at"]}

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def record(message: Message) -> dict[str, Any]:
    """A record as panels show it: key, offset, time in seconds, a readable value and its headers."""
    value = _text(message.value())
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": _text(message.key()),
        "at": message.timestamp()[1] / 1000,
        "value": value[:LONGEST_VALUE],
        "reading": _reading(value),
        "headers": {name: _text(held)[:600] for name, held in dict(message.headers() or []).items()},
    }


def _text(held: bytes | str | None) -> str:
    return held.decode(errors="replace") if isinstance(held, bytes) else held or ""


def _reading(value: str) -> dict[str, Any]:
    """The numbers and short texts of a JSON object; empty for anything else."""
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return {key: held for key, held in parsed.items() if _plain(held)} if isinstance(parsed, dict) else {}


def _plain(held: object) -> bool:
    return len(held) <= LONGEST_VALUE if isinstance(held, str) else number_of(held) is not None
