"""Figures of every hop while the demo runs, sampled in a thread. A hop that does not answer keeps its last figure."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace

from confluent_kafka import Consumer, KafkaException, TopicPartition

from lab.addresses import Addresses
from lab.errors import LabError
from lab.influx import buckets
from lab.influx.api import Influx, to_micros
from lab.influx.flux import newest
from lab.ledger import Marks
from lab.pace import allow

log = logging.getLogger(__name__)

SAMPLE_S = 1.0
QUIET = 0
"""librdkafka would print every lost connection across the live table."""
KAFKA_S = 3.0
"""Deadline of one question to Kafka."""


@dataclass(frozen=True)
class Figures:
    """Totals since the demo began; `lag` is how many readings the sink has not committed yet."""

    kafka: int = 0
    lag: int = 0
    raw: int = 0
    rows: int = 0
    alarms: int = 0


class Meters:
    """Samples Kafka's offsets and InfluxDB's counts from start() to stop()."""

    def __init__(self, addresses: Addresses, begin: Marks) -> None:
        self._addresses, self._begin, self._names = addresses, begin, addresses.names
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meters", daemon=True)
        self.figures = Figures()
        self.raw_ages_ms: list[float] = []
        """Age of the newest point in the raw bucket at each sample."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(allow(20.0))

    def _run(self) -> None:
        group = {"group.id": f"connect-{self._names.sink}", "enable.auto.commit": False, "log_level": QUIET}
        consumer = Consumer({**self._addresses.librdkafka(), **group})
        try:
            with Influx(self._addresses, timeout=5.0) as influx:
                while not self._stop.wait(SAMPLE_S):
                    self._sample(consumer, influx)
        finally:
            consumer.close()

    def _sample(self, consumer: Consumer, influx: Influx) -> None:
        try:
            self._ask_kafka(consumer)
        except KafkaException as error:
            log.debug("meters: Kafka does not answer: %s", error)
        try:
            self._ask_influx(influx)
        except LabError as error:
            log.debug("meters: %s", error)

    def _ask_kafka(self, consumer: Consumer) -> None:
        begin, names = self._begin, self._names
        ends = _ends(consumer, names.readings, list(begin.readings))
        done = consumer.committed([TopicPartition(names.readings, number) for number in ends], timeout=allow(KAFKA_S))
        alarms = _ends(consumer, names.alarms, list(begin.alarms))
        self.figures = replace(
            self.figures,
            kafka=sum(ends[number] - begin.readings[number] for number in ends),
            lag=sum(max(0, ends[at.partition] - max(at.offset, begin.readings[at.partition])) for at in done),
            alarms=sum(alarms[number] - begin.alarms[number] for number in alarms),
        )

    def _ask_influx(self, influx: Influx) -> None:
        since, names = self._begin.since_us, self._names
        raw = buckets.count(influx, names.raw_bucket, since)
        rows = buckets.count(influx, names.downsampled_bucket, since)
        self.figures = replace(self.figures, raw=raw, rows=rows)
        found = influx.query(newest(names.raw_bucket, since))
        if found and not self._stop.is_set():
            self.raw_ages_ms.append(max(0.0, time.time() * 1000.0 - to_micros(found[0]["_time"]) / 1000.0))


def _ends(consumer: Consumer, topic: str, partitions: list[int]) -> dict[int, int]:
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=allow(KAFKA_S))[1]
        for number in partitions
    }
