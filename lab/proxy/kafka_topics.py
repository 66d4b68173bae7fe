"""Kafka's topics: which there are, made on demand, and what waits until one is. Off the event loop where it may block.

Asking for them every few seconds also tells whether Kafka answers, which is what /health reports.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from lab.proxy.core.packets import Publish
from lab.proxy.core.rules import Headers, Route, Target
from lab.proxy.kafka_client import FINAL, Settings

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
RETRY_SECONDS = 0.5


WATCH_SECONDS = 5.0


class Client(Protocol):
    """Who waits for publishes to be decided."""

    in_flight: int

    def flush_acknowledgements(self) -> None:
        """Some of its publishes have been decided since the last call."""

    def failed(self, publish: Publish) -> None:
        """Kafka refused this publish for good; `reason` and `detail` say why."""


class Waiting(NamedTuple):
    """A publish that waits for its topic; `size` is what it counts for in flight, in bytes."""

    client: Client
    publish: Publish
    route: Route
    headers: Headers | None
    size: int


class Topics:
    """The topics that are known, and publishes that wait for others, in their order."""

    def __init__(
        self, settings: Settings, seconds: float, on_ready: Callable[[list[Waiting], KafkaError | None], None]
    ) -> None:
        """A topic is tried for `seconds`; then `on_ready` is given what waited for it, and Kafka's error if any."""
        self._admin = AdminClient(settings)
        self._seconds = seconds
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, list[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered: float | None = None
        self.known: set[str] = set()

    def hold(self, waiting: Waiting, pause: float = 0) -> None:
        """Keep a publish until its topic is there, which is made, after `pause` seconds, when this is the first."""
        target = waiting.route.target
        self.known.discard(target.topic)
        line = self._waiting.setdefault(target.topic, [])
        line.append(waiting)
        if len(line) == 1:
            task = self._loop.create_task(self._open(target, pause), name=f"topic {target.topic}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, target: Target, pause: float) -> None:
        await asyncio.sleep(pause)
        error = await self.make(target)
        if error is None:
            self.known.add(target.topic)
        self._on_ready(self._waiting.pop(target.topic), error)

    async def watch(self, beat: Callable[[], None]) -> None:
        """Ask Kafka for its topics every few seconds, then call `beat`. Runs until cancelled."""
        while True:
            try:
                existing = await self.existing()
            except KafkaException as failure:
                log.warning("Kafka does not answer", extra={"kafka_error": failure.args[0].name()})
            else:
                self.known |= existing - self._waiting.keys()
                self._answered = perf_counter()
            beat()
            await asyncio.sleep(WATCH_SECONDS if self._answered else RETRY_SECONDS)

    def age(self) -> float:
        """Seconds since Kafka's last answer to the watch; infinite before the first."""
        return float("inf") if self._answered is None else perf_counter() - self._answered

    def close(self) -> None:
        """Make no more topics; what waits for one stays undecided."""
        for task in list(self._tasks):
            task.cancel()

    async def existing(self) -> set[str]:
        """Every topic there is. Raises KafkaException when Kafka does not answer."""
        return await self._loop.run_in_executor(None, self._existing)

    async def make(self, target: Target) -> KafkaError | None:
        """Create the topic unless it is there; Kafka's error when it would not."""
        deadline = self._loop.time() + self._seconds
        while True:
            try:
                await self._loop.run_in_executor(None, self._make, target)
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if error.code() in FINAL or self._loop.time() >= deadline:
                    log.warning("topic refused", extra={"topic": target.topic, "kafka_error": error.name()})
                    return error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                log.info("topic ready", extra={"topic": target.topic})
                return None

    def _existing(self) -> set[str]:
        return set(self._admin.list_topics(timeout=REQUEST_SECONDS).topics)

    def _make(self, target: Target) -> None:
        new = NewTopic(target.topic, target.partitions, target.replication, config=target.config)
        try:
            self._admin.create_topics([new], request_timeout=REQUEST_SECONDS)[target.topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS and not self._there(target.topic):
                raise

    def _there(self, topic: str) -> bool:
        """Whether a topic that we may not create exists all the same."""
        try:
            return topic in self._existing()
        except KafkaException:
            return False
