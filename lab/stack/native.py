"""Starting and stopping the native stack, in order."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress

import psutil

from lab.base import addresses, locks
from lab.base.addresses import Addresses
from lab.base.pace import Stopwatch, allow
from lab.base.progress import NOTE, Report
from lab.base.settings import settings
from lab.provision import essentials
from lab.stack import (
    aot_build,
    background,
    influxd_install,
    kafka,
    limits,
    native_services,
    orphans,
    ports,
    ready,
    service_status,
    shared,
    supervisor,
)
from lab.stack.influxd import binary, progress, server
from lab.stack.java import aot, jars, runtime
from lab.stack.java.plugin import plugin_folder
from lab.stack.layout import Layout
from lab.stack.native_services import Parts
from lab.stack.ports import BROKERS, Reserved
from lab.stack.service import SERVICES, STOP_ORDER, ServiceStatus

RUNNING = ("RUNNING", "STARTING")
BROKER_NAMES = frozenset(f"kafka{node}" for node in BROKERS)
LEAVE_SECONDS = 5.0
"""How long the last of the brokers may take to close its log; one that still waits for the controllers never does."""
PAUSE = 0.1
JAVA_SECONDS = 0.1
START_SECONDS = {
    ("kafka", False): 5.0,
    ("kafka", True): 3.3,
    ("connect", False): 2.5,
    ("connect", True): 1.9,
}
"""Seconds on the reference machine, quiet: `java -version`, and each service until it answers, without and with its AOT
cache."""


def up(layout: Layout, report: Report, wait: bool = True) -> Addresses:
    """Start what does not run and wait until all that can answer does."""
    if supervisor.processes(layout) is None:
        for note in limits.require(layout):
            report(f"{NOTE}{note}")
        shared.require(layout)
    layout.prepare()
    with locks.hold(layout.run / "up.lock", report):
        progress.forget_failure()
        known, watch = supervisor.processes(layout), Stopwatch()
        where = _start(layout, report, watch) if known is None else _resume(known, layout, report)
        missing = not _has_influxd(layout)
        where = _wait(where, layout, report, watch, missing)
    if wait and missing:
        influxd_install.watch(layout, report)
    return where


def _start(layout: Layout, report: Report, watch: Stopwatch) -> Addresses:
    """Everything from nothing: whatever an ended supervisor left behind goes first."""
    left = orphans.find(layout)
    if left:
        report("Stopping leftover processes of an earlier start")
        orphans.end(left)
    parts = gather(report, watch)
    with reserve_ports(layout, report) as reserved:
        services = native_services.services(parts, reserved.ports, layout)
        report("Formatting Kafka's storage")
        kafka.empty_scratch(layout)
        kafka.format_storage(parts.jars, layout, watch)
        # What was timed so far, for the deadlines of the waiting that follows.
        where = native_services.addresses(reserved.ports, layout).model_copy(update={"pace": watch.pace()})
        addresses.save(where, layout.state)
        report("Starting the supervisor")
        supervisor.launch(services, layout, reserved.holders)
    return where


def reserve_ports(layout: Layout, report: Report) -> Reserved:
    """The ports of this start, remembered and held; says which of them moved."""
    memory = layout.state / "ports.json"
    reserved = ports.reserve(ports.remembered(memory))
    ports.remember(reserved.ports, memory)
    for name, (usual, now) in ports.moved(reserved.ports).items():
        report(f"Port {usual} of {name} is taken, it moves to {now}")
    return reserved


def _resume(known: dict[str, supervisor.Process], layout: Layout, report: Report) -> Addresses:
    """A supervisor runs: start again what was stopped or has failed."""
    _choose_influxd(known, layout, report)
    for service in SERVICES:
        if service == "influxd" and not _has_influxd(layout):
            continue
        if service in known and known[service].state not in RUNNING:
            report(f"Starting {service}")
            supervisor.start(service, layout)
    return addresses.load(layout.state)


def _choose_influxd(known: dict[str, supervisor.Process], layout: Layout, report: Report) -> None:
    """Point the supervisor at the influxd of this `up`; one that runs gives way only to one that LAB_INFLUXD names."""
    found, running = binary.find(), known["influxd"].pid
    if found is None or found == server.used(layout) or (running and settings().influxd is None):
        return
    _stop([name for name in (influxd_install.NAME, "influxd") if name in known and known[name].pid], layout, report)
    influxd_install.tidy(report)
    server.use(found, layout)
    known |= supervisor.processes(layout) or {}


def _has_influxd(layout: Layout) -> bool:
    """One is at hand, or runs already from where this `up` does not look."""
    running = (supervisor.processes(layout) or {}).get("influxd")
    return binary.find() is not None or (running is not None and running.pid is not None)


def _wait(where: Addresses, layout: Layout, report: Report, watch: Stopwatch, missing: bool) -> Addresses:
    """Wait for every service, in order; the addresses, with the pace that the starts have shown if there were any."""
    started = bool(watch.factors)
    report("Waiting for Kafka: three brokers and a leader of the controllers")
    with _timed(started, watch, "kafka"):
        ready.kafka(where, layout)
    report("Starting Kafka Connect")
    with _timed(started, watch, "connect"):
        supervisor.start("connect", layout)
        ready.connect(where, layout)
    if started:
        where = where.model_copy(update={"pace": watch.pace()})
        addresses.save(where, layout.state)
    report("Waiting for the MQTT proxy")
    ready.proxy(where, layout)
    if missing:
        # Only now, because on two cores a build beside starting brokers would make both slow.
        report("Getting InfluxDB in the background")
        influxd_install.start(layout)
    else:
        report("Waiting for InfluxDB")
        ready.ours("influxd", where, layout)
        server.onboard(where, layout)
        ready.influxd(where, layout)
    essentials(where, report)
    if aot_build.NAME in (supervisor.processes(layout) or {}) and aot_build.wanted(jars.resolve(jars.KAFKA_LOCK)):
        background.start(aot_build.NAME, layout)
    return where


def _timed(started: bool, watch: Stopwatch, what: str) -> AbstractContextManager[None]:
    """Times the start of a service; one that ran already shows nothing."""
    cached = not aot.missing(jars.resolve(jars.KAFKA_LOCK))
    return watch.time(what, START_SECONDS[what, cached]) if started else nullcontext()


def gather(report: Report, watch: Stopwatch) -> Parts:
    """Jars, plugin and influxd, downloading and compiling what is missing. Raises MachineError when Java cannot run."""
    report("Checking Java")
    with watch.time("java", JAVA_SECONDS):
        runtime.check()
    report("Checking Kafka's jars")
    found = jars.resolve(jars.KAFKA_LOCK, report)
    report("Compiling the connectors")
    plugin = plugin_folder(report)
    return Parts(jars=found, plugin=plugin, influxd=binary.find())


def down(layout: Layout, report: Report) -> None:
    """Stop everything in order and leave no process behind."""
    if not layout.state.exists():
        return
    # First, so that they find each other again while JupyterLab ends.
    thaw(process.pid for process in (supervisor.processes(layout) or {}).values() if process.pid)
    if left := orphans.notebooks(layout):
        report("Stopping JupyterLab, whose ./workshop is gone")
        orphans.end(left)
    with locks.hold(layout.run / "up.lock", report):
        known = supervisor.processes(layout) or {}
        for names in (tuple(set(known) - set(SERVICES)), *STOP_ORDER):
            _stop([name for name in names if name in known and known[name].pid], layout, report)
        if known:
            supervisor.shutdown(layout)
        report("Checking for leftover processes")
        orphans.end(orphans.find(layout))
        influxd_install.tidy(report)


def thaw(pids: Iterable[int]) -> None:
    """Let frozen processes go on: one would hear no SIGTERM, and be killed at its deadline with its files unclean."""
    for pid in pids:
        with suppress(psutil.Error):
            if (process := psutil.Process(pid)).status() == psutil.STATUS_STOPPED:
                process.resume()


def _stop(names: list[str], layout: Layout, report: Report) -> None:
    """Stop these side by side and wait for all of them."""
    if not names:
        return
    report(f"Stopping {', '.join(names)}")
    known = supervisor.processes(layout) or {}
    with ThreadPoolExecutor(len(names)) as pool:
        stops = {name: pool.submit(supervisor.stop, name, layout) for name in names}
        if stops.keys() & known.keys() >= BROKER_NAMES:
            _release_last_broker({name: (stops[name], known[name].pid) for name in BROKER_NAMES}, layout)
        for stop in stops.values():
            stop.result()


def _release_last_broker(stops: Mapping[str, tuple[Future[None], int | None]], layout: Layout) -> None:
    """End the broker that is left when the others have gone, once its log is closed, or when it cannot close it.

    Without the others there is no majority of the controllers: a broker that still asks them for leave would do so
    until its deadline, and one that led them waits five seconds for a successor.
    """
    alone = None
    while waiting := [name for name, (stop, _) in stops.items() if not stop.done()]:
        if len(waiting) == 1:
            alone = alone or time.monotonic()
            closed = (kafka.data_folder(int(waiting[0][-1]), layout) / kafka.CLOSED).exists()
            if closed or time.monotonic() - alone > allow(LEAVE_SECONDS):
                _kill(stops[waiting[0]][1])
                return
        time.sleep(PAUSE)


def _kill(pid: int | None) -> None:
    with suppress(psutil.Error):
        psutil.Process(pid).kill()


def status(layout: Layout, where: Addresses) -> list[ServiceStatus]:
    """The state of every service, each asked at this moment."""
    return service_status.status(layout, where)
