"""Making Kafka topics on demand, off the event loop."""

from __future__ import annotations

import asyncio
import logging

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from lab.proxy.core.rules import Target
from lab.proxy.kafka_client import FINAL, Settings

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
RETRY_SECONDS = 0.5


class Topics:
    """Kafka's administration: what topics there are, and one more."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AdminClient(settings)
        self._loop = asyncio.get_running_loop()

    async def existing(self) -> set[str]:
        """Every topic there is. Raises KafkaException when Kafka does not answer."""
        return await self._loop.run_in_executor(None, self._existing)

    async def make(self, target: Target, seconds: float) -> KafkaError | None:
        """Create the topic unless it is there, trying for `seconds`; the error when Kafka would not."""
        deadline = self._loop.time() + seconds
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
