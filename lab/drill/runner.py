"""Carry out one round: a fleet, its history, the fault, healing, draining, a restart of influxd, the ledger."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from lab import stack
from lab.base.addresses import Addresses
from lab.base.errors import LabError
from lab.base.interrupt import Interrupt
from lab.base.pace import allow
from lab.base.progress import Report, quiet
from lab.demo.drain import Draining, drain
from lab.demo.metrics import Metrics
from lab.drill.check import Counts, History, Sample, Told, Verdict, check
from lab.drill.faults import Drill, Site, wait_ready
from lab.faults.relay import Relay
from lab.fleet.fleet import Fleet
from lab.fleet.journal import Journal
from lab.influx import tasks
from lab.influx.api import Influx
from lab.influx.flux import raw_points
from lab.ledger import Collector, Evidence, Ledger, take_baseline

EVERY_S = 5
"""The task's slot while drills run: a round waits for the end of its last one."""
LOOKBACK_S = 60
SOURCE_LOOKBACK_S = 300
"""The source looks back further than any outage and its backfill take."""
WARM_S = 4.0
CATCH_UP_S = 120.0
SETTLE_S = 2.0
SAMPLE_S = 0.25
PATIENCE_S = 60.0


@dataclass
class Recorder:
    """Samples the fleet and the hops, and asks status about the services that are held down, each in a thread."""

    fleet: Fleet
    metrics: Metrics
    began: float = field(default_factory=monotonic)
    samples: list[Sample] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def now(self) -> float:
        return monotonic() - self.began

    def start(self) -> None:
        self._run(self._sample)

    def watch(self, services: tuple[str, ...], until: threading.Event) -> None:
        """Ask status about these until healing begins; an answer that came later says nothing."""
        self._run(lambda: self._ask(services, until))

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(allow(30.0))

    def _run(self, work: object) -> None:
        thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _sample(self) -> None:
        looks, seen = 0, self.metrics.figures
        while not self._end.wait(SAMPLE_S):
            fleet, hops = self.fleet.totals(), self.metrics.figures
            looks, seen = looks + (hops is not seen), hops
            self.samples.append(Sample(self.now(), fleet.acknowledged, fleet.waiting, hops.kafka, hops.raw, looks))

    def _ask(self, services: tuple[str, ...], until: threading.Event) -> None:
        while not until.wait(1.0):
            try:
                ready = tuple(row.name for row in stack.status() if row.name in services and row.state == "ready")
            except LabError:
                continue
            if not until.is_set():
                self.told.append(Told(self.now(), ready))


@dataclass(frozen=True)
class Settings:
    """What a round is run with."""

    addresses: Addresses
    rate: float
    generators: int
    interrupt: Interrupt
    report: Report = quiet


def run_round(drill: Drill, number: int, how: Settings) -> tuple[Verdict, History]:
    """One round on a pipeline that runs. Raises LabError when the fault cannot be injected or undone."""
    where, stamp = how.addresses, int(time.time())
    wait_ready()
    begin = take_baseline(where, time.time_ns() // 1000)
    with Relay(where.mqtt_host, where.mqtt_port) as relay:
        through = where.model_copy(update={"mqtt_host": "127.0.0.1", "mqtt_port": relay.port})
        names = [f"drill{stamp}x{n}" for n in range(how.generators)]
        fleet = Fleet(through, names, rate=how.rate, qos=drill.qos, journal=Journal(limit=None))
        metrics = Metrics(where, begin)
        try:
            history = _send(drill, number, Site(where, fleet, relay), metrics, how)
            how.report(f"{drill.name} {number}: the ledger")
            ledger, twice = _ledger(fleet, Collector(where, begin), begin.since_us, how)
        finally:
            metrics.stop()
            fleet.stop(drain=0.0)
    return check(history, _counts(ledger, twice)), history


def _send(drill: Drill, number: int, site: Site, metrics: Metrics, how: Settings) -> History:
    """Send until the fault is healed and every hop has caught up; the fleet has stopped afterwards."""
    how.report(f"{drill.name} {number}: {drill.what}")
    site.fleet.start()
    metrics.start()
    recorder, healing, notes = Recorder(site.fleet, metrics), threading.Event(), list[str]()
    recorder.start()
    try:
        how.interrupt.wait(WARM_S)
        began, fault = datetime.now(UTC), drill.fault(site)
        start = recorder.now()
        fault.inject()
        held = recorder.now()
        try:
            if drill.down:
                recorder.watch(drill.down, healing)
            how.interrupt.wait(drill.seconds)
        finally:
            healing.set()
            healed = recorder.now()
            fault.undo()
            site.relay.heal()
        history = History(
            drill.name,
            number,
            how.rate,
            drill.qos,
            held if drill.silent else start,
            healed,
            recorder.samples,
            recorder.told,
            drill.silent,
        )
        _catch_up(history, how)
        if drill.influx:
            notes.append(f"{_backfill(how.addresses, began)} runs of the task backfilled")
        how.interrupt.wait(SETTLE_S)
        site.fleet.stop(PATIENCE_S)
    finally:
        recorder.stop()
    return replace(history, samples=list(recorder.samples), told=list(recorder.told), notes=notes)


def _catch_up(history: History, how: Settings) -> None:
    from lab.drill.check import caught_up

    deadline = monotonic() + allow(CATCH_UP_S)
    while caught_up(history) is None and monotonic() < deadline and not how.interrupt:
        how.interrupt.wait(SAMPLE_S)


def _backfill(addresses: Addresses, began: datetime) -> int:
    """Run the task for the slots since then."""
    with Influx(addresses) as influx:
        task = tasks.require(influx, addresses.names.task)
        stop = datetime.now(UTC) - timedelta(seconds=EVERY_S)
        queued = [tasks.wait(influx, run) for run in tasks.backfill(influx, task, began, stop, LOOKBACK_S // 2)]
        return len(queued)


def _ledger(fleet: Fleet, collector: Collector, since_us: int, how: Settings) -> tuple[Ledger, int]:
    """Drain, restart influxd so that nothing counts that was only in its memory, then judge; and points there twice."""
    sent, acked = fleet.journal_copy()
    begun = Evidence(sent=sent, acked=acked, kafka=(), raw={}, downsampled={}, alarms=(), every=EVERY_S)
    how_to = Draining(collector, allow(PATIENCE_S), LOOKBACK_S, lambda: 0, how.interrupt, quiet)
    drain(begun, how_to)
    stack.control("influxd").restart()
    wait_ready("influxd")
    ledger = drain(begun, how_to)
    with Influx(how.addresses) as influx:
        keys = [
            (row["generatorID"], row["_time"])
            for row in influx.iterate(raw_points(how.addresses.names, since_us, time.time_ns() // 1000))
        ]
    return ledger, len(keys) - len(set(keys))


def _counts(ledger: Ledger, twice: int) -> Counts:
    late = ledger.late
    return Counts(
        published=ledger.published,
        acknowledged=ledger.acknowledged,
        lost_kafka=ledger.kafka_lost,
        lost_raw=ledger.raw_lost,
        lost_downsampled=ledger.downsampled_missing - late.kafka_downsampled,
        lost_alarms=ledger.alarms_missing - late.generator_alarms,
        refused=ledger.refused,
        late=late.total,
        duplicates_kafka=ledger.duplicates_in_kafka,
        duplicates_after=twice,
        inversions=ledger.order_inversions,
    )
