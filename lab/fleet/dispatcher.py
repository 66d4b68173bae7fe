"""The dispatcher: a Kafka consumer of `generator_alarms` that sends fuel to the generator an alarm names.

An alarm may come twice, late or from an earlier run (the hop is at least once), so one that is older than the
generator's last refuelling, or than the fleet, is passed over. Offsets are committed after the fuel was sent.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol, Self

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from lab.addresses import Addresses
from lab.fleet.alarms import Alarm, parse_alarm
from lab.life import Startable
from lab.names import ALARM_REFUEL

log = logging.getLogger(__name__)

POLL_MS = 250
PAUSE_S = 1.0
"""Before another attempt when Kafka does not answer."""
STUCK_S = 15.0
"""A poll that has not returned for so long will not return."""
SESSION_MS = 10_000
"""How long the group waits for a member that is silent."""
WATCH_S, LEAVE_S = 0.5, 10.0


@dataclass(frozen=True)
class Refuel:
    """Fuel sent: the alarm's device time and the wall clock, both in microseconds."""

    generator: str
    alarm_us: int
    refuelled_us: int


@dataclass
class Turn:
    """One consumer's time: when it was last heard of, and whether it was told to leave."""

    thread: threading.Thread
    heard: float = field(default_factory=monotonic)
    left: threading.Event = field(default_factory=threading.Event)


class Refuelled(Protocol):
    """What the dispatcher needs of a fleet."""

    @property
    def names(self) -> list[str]: ...
    def refuel(self, name: str) -> None: ...
    def last_refuel_us(self, name: str) -> int: ...


class Dispatcher(Startable):
    """Consumes alarms in threads of its own from start() to stop(), or within a with block.

    One thread consumes and another watches it: a consumer whose poll() has not returned for `stuck_s` seconds is left
    for a new one, because nobody else would notice that generators go without fuel.
    """

    def __init__(self, addresses: Addresses, fleet: Refuelled, stuck_s: float = STUCK_S) -> None:
        self._addresses, self._fleet, self._stuck_s = addresses, fleet, stuck_s
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None
        self.refuels: list[Refuel] = []
        self.seen = 0
        """Alarm records read, of either kind."""

    def start(self) -> Self:
        """Begin to consume; does nothing when already started."""
        if self._watch is None:
            self._stop.clear()
            self._watch = threading.Thread(target=self._supervise, name="dispatcher", daemon=True)
            self._watch.start()
        return self

    def stop(self) -> None:
        """Commit, leave the group and end the threads."""
        if self._watch is not None:
            self._stop.set()
            self._watch.join()
            self._watch = None

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

    def _supervise(self) -> None:
        turn = self._turn()
        while not self._stop.wait(WATCH_S):
            if monotonic() - turn.heard > self._stuck_s:
                log.warning("dispatcher: its consumer is silent for %.0f s; starting another", self._stuck_s)
                turn.left.set()
                turn = self._turn()
        turn.left.set()
        turn.thread.join(LEAVE_S)

    def _turn(self) -> Turn:
        turn = Turn(threading.Thread(target=lambda: self._run(turn), name="dispatcher-consumer", daemon=True))
        turn.thread.start()
        return turn

    def _run(self, turn: Turn) -> None:
        while not turn.left.is_set():
            try:
                self._consume(turn)
            except KafkaError as error:
                log.warning("dispatcher: Kafka does not answer (%s); trying again", error)
                turn.heard = monotonic()
                turn.left.wait(PAUSE_S)

    def _consume(self, turn: Turn) -> None:
        """Poll until told to leave.

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
            while not turn.left.is_set():
                batches = consumer.poll(timeout_ms=POLL_MS)
                turn.heard = monotonic()
                if not turn.left.is_set() and self._take(batches):
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
