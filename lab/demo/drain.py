"""After the last reading: wait until every hop has caught up, or nothing moves any more, and collect the evidence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeVar

from lab.base.errors import ServiceError
from lab.base.interrupt import Interrupt
from lab.base.progress import Report
from lab.influx.flux import OFFSET_S
from lab.influx.rules import MICROS
from lab.ledger import (
    ALARMS,
    DEAD_LETTERS,
    DOWNSAMPLED,
    KAFKA,
    RAW,
    Collector,
    Evidence,
    Ledger,
    Progress,
    judge,
    progress,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE_S = 1.0
"""Between two looks at hops that have not caught up."""
LONGEST_PAUSE_S = 5.0
"""Every look reads the whole run again; in a long wait that would slow the hops that are waited for."""
PAUSE_SHARE = 0.05
"""A pause is this part of what has been waited already, between the two."""
RATE_AFTER_S = 5.0
"""No rate is told from a shorter time."""


@dataclass(frozen=True)
class Draining:
    """How a run is settled. `lookback` is the task's, in seconds; `refuels` counts the dispatcher's deliveries."""

    collector: Collector
    patience_s: float
    lookback: int
    refuels: Callable[[], int]
    interrupt: Interrupt
    report: Report


def drain(begun: Evidence, how: Draining) -> Ledger:
    """Complete the evidence of a fleet that has stopped, and judge it. `begun` holds what was sent and acknowledged.

    Ends when nothing is missing, when nothing has moved at any hop for `patience_s` seconds, or at an interrupt.
    """
    until_us = _last_slot_end(begun)
    _wait_for_slot(until_us, how)
    begin, evidence, wait = monotonic(), replace(begun, settled=False), _Patience(how.patience_s)
    while True:
        evidence = replace(_collect(how, evidence, until_us), refuels=how.refuels())
        ledger = judge(evidence)
        if how.interrupt or not (ledger.lost or ledger.late.total):
            return ledger
        if wait.over(progress(evidence, ledger)):
            return judge(replace(evidence, settled=True))
        how.report(f"Waiting for the last readings to arrive: {_behind(ledger)}{wait.rest(ledger.late.records_before)}")
        how.interrupt.wait(min(LONGEST_PAUSE_S, max(PAUSE_S, PAUSE_SHARE * (monotonic() - begin))))


class _Patience:
    """Ends when nothing has moved for so many seconds; tells how fast the sink is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: Progress | None = None
        self._first: tuple[float, int] | None = None
        self._moved = monotonic()

    def over(self, now: Progress) -> bool:
        """Whether it has ended; `now` is what was just seen."""
        if now != self._last:
            self._last, self._moved = now, monotonic()
        return monotonic() - self._moved > self._seconds

    def rest(self, records: int) -> str:
        """How long so many records take at the sink's present rate, in words; empty while that is unknown."""
        if not records:
            return ""
        said = f"; the sink has {records:,} records before the last of them"
        if self._first is None or records > self._first[1]:
            self._first = (monotonic(), records)
        passed, done = monotonic() - self._first[0], self._first[1] - records
        if passed < RATE_AFTER_S or not done:
            return said
        return f"{said}, about {records * passed / done:,.0f} s at {done / passed:,.0f} a second"


def _collect(how: Draining, known: Evidence, until_us: int) -> Evidence:
    """Ask again for what was incomplete; a hop that does not answer is asked again in the next round.

    Positions come first: what the sink has confirmed by then is in the raw bucket or in the dead-letter topic.
    """
    collector, unread = how.collector, set[str]()

    def ask(hop: str, question: Callable[[], T], otherwise: T) -> T:
        try:
            return question()
        except ServiceError as error:
            log.warning("ledger: %s", error.cause)
            unread.add(hop)
            return otherwise

    before = judge(known)
    positions = ask("positions", lambda: collector.positions(how.lookback, known.every), known.positions)
    seen = replace(known, positions=positions)
    if before.kafka_lost or before.late.kafka or not known.kafka:
        seen = replace(seen, kafka=ask(KAFKA, collector.kafka, seen.kafka))
    if before.raw_lost or before.late.kafka_raw or before.refused or not known.raw:
        seen = replace(seen, raw=ask(RAW, lambda: collector.raw(until_us), seen.raw))
    if judge(replace(seen, unread=frozenset(unread))).raw_lost:
        seen = replace(seen, refused=ask(DEAD_LETTERS, collector.refused, seen.refused))
    downsampled = ask(DOWNSAMPLED, lambda: collector.downsampled(until_us), seen.downsampled)
    alarms = ask(ALARMS, collector.alarms, seen.alarms)
    return replace(seen, downsampled=downsampled, alarms=alarms, unread=frozenset(unread))


def _last_slot_end(evidence: Evidence) -> int:
    """End, in microseconds, of the slot that the newest reading falls in."""
    slot = evidence.every * MICROS
    newest = max((sent.time for sent in evidence.sent), default=time.time_ns() // 1000)
    return (newest // slot + 1) * slot


def _wait_for_slot(until_us: int, how: Draining) -> None:
    """The task runs after the slot has closed, plus its offset."""
    due = until_us / MICROS + OFFSET_S
    while not how.interrupt and (left := due - time.time()) > 0:
        how.report(f"Waiting for the task's last run: {left:.0f} s")
        how.interrupt.wait(min(PAUSE_S, left))


def _behind(ledger: Ledger) -> str:
    parts = {
        "in Kafka": ledger.kafka_lost + ledger.late.kafka,
        "in kafka_raw": ledger.raw_lost + ledger.late.kafka_raw,
        "downsampled": ledger.downsampled_missing,
        "alarms": ledger.alarms_missing,
    }
    return ", ".join(f"{count:,} not yet {place}" for place, count in parts.items() if count)
