"""A producer made of lists and topics that are made when a gate opens, in the place of Kafka's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError

from lab.proxy import delivery, kafka_topics
from lab.proxy.core.rules import Target
from lab.proxy.kafka_topics import Topics


class FakeProducer:
    """Keeps what it is given until `confirm` lets it go."""

    made: ClassVar[list[FakeProducer]] = []

    def __init__(self, settings: dict[str, Any], **_: object) -> None:
        self.settings = settings
        self.queue: list[tuple[str, bytes, bytes | None, Callable[[Any, Any], None]]] = []
        self.errors: list[KafkaError | None] = []
        self.full = False
        FakeProducer.made.append(self)

    def produce(
        self, topic: str, value: bytes, key: bytes | None, _partition: int, callback: Any, headers: object = None
    ) -> None:
        if self.full:
            raise BufferError
        self.queue.append((topic, value, key, callback))

    def confirm(self, count: int, error: KafkaError | None = None) -> None:
        self.errors += [error] * count

    def poll(self, _seconds: float) -> int:
        while self.errors:
            self.queue.pop(0)[3](self.errors.pop(0), None)
        return 0

    def purge(self) -> None: ...
    def flush(self, _seconds: float) -> int:
        return 0

    def __len__(self) -> int:
        return len(self.queue)


class FakeTopics(Topics):
    """Makes topics when `gate` opens."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.gate = asyncio.Event()
        self.error: KafkaError | None = None

    async def make(self, _target: Target) -> KafkaError | None:
        await self.gate.wait()
        return self.error

    async def existing(self) -> set[str]:
        return set()


def without_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every delivery of this test use the fakes."""
    FakeProducer.made = []
    monkeypatch.setattr(delivery, "Producer", FakeProducer)
    monkeypatch.setattr(delivery, "Topics", FakeTopics)
    monkeypatch.setattr(kafka_topics, "AdminClient", lambda _settings: None)
