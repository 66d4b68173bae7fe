"""The dispatcher: a Kafka consumer of `generator_alarms` that sends fuel to the generator an alarm names.

An alarm may come twice, late or from an earlier run (the hop is at least once), so one that is older than the
generator's last refuelling, or than the fleet, is passed over. Offsets are committed after the fuel was sent.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol, Self

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from lab.base.addresses import Addresses
from lab.base.names import ALARM_REFUEL
from lab.base.pace import allow
from lab.base.startable import Startable
from lab.fleet.alarms import Alarm, parse_alarm

log = logging.getLogger(__name__)

POLL_MS = 250
PAUSE_S = 1.0
"""Before another attempt when Kafka does not answer."""
SESSION_MS = 10_000
"""How long the group waits for a member that is silent."""
LEAVE_S = 15.0


@dataclass(frozen=True)
class Refuel:
    """Fuel sent: the alarm's device time and the wall clock, both in microseconds."""

    generator: str
    alarm_us: int
    refuelled_us: int


class Refuelled(Protocol):
    """What the dispatcher needs of a fleet."""

    @property
    def names(self) -> list[str]: ...
    def refuel(self, name: str) -> None: ...
    def last_refuel_us(self, name: str) -> int: ...


class Dispatcher(Startable):
    """Consumes alarms in a thread of its own from start() to stop(), or within a with block."""

    def __init__(self, addresses: Addresses, fleet: Refuelled) -> None:
        self._addresses, self._fleet = addresses, fleet
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.refuels: list[Refuel] = []
        self.seen = 0
        """Alarm records read, of either kind."""

    def start(self) -> Self:
        """Begin to consume; does nothing when already started."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Commit, leave the group and end the thread."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(allow(LEAVE_S))
            self._thread = None

    def handle(self, alarm: Alarm) -> bool:
        """Refuel when the alarm asks for it and is news; True when fuel was sent."""
        name = alarm.generator
        if alarm.alarm != ALARM_REFUEL or name not in self._fleet.names:
            return False
        if alarm.time <= self._fleet.last_refuel_us(name):
            return False
        self._fleet.refuel(name)
        self.refuels.append(Refuel(name, alarm.time, time.time_ns() // 1000))
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._consume()
            except KafkaError as error:
                log.warning("dispatcher: Kafka does not answer (%s); trying again", error)
                self._stop.wait(PAUSE_S)

    def _consume(self) -> None:
        """Poll until told to stop.

        The topic's partitions are asked for first: a consumer that does not know them joins its group twice, and
        kafka-python 3.0.12 can lose its assignment when a poll times out within the second join.
        """
        consumer = KafkaConsumer(
            self._addresses.names.alarms,
            group_id=self._addresses.names.dispatchers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=SESSION_MS,
            **self._addresses.kafka_python(),
        )
        try:
            consumer.partitions_for_topic(self._addresses.names.alarms)
            while not self._stop.is_set():
                if self._take(consumer.poll(timeout_ms=POLL_MS)):
                    consumer.commit()
        finally:
            consumer.close()

    def _take(self, batches: dict[Any, list[Any]]) -> int:
        """Handle polled records and answer how many there were."""
        records = [record for batch in batches.values() for record in batch]
        for record in records:
            alarm = parse_alarm(record.value)
            if alarm is None:
                log.warning("dispatcher: record at offset %s of %s is no alarm", record.offset, record.topic)
                continue
            self.handle(alarm)
        self.seen += len(records)
        return len(records)
