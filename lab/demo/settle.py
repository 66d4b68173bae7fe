"""After the last reading: wait until every hop has caught up, or nothing moves any more, and collect the evidence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from lab.errors import ServiceError
from lab.influx.flux import OFFSET_S
from lab.influx.rules import MICROS
from lab.ledger import Collector, Evidence, Ledger, judge
from lab.stack.report import Report

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE_S = 1.0
"""Between two looks at hops that have not caught up."""


def settle(
    collector: Collector, begun: Evidence, patience_s: float, refuels: Callable[[], int], report: Report
) -> Ledger:
    """Complete the evidence of a fleet that has stopped, and judge it.

    Ends when nothing is missing, or when nothing has arrived for `patience_s` seconds. `begun` holds what was sent and
    acknowledged; `refuels` counts the dispatcher's deliveries.
    """
    until_us = _last_slot_end(begun)
    _wait_for_slot(until_us, report)
    evidence, least, deadline = begun, None, monotonic() + patience_s
    while True:
        evidence = replace(_collect(collector, evidence, until_us), refuels=refuels())
        ledger = judge(evidence)
        if least is None or ledger.lost < least:
            least, deadline = ledger.lost, monotonic() + patience_s
        if ledger.lost == 0 or monotonic() > deadline:
            return ledger
        report(f"Waiting for the last readings to arrive: {_behind(ledger)}")
        time.sleep(PAUSE_S)


def _collect(collector: Collector, known: Evidence, until_us: int) -> Evidence:
    """Ask again for what was incomplete; a hop that does not answer is asked again in the next round."""
    known_ledger = judge(known)
    seen = known
    if known_ledger.kafka_lost or not known.kafka:
        seen = replace(seen, kafka=_or(collector.kafka, seen.kafka))
    if known_ledger.raw_lost or not known.raw:
        seen = replace(seen, raw=_or(lambda: collector.raw(until_us), seen.raw))
    downsampled = _or(lambda: collector.downsampled(until_us), seen.downsampled)
    return replace(seen, downsampled=downsampled, alarms=_or(collector.alarms, seen.alarms))


def _or(ask: Callable[[], T], otherwise: T) -> T:
    try:
        return ask()
    except ServiceError as error:
        log.warning("ledger: %s", error.cause)
        return otherwise


def _last_slot_end(evidence: Evidence) -> int:
    """End, in microseconds, of the slot that the newest reading falls in."""
    slot = evidence.every * MICROS
    newest = max((sent.time for sent in evidence.sent), default=time.time_ns() // 1000)
    return (newest // slot + 1) * slot


def _wait_for_slot(until_us: int, report: Report) -> None:
    """The task runs after the slot has closed, plus its offset."""
    due = until_us / MICROS + OFFSET_S
    while (left := due - time.time()) > 0:
        report(f"Waiting for the task's last run: {left:.0f} s")
        time.sleep(min(PAUSE_S, left))


def _behind(ledger: Ledger) -> str:
    parts = {
        "in Kafka": ledger.kafka_lost,
        "in kafka_raw": ledger.raw_lost,
        "downsampled": ledger.downsampled_missing,
        "alarms": ledger.alarms_missing,
    }
    return ", ".join(f"{count:,} not yet {place}" for place, count in parts.items() if count)
