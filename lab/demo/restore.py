"""Leave things as found: what the demo started it stops, what it made inside the services it removes.

Readings stay in Kafka and InfluxDB: they are data, and everything that reads them asks by time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from lab import provision, stack
from lab.base import addresses
from lab.base.addresses import Addresses
from lab.base.errors import LabError
from lab.base.progress import Report
from lab.connect.client import Connect
from lab.influx import tasks
from lab.influx.api import Influx


@dataclass(frozen=True)
class Running:
    """A stack that is up, and the seconds that took."""

    addresses: Addresses
    boot_s: float


@contextlib.contextmanager
def running_stack(keep: bool, report: Report) -> Iterator[Running]:
    """Bring the stack up; when nothing ran before, stop it afterwards unless `keep`."""
    ran_before = _runs()
    begin = monotonic()
    addresses = stack.up(report)
    try:
        yield Running(addresses, monotonic() - begin)
    finally:
        if not keep and not ran_before:
            report("Stopping the services")
            stack.down(report)


@contextlib.contextmanager
def pipeline(addresses: Addresses, every: int, lookback: int | None, keep: bool, report: Report) -> Iterator[None]:
    """Topics, buckets, a task of `every` seconds, connectors; afterwards both are as before unless `keep`."""
    before = _Before.see(addresses)
    report("Creating the task and the connectors")
    try:
        provision.everything(addresses, every, lookback)
        yield
    finally:
        if not keep:
            before.restore(addresses)


@dataclass(frozen=True)
class _Before:
    """The task and the connectors as they were."""

    connectors: dict[str, dict[str, str]]
    """Configurations of the pipeline's two connectors, where they existed."""
    states: dict[str, str]
    """Their states: somebody may have paused or stopped one."""
    task: tasks.Task | None

    @classmethod
    def see(cls, addresses: Addresses) -> _Before:
        with Influx(addresses) as influx, Connect(addresses.connect_url) as connect:
            names = addresses.names
            there = {names.sink, names.source} & set(connect.connectors())
            return cls(
                {name: connect.config(name) for name in there},
                {name: connect.status(name).state for name in there},
                tasks.find(influx, names.task),
            )

    def restore(self, addresses: Addresses) -> None:
        """What cannot be restored because its service is down is left; the next `demo` sets it right."""
        names = addresses.names
        with contextlib.suppress(LabError), Connect(addresses.connect_url) as connect:
            for name in {names.sink, names.source} - self.connectors.keys():
                connect.delete(name)
            for name, config in self.connectors.items():
                connect.create_or_update(name, config)
                rest = {"PAUSED": connect.pause, "STOPPED": connect.stop}
                rest.get(self.states[name], connect.resume)(name)
        with contextlib.suppress(LabError), Influx(addresses) as influx:
            if self.task is None:
                tasks.remove(influx, names.task)
            else:
                tasks.set_active(influx, tasks.ensure(influx, names.task, self.task.flux), self.task.active)


def _runs() -> bool:
    try:
        addresses.load()
        return any(service.state != "stopped" for service in stack.status())
    except LabError:
        return False
