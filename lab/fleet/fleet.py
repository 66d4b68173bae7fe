"""A fleet of simulated generators that publish over MQTT, each with a client, keep-alive and last will of its own.

The fleet runs in one thread of the calling process. Its readings go to `emergency_generators/<generatorID>` and its
status to `emergency_generators/<generatorID>/status`. Every public method may be called from any thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Self, TypeVar

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.pace import allow
from lab.base.startable import Startable
from lab.fleet.connection import Broker, DeviceConnection
from lab.fleet.generator import Generator
from lab.fleet.journal import Acked, Journal, Sent
from lab.fleet.limits import allow_connections, check_arguments, free_name, some
from lab.fleet.loop import Loop
from lab.fleet.physics import TANK_LITRES
from lab.fleet.views import FleetView, GeneratorView, view

T = TypeVar("T")

ORDINARY_INTERVAL_S = 2.0
"""Seconds between two readings of one generator when nothing else is asked for."""
KEEPALIVE_S = 20
MAX_BACKLOG = 200_000
"""Readings that all devices together remember while they cannot send: about 80 MB."""
MAX_BEHIND_S = 10.0
"""After a stall of this process, at most this many seconds of readings are made up for, as fast as they go."""
POLL_S = 0.02
DRAIN_S = 15.0
"""How long stop() waits for the acknowledgements that are still on their way."""


class Fleet(Startable):
    """Generators, their clock and their connections."""

    def __init__(
        self,
        addresses: Addresses,
        generators: int | Sequence[str] = 20,
        *,
        rate: float | None = None,
        interval: float = ORDINARY_INTERVAL_S,
        seed: int = 0,
        speedup: float = 1.0,
        qos: int = 1,
        keepalive: int = KEEPALIVE_S,
        fuel: Mapping[str, float] | None = None,
        journal: Journal | None = None,
    ) -> None:
        """`rate` is readings per second of the whole fleet and goes before `interval`, seconds between two readings
        of one generator. `speedup` is simulated seconds per real second. `fuel` fills some tanks by name, in litres.
        `Journal(limit=None)` keeps every reading for a ledger.

        Raises LearnerError when an argument makes no sense.
        """
        names = [f"generator{i + 1}" for i in range(generators)] if isinstance(generators, int) else list(generators)
        check_arguments(names, rate if rate is not None else 1.0 / interval if interval > 0 else 0.0, speedup, qos)
        self._broker = Broker(addresses.mqtt_host, addresses.mqtt_port, qos, keepalive)
        self._names, self._rate, self._interval = names, rate, interval
        self._seed, self._speedup, self._fuel = seed, speedup, dict(fuel or {})
        self.journal = journal or Journal()
        self.started_us = 0
        """Wall clock at start(), microseconds since the epoch; 0 before."""
        self._generators: dict[str, Generator] = {}
        self._connections: dict[str, DeviceConnection] = {}
        self._made = 0
        self._taking = False
        self._loop: Loop | None = None

    @property
    def names(self) -> list[str]:
        """The generators' names, in the order they were added."""
        return list(self._generators) or list(self._names)

    @property
    def running(self) -> bool:
        return self._loop is not None

    def start(self) -> Self:
        """Connect every generator and begin to publish; returns at once. Does nothing when already started."""
        if self._loop is not None:
            return self
        allow_connections(len(self._names))
        self._taking, self.started_us = True, _now_us()
        self._generators, self._connections, self._made = {}, {}, 0
        self._loop = Loop(self._due)
        for position, name in enumerate(self._names):
            self._add_connection(self._loop, name, position / len(self._names) * self._pace(len(self._names)))
        self._loop.start()
        return self

    def stop(self, drain: float = DRAIN_S) -> bool:
        """Stop publishing, wait for acknowledgements, disconnect, end the thread.

        The wait takes up to `drain` seconds, more on a slow machine.

        True when everything published was acknowledged. A generator that cannot connect is given up with its readings.
        """
        if self._loop is None:
            return True
        loop, deadline = self._loop, perf_counter() + allow(drain)
        self._taking = False
        _until(
            lambda: not any(connection.waiting and connection.wanted for connection in self._connections.values()),
            deadline,
        )
        settled = not any(connection.waiting for connection in self._connections.values())
        loop.call(self._leave)
        _until(
            lambda: not any(connection.connected for connection in self._connections.values()),
            max(deadline, perf_counter() + allow(2.0)),
        )
        loop.end()
        self._loop = None
        return settled

    def pause(self) -> None:
        """Take no more readings; connections and acknowledgements go on."""
        self._taking = False

    def add(self, name: str | None = None) -> str:
        """Add one generator to the running fleet and return its name. Raises LearnerError when it is there already."""
        loop = self._require()
        chosen = name or free_name(self._generators, len(self._generators))
        if chosen in self._generators:
            raise LearnerError(f"There is a generator {chosen} already.", "Choose another name, or none.")
        loop.call(lambda: self._add_connection(loop, chosen, 0.0))
        return chosen

    def remove(self, name: str) -> None:
        """Switch a generator off for good: `offline` through its last will, no more readings."""
        loop, _ = self._require(), self._connection(name)

        def go() -> None:
            self._connections.pop(name).cut()
            loop.release(name)
            del self._generators[name]

        loop.call(go)

    def set_load(self, name: str, percent: float) -> None:
        """Demand this load (0-100 percent) of a generator."""
        self._call(lambda: self._generator(name).set_load(percent))

    def refuel(self, name: str, litres: float = TANK_LITRES) -> None:
        """Fill a generator's tank up to 1,000 litres; a dry one starts again."""
        self._call(lambda: self._generator(name).refuel(_now_us(), litres))

    def cut(self, name: str) -> None:
        """Drop the TCP connection without a DISCONNECT, so that the last will is published, until restore()."""
        self._call(self._connection(name).cut)

    def restore(self, name: str) -> None:
        """Let a generator that was cut connect again; readings it remembers follow."""

        def go() -> None:
            self._connection(name).restore()
            self._require().retry_now()

        self._call(go)

    def last_refuel_us(self, name: str) -> int:
        """When the generator was last refuelled, or the fleet started; microseconds since the epoch."""
        return max(self._generator(name).refuelled_at, self.started_us)

    def snapshot(self) -> list[GeneratorView]:
        """Every generator as it is now."""
        return [view(generator, self._connections[generator.name]) for generator in list(self._generators.values())]

    def totals(self) -> FleetView:
        """Counts over the whole fleet."""
        connections = list(self._connections.values())
        return FleetView(
            generators=len(connections),
            connected=sum(connection.connected for connection in connections),
            published=self.journal.published,
            acknowledged=self.journal.acknowledged,
            waiting=sum(connection.waiting for connection in connections),
            dropped=self.journal.dropped,
            reconnects=sum(connection.reconnects for connection in connections),
        )

    def journal_copy(self) -> tuple[list[Sent], list[Acked]]:
        """What was published and what was acknowledged, up to now."""
        return self._call(lambda: (list(self.journal.sent), list(self.journal.acked)))

    def _call(self, function: Callable[[], T]) -> T:
        return self._loop.call(function) if self._loop is not None else function()

    def _require(self) -> Loop:
        if self._loop is None:
            raise LearnerError("The fleet is not running.", "Call its start() first.")
        return self._loop

    def _generator(self, name: str) -> Generator:
        if name not in self._generators:
            raise LearnerError(f"There is no generator {name!r} in this fleet.", f"Choose among {some(self.names)}.")
        return self._generators[name]

    def _connection(self, name: str) -> DeviceConnection:
        self._generator(name)
        return self._connections[name]

    def _leave(self) -> None:
        for connection in self._connections.values():
            connection.disconnect()

    def _add_connection(self, loop: Loop, name: str, wait: float) -> None:
        """`wait` is in seconds until the first reading."""
        self._generators[name] = Generator(name, self._made, self._seed, self._fuel.get(name))
        self._connections[name] = DeviceConnection(name, self._broker, self.journal, loop, self._seed)
        self._made += 1
        loop.add(self._connections[name], perf_counter() + wait)

    def _pace(self, generators: int) -> float:
        """Seconds between two readings of one generator."""
        return self._interval if self._rate is None else generators / self._rate

    def _due(self, name: str, due: float) -> float:
        pace = self._pace(len(self._generators))
        if self._taking:
            reading = self._generators[name].take(_now_us(), pace * self._speedup)
            self._connections[name].enqueue(reading, max(100, MAX_BACKLOG // len(self._connections)))
        return max(due + pace, perf_counter() - MAX_BEHIND_S)


def _until(done: Callable[[], bool], deadline: float) -> None:
    while not done() and perf_counter() < deadline:
        time.sleep(POLL_S)


def _now_us() -> int:
    return time.time_ns() // 1000
