"""The table of faults: how each is injected and undone, how long it is held, and what must hold while it is active."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep

from lab import faults, stack
from lab.base.addresses import Addresses
from lab.base.errors import LabError, ServiceError
from lab.base.pace import allow
from lab.connect.client import Connect
from lab.connect.configs import sink_config
from lab.faults import CutDevices, Fault, Freeze, Poison, Restart
from lab.faults.relay import Relay
from lab.fleet.fleet import Fleet
from lab.kafka.topics import TopicReader
from lab.stack.layout import layout
from lab.stack.supervisor import processes

BROKERS = ("kafka1", "kafka2", "kafka3")
READY_S = 60.0
LOOK_S = 0.5
KILLS = 5


@dataclass(frozen=True)
class Site:
    """Where a fault is injected: the stack, the round's fleet, and the relay between fleet and proxy."""

    addresses: Addresses
    fleet: Fleet
    relay: Relay


@dataclass(frozen=True)
class Drill:
    """One fault. `seconds` is how long it is held."""

    name: str
    what: str
    fault: Callable[[Site], Fault]
    seconds: float = 0.0
    down: tuple[str, ...] = ()
    """Services that status may not call ready while the fault is held."""
    silent: bool = False
    """Nothing may be acknowledged while it is held."""
    qos: int = 1
    influx: bool = False
    """InfluxDB is away so long that its task misses slots: they are backfilled after healing."""


class Several(Fault):
    """Faults that are active together; what was injected is undone in reverse order."""

    def __init__(self, what: str, parts: Iterable[Fault]) -> None:
        super().__init__(what)
        self._parts = list(parts)

    def _inject(self) -> None:
        for part in self._parts:
            part.inject()

    def _undo(self) -> None:
        for part in reversed(self._parts):
            part.undo()


class KillAndHold(faults.Stop):
    """SIGKILL a service and keep it down until undo."""

    verb = "kill and hold"

    def _inject(self) -> None:
        self._control.kill()
        self._control.stop()


class Kill(faults.Kill):
    """SIGKILL, once the supervisor counts the service as started: five quick ends in a row are its last."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self._service = service

    def _inject(self) -> None:
        wait_started(self._service)
        super()._inject()


class Steps(Fault):
    """A fault that is a course of actions, carried out when it is injected; `after` undoes it."""

    def __init__(self, what: str, steps: Callable[[], object], after: Callable[[], object] = lambda: None) -> None:
        super().__init__(what)
        self._steps, self._after = steps, after

    def _inject(self) -> None:
        self._steps()

    def _undo(self) -> None:
        self._after()


def wait_started(service: str) -> None:
    """Until the supervisor counts it as started. Raises ServiceError when it does not in time."""
    wait_until(service, lambda: (processes(layout()) or {})[service].state == "RUNNING")


def wait_ready(*services: str) -> None:
    """Until status calls these ready, all when none is named. Raises ServiceError when it does not in time."""
    wanted = set(services or stack.SERVICES)
    wait_until(
        ", ".join(sorted(wanted)),
        lambda: wanted <= {row.name for row in stack.status() if row.state == "ready"},
    )


def wait_until(service: str, holds: Callable[[], bool]) -> None:
    """Raises ServiceError when it does not hold in time."""
    deadline = monotonic() + allow(READY_S)
    while not holds():
        if monotonic() > deadline:
            raise ServiceError(service, f"{service} was not ready in {allow(READY_S):.0f} s.", "See ./workshop status.")
        sleep(LOOK_S)


def leader(site: Site, partition: int = 0) -> str:
    """The service that leads a partition of the readings topic."""
    with TopicReader(site.addresses) as reader:
        return f"kafka{reader.partitions(site.addresses.names.readings)[partition].leader}"


def _kill_leaders(site: Site) -> None:
    for number in range(KILLS):
        wait_ready(*BROKERS)
        with Kill(leader(site, number)):
            sleep(1.0)


def _roll(site: Site) -> None:
    for broker in BROKERS:
        Restart(broker).inject().discard()
        wait_ready(*BROKERS)


def _tasks(site: Site, count: int) -> None:
    with Connect(site.addresses.connect_url) as connect:
        connect.create_or_update(site.addresses.names.sink, {**sink_config(site.addresses), "tasks.max": str(count)})


def _restart_connectors(site: Site) -> None:
    with Connect(site.addresses.connect_url) as connect:
        for name in (site.addresses.names.sink, site.addresses.names.source):
            connect.restart(name)


def _cut_often(site: Site) -> None:
    """Acknowledgements on their way are lost with each connection, so that devices resend with DUP."""
    for _ in range(10):
        site.relay.cut()
        sleep(1.0)


def _same_ids(site: Site) -> None:
    """A second client with a generator's id, again and again: each takes the connection over from the other."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    for name in site.fleet.names[:5]:
        twin = Client(CallbackAPIVersion.VERSION2, client_id=name)
        with suppress(OSError):
            twin.connect(site.addresses.mqtt_host, site.addresses.mqtt_port)
            twin.loop_start()
            sleep(1.0)
            twin.disconnect()
            twin.loop_stop()


def _poison(site: Site) -> None:
    for _ in range(10):
        Poison(site.addresses).inject().discard()
        sleep(0.5)


def _lossy(site: Site) -> None:
    """Holes of half a second, and every third time the connections break."""
    for number in range(12):
        site.relay.black_hole = True
        sleep(0.5)
        site.relay.black_hole = False
        if number % 3 == 0:
            site.relay.cut()
        sleep(0.5)


def _stop_all(kind: type[faults.Stop]) -> Callable[[Site], Fault]:
    return lambda site: Several(f"{kind.verb} all brokers", (kind(broker) for broker in BROKERS))


TABLE: tuple[Drill, ...] = (
    Drill("leader-kill", "SIGKILL of a partition's leader, five times", lambda s: Steps("", lambda: _kill_leaders(s))),
    Drill("rolling-restart", "Brokers restarted one after another", lambda s: Steps("", lambda: _roll(s))),
    Drill("leader-freeze", "SIGSTOP of a leader for 30 s", lambda s: Freeze(leader(s)), 30.0),
    Drill(
        "two-brokers",
        "Two of three brokers down for 15 s",
        lambda s: Several("stop two", (faults.Stop(name) for name in BROKERS[1:])),
        15.0,
        BROKERS[1:],
        silent=True,
    ),
    Drill("brokers-stopped", "All brokers stopped for 60 s", _stop_all(faults.Stop), 60.0, BROKERS, silent=True),
    Drill("brokers-killed", "All brokers killed, down for 60 s", _stop_all(KillAndHold), 60.0, BROKERS, silent=True),
    Drill("proxy-kill", "SIGKILL of the proxy", lambda s: Kill("proxy")),
    Drill("devices-cut", "Every device cut without DISCONNECT", lambda s: CutDevices(s.fleet, s.fleet.names), 5.0),
    Drill("resend", "Acknowledgements lost, readings sent again with DUP", lambda s: Steps("", lambda: _cut_often(s))),
    Drill("same-id", "Second clients with generators' ids", lambda s: Steps("", lambda: _same_ids(s))),
    Drill("poison", "Records that the sink cannot write, among good ones", lambda s: Steps("", lambda: _poison(s))),
    Drill("connect-kill", "SIGKILL of Connect", lambda s: Kill("connect")),
    Drill("connector-restart", "Both connectors restarted", lambda s: Steps("", lambda: _restart_connectors(s))),
    Drill(
        "rebalance",
        "The sink at one task, then at two",
        lambda s: Steps("", lambda: _tasks(s, 1), lambda: _tasks(s, 2)),
        5.0,
    ),
    Drill("influxd-kill", "SIGKILL of influxd", lambda s: Kill("influxd")),
    Drill("influxd-down", "influxd down for 60 s", lambda s: faults.Stop("influxd"), 60.0, ("influxd",), influx=True),
    Drill("influxd-freeze", "SIGSTOP of influxd for 30 s", lambda s: Freeze("influxd"), 30.0, ("influxd",)),
    Drill(
        "slots-missed",
        "influxd down over three slots of the task, then backfill",
        lambda s: faults.Stop("influxd"),
        16.0,
        ("influxd",),
        influx=True,
    ),
    Drill("slow-network", "200 ms each way between devices and proxy", lambda s: faults.Slow(s.relay, 0.2), 10.0),
    Drill("lossy-network", "Holes and cuts between devices and proxy", lambda s: Steps("", lambda: _lossy(s))),
    Drill("qos2-leader-kill", "SIGKILL of a leader, readings at QoS 2", lambda s: Kill(leader(s)), 5.0, qos=2),
    Drill("qos2-proxy-kill", "SIGKILL of the proxy, readings at QoS 2", lambda s: Kill("proxy"), qos=2),
)
"""Every fault by name."""

BY_NAME = {drill.name: drill for drill in TABLE}
PAIRED = tuple(d.name for d in TABLE if d.seconds <= 16.0 and d.name not in ("leader-kill", "rolling-restart"))
"""What is drawn in pairs: the faults that are over soon."""


def pair(first: Drill, second: Drill) -> Drill:
    """Both at once. While one is held the other is carried out, so nothing is said of acknowledgements."""
    return Drill(
        f"{first.name}+{second.name}",
        f"{first.what}; {second.what}",
        lambda site: Several("pair", (_tolerant(part, site) for part in (first, second))),
        max(first.seconds, second.seconds),
        qos=max(first.qos, second.qos),
        influx=first.influx or second.influx,
    )


def _tolerant(drill: Drill, site: Site) -> Fault:
    """A fault that cannot be injected because the other one has its service down is passed over."""
    made: list[Fault] = []

    def begin() -> None:
        with suppress(LabError):
            made.append(drill.fault(site).inject())

    def end() -> None:
        deadline = monotonic() + allow(READY_S)
        while made:
            try:
                made[0].undo()
                made.clear()
            except LabError:
                if monotonic() > deadline:
                    raise
                sleep(LOOK_S)

    return Steps(drill.what, begin, end)
