"""From publishes to Kafka and back: one idempotent producer, polled on the event loop's own thread.

Rules that hold here: a publish is decided once, by Kafka's delivery report or by a refusal; publishes of one
client to one topic are handed over in the order they came, also while the topic is being made; what is in flight is
counted as what it takes (payload, key, topic, headers, and the objects around them), here and in librdkafka's queue;
`room` says how many more there may be, and who hands over more than that breaks the bound by at most one read.

There is no poll thread: a thread would fight the loop for the interpreter once per message. A timer polls while
anything is in flight, and after a long turn it waits longer, so that acknowledgements leave in larger groups
when there is more to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from lab.proxy import kafka_client
from lab.proxy.config import Bounds, Kafka
from lab.proxy.core.packets import Publish
from lab.proxy.core.rules import Headers, Route, weight
from lab.proxy.kafka_topics import RETRY_SECONDS, Client, Topics, Waiting
from lab.proxy.metrics import Counters

log = logging.getLogger(__name__)

POLL_SECONDS = (0.001, 0.008)
"""Shortest and longest wait between polls while anything is in flight."""
POLL_SHARE = 3.0
"""A poll that took t is followed by at least this many t of other work."""


class Delivery:
    """The way to Kafka of one process."""

    def __init__(self, kafka: Kafka, bounds: Bounds, counters: Counters, on_room: Callable[[bool], None]) -> None:
        """`on_room` is told False when a bound is reached and True when half is free again."""
        self._loop = asyncio.get_running_loop()
        self._kafka = kafka
        self._bounds = bounds
        self._counters = counters
        self._on_room = on_room
        self._producer = self._new_producer()
        self._old: list[Producer] = []
        self.topics = Topics(kafka_client.admin(kafka), kafka.message_timeout, self._ready)
        self._touched: dict[Client, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sample: tuple[Publish, float] | None = None
        self._broken = False
        self.in_flight = 0
        self.in_flight_bytes = 0
        self.full = False

    def room(self) -> int:
        """How many publishes may be handed over now."""
        return 0 if self.full else self._bounds.in_flight - self.in_flight

    def send(self, client: Client, publish: Publish, route: Route, headers: Headers | None) -> None:
        """Hand a publish to Kafka; its reason is set and `client.flush_acknowledgements` called when it is decided."""
        size = route.weight + len(publish.payload)
        if headers is not None:
            size += weight(headers)
        self.in_flight += 1
        self.in_flight_bytes += size
        client.in_flight += 1
        if route.target.topic in self.topics.known:
            self._produce(client, publish, route, headers, size)
        else:
            self.topics.hold(Waiting(client, publish, route, headers, size))
        bounds = self._bounds
        if (self.in_flight >= bounds.in_flight or self.in_flight_bytes >= bounds.in_flight_bytes) and not self.full:
            self.full = True
            self._on_room(False)
        if self._timer is None:
            self._timer = self._loop.call_later(POLL_SECONDS[0], self._poll)

    def _produce(self, client: Client, publish: Publish, route: Route, headers: Headers | None, size: int) -> None:
        callback = partial(self._delivered, client, publish, size)
        topic = route.target.topic
        payload = None if route.tombstones and not publish.payload else publish.payload
        try:
            if headers is None:
                self._producer.produce(topic, payload, route.key, -1, callback)
            else:
                self._producer.produce(topic, payload, route.key, -1, callback, headers=headers)
                publish.properties = None  # the producer has its own copy now
        except BufferError:
            # Only when settings put librdkafka's bounds below ours: hold the topic back until there is room.
            self.topics.hold(Waiting(client, publish, route, headers, size), RETRY_SECONDS)
            return
        except KafkaException as error:
            callback(error.args[0], None)
            return
        publish.payload = b""
        if self._sample is None:
            self._sample = (publish, perf_counter())

    def _delivered(self, client: Client, publish: Publish, size: int, error: KafkaError | None, _message: Any) -> None:
        self.in_flight -= 1
        self.in_flight_bytes -= size
        client.in_flight -= 1
        if error is None:
            publish.reason = 0
        else:
            self._failed(client, publish, error)
        self._touched[client] = None
        if self._sample is not None and self._sample[0] is publish:
            self._counters.observe_ack(perf_counter() - self._sample[1])
            self._sample = None

    def _failed(self, client: Client, publish: Publish, error: KafkaError) -> None:
        publish.reason = kafka_client.reason(error)
        publish.detail = f"Kafka did not take it: {error.str()} ({error.name()})"
        self._counters.failed += 1
        if error.code() in kafka_client.UNKNOWN_TOPIC:
            self.topics.known.clear()
        client.failed(publish)

    def _poll(self) -> None:
        started = perf_counter()
        self._timer = None
        self._serve()
        self._report()
        if self.in_flight and self._timer is None:
            delay = min(max(POLL_SECONDS[0], (perf_counter() - started) * POLL_SHARE), POLL_SECONDS[1])
            self._timer = self._loop.call_later(delay, self._poll)

    def _serve(self) -> None:
        """Let librdkafka make its callbacks, and replace a producer that has failed for good."""
        self._producer.poll(0)
        for old in self._old[:]:
            old.poll(0)
            if not len(old):
                self._old.remove(old)
        if self._broken:
            self._broken = False
            self._old.append(self._producer)
            self._producer = self._new_producer()

    def _report(self) -> None:
        """Tell clients what was decided, then let them read again when there is room."""
        touched, self._touched = self._touched, {}
        for client in touched:
            client.flush_acknowledgements()
        half = self.in_flight * 2 <= self._bounds.in_flight and self.in_flight_bytes * 2 <= self._bounds.in_flight_bytes
        if self.full and half:
            self.full = False
            self._on_room(True)

    def _ready(self, waited: list[Waiting], error: KafkaError | None) -> None:
        """A topic is there, or Kafka would not make it: send what waited for it in its order, or refuse it all."""
        for one in waited:
            if error is not None:
                self._delivered(one.client, one.publish, one.size, error, None)
            elif one.route.target.topic in self.topics.known:
                self._produce(*one)
            else:  # full again on the way: keep the order
                self.topics.hold(one)
        self._report()

    # Life.

    def _new_producer(self) -> Producer:
        """After a fatal error, what the old producer had in flight is refused by its delivery reports."""
        settings = kafka_client.producer(self._kafka, self._bounds)
        return Producer({**settings, "error_cb": self._on_error}, logger=log)

    def _on_error(self, error: KafkaError) -> None:
        log.warning("Kafka client error", extra={"kafka_error": error.name(), "fatal": error.fatal()})
        self._broken = self._broken or error.fatal()

    async def watch(self) -> None:
        """Keep asking Kafka for its topics, and let librdkafka make its callbacks. Runs until cancelled."""
        await self.topics.watch(self._serve)

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing is in flight; False when the time ran out."""
        deadline = self._loop.time() + seconds
        while self.in_flight and self._loop.time() < deadline:
            await asyncio.sleep(0.01)
        return not self.in_flight

    async def close(self) -> None:
        """Stop what is under way; unconfirmed publishes stay unacknowledged."""
        if self._timer is not None:
            self._timer.cancel()
        self.topics.close()
        self._producer.purge()
        await self._loop.run_in_executor(None, self._producer.flush, 1.0)
