"""The demo from start to verdict."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from time import monotonic

from rich.console import Console
from rich.live import Live

from lab.base.addresses import Addresses
from lab.base.interrupt import Interrupt, interruptible
from lab.base.pace import allow
from lab.base.progress import Report
from lab.demo.backlog import Backlog, see_backlog
from lab.demo.chaos import Chaos
from lab.demo.drain import Draining, drain
from lab.demo.metrics import Metrics
from lab.demo.plan import SPEEDUP, fault_plan, fills
from lab.demo.restore import pipeline, running_stack
from lab.demo.view import Moment, ledger_table, live_table, plain_line, verdict
from lab.fleet.dispatcher import Dispatcher
from lab.fleet.fleet import Fleet
from lab.fleet.journal import Journal
from lab.influx.flux import LOOKBACK_SLOTS
from lab.ledger import Collector, Evidence, Ledger, take_baseline
from lab.provision import DEMO_EVERY_S

FRAME_S = 0.5
PLAIN_EVERY_S = 5.0
"""How often a line is printed where there is no terminal."""
REPEAT_S = 10.0
"""How often a step that goes on says how far it is."""
DRAIN_S = 30.0
INTERRUPTED_DRAIN_S = 3.0
"""How long acknowledgements are waited for: after the last reading, and after an interruption."""
ARRIVAL_S = 60.0
ARRIVAL_AFTER_FAULTS_S = 120.0
"""Longest wait without any progress of the hops that have to catch up. A broker or worker that came back needs its
elections and rebalances."""
LOOKBACK_WITH_FAULTS_S = 180
"""How long the sink may be down without a backfill."""


def demo(
    *, seconds: int, generators: int, rate: float, faults: bool, as_json: bool, keep: bool, every: int = DEMO_EVERY_S
) -> int:
    """Run the pipeline for `seconds` with `rate` readings a second in all, the task every so many seconds.

    0 when everything acknowledged arrived, else the ledger's exit code, or 128 and the signal's number when a signal
    ended it early. With `as_json` the ledger alone goes to standard output and everything else to standard error.
    Raises LabError when the services cannot be brought up.
    """
    console = Console(stderr=as_json)
    report = _reporter(console)
    with running_stack(keep, report) as running:
        backlog = see_backlog(running.addresses)
        for line in backlog.words():
            console.print(line, highlight=False, soft_wrap=True)
        lookback = _lookback(backlog, faults)
        with pipeline(running.addresses, every, lookback, keep, report), interruptible() as interrupt:
            show = Show(
                addresses=running.addresses,
                seconds=seconds,
                generators=generators,
                rate=rate,
                faults=faults,
                boot_s=running.boot_s,
                console=console,
                interrupt=interrupt,
                every=every,
                lookback=lookback,
            )
            ledger = show.run()
            console.print(ledger_table(ledger))
            console.print(verdict(ledger, bool(interrupt)))
    if as_json:
        sys.stdout.write(json.dumps({**ledger.to_dict(), "interrupted": bool(interrupt)}, indent=2) + "\n")
    return interrupt.exit_code if interrupt else ledger.exit_code


def _lookback(backlog: Backlog, faults: bool) -> int | None:
    """Seconds that readings may come late; None for the task's and the source's own."""
    wanted = [backlog.lookback, LOOKBACK_WITH_FAULTS_S if faults else None]
    return max((seconds for seconds in wanted if seconds is not None), default=None)


@dataclass
class Show:
    """One run on a stack that is up: fleet, dispatcher, meters, faults, then the ledger."""

    addresses: Addresses
    seconds: float
    generators: int
    rate: float
    faults: bool
    boot_s: float
    console: Console
    interrupt: Interrupt
    every: int
    """The task's slot, in seconds."""
    lookback: int | None
    """Of the task, in seconds; None for its own."""

    def run(self) -> Ledger:
        """Publish, watch, stop, settle, judge. Whatever happens, nothing of it is left running."""
        begin = take_baseline(self.addresses, time.time_ns() // 1000)
        names = [f"generator{number + 1}" for number in range(self.generators)]
        fleet = Fleet(
            self.addresses,
            names,
            rate=self.rate,
            speedup=SPEEDUP,
            fuel=fills(names, self.seconds),
            journal=Journal(limit=None),
        )
        self._metrics = Metrics(self.addresses, begin)
        self._chaos = Chaos(fault_plan(self.seconds) if self.faults else [], fleet)
        with Dispatcher(self.addresses, fleet) as self._dispatcher:
            self._metrics.start()
            try:
                self._publish(fleet)
                return self._drain(fleet, Collector(self.addresses, begin))
            finally:
                self._chaos.stop()
                self._metrics.stop()
                fleet.stop(drain=0.0)

    def _publish(self, fleet: Fleet) -> None:
        fleet.start()
        self._chaos.start()
        begin = monotonic()
        if self.console.is_terminal:
            with Live(console=self.console, refresh_per_second=2, transient=False) as live:
                before = None
                while (elapsed := monotonic() - begin) < self.seconds and not self.interrupt:
                    now = self._moment(fleet, elapsed)
                    live.update(live_table(now, before))
                    before = now if before is None or now.elapsed - before.elapsed >= 2.0 else before
                    self.interrupt.wait(min(FRAME_S, self.seconds - elapsed))
                live.update(live_table(self._moment(fleet, monotonic() - begin), before), refresh=True)
        else:
            while (elapsed := monotonic() - begin) < self.seconds and not self.interrupt:
                self.interrupt.wait(min(PLAIN_EVERY_S, self.seconds - elapsed))
                self.console.print(
                    plain_line(self._moment(fleet, monotonic() - begin)), highlight=False, soft_wrap=True
                )
        self._sent_for = monotonic() - begin

    def _drain(self, fleet: Fleet, collector: Collector) -> Ledger:
        report = _reporter(self.console)
        self._chaos.stop()
        report("Waiting for the last acknowledgements")
        fleet.stop(INTERRUPTED_DRAIN_S if self.interrupt else DRAIN_S)
        sent, acked = fleet.journal_copy()
        begun = Evidence(
            sent=sent,
            acked=acked,
            kafka=(),
            raw={},
            downsampled={},
            alarms=(),
            every=self.every,
            seconds=self._sent_for,
            faults=self._chaos.record,
            freshness_ms={"raw": list(self._metrics.raw_ages_ms)},
            boot_s=self.boot_s,
        )
        how = Draining(
            collector=collector,
            patience_s=allow(ARRIVAL_AFTER_FAULTS_S if self.faults else ARRIVAL_S),
            lookback=self.lookback or LOOKBACK_SLOTS * self.every,
            refuels=lambda: len(self._dispatcher.refuels),
            interrupt=self.interrupt,
            report=report,
        )
        return drain(begun, how)

    def _moment(self, fleet: Fleet, elapsed: float) -> Moment:
        refuels = self._dispatcher.refuels
        last = refuels[-1] if refuels else None
        when = time.strftime("%H:%M:%S", time.localtime(last.refuelled_us / 1e6)) if last else ""
        return Moment(
            elapsed=elapsed,
            seconds=self.seconds,
            fleet=fleet.totals(),
            hops=self._metrics.figures,
            last_refuel=f"{last.generator} at {when}" if last else "",
            refuels=len(refuels),
            fault=self._chaos.now,
        )


def _reporter(console: Console) -> Report:
    """Prints a line of progress when a step begins, and each REPEAT_S while it goes on."""
    last, printed = "", 0.0

    def report(line: str) -> None:
        nonlocal last, printed
        step, now = line.partition(":")[0], monotonic()
        if step != last or now - printed > REPEAT_S:
            console.print(line, highlight=False, style="dim", soft_wrap=True)
            last, printed = step, now

    return report
