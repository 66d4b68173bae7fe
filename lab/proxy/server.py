"""One process of the proxy: its start, its reload and its end.

The order of stopping: refuse new connections, stop reading, wait for Kafka up to the deadline, tell every client,
close, send the wills, wait for those.
"""

from __future__ import annotations

import logging
from typing import Any

from lab.proxy.config import Config, Listener
from lab.proxy.core.reasons import Reason
from lab.proxy.listeners import Listening, listen
from lab.proxy.state import ServerState

log = logging.getLogger(__name__)

HEALTHY_SECONDS = 30.0
"""How old Kafka's last answer may be: the watch asks every 5 s and waits at most 10 s."""


class Server:
    """The life of one process: what it shares is `state`."""

    def __init__(self, config: Config) -> None:
        self.state = ServerState(config)
        self.sockets: list[Listening] = []

    def start(self) -> None:
        """Begin the work that goes on until `stop`."""
        state = self.state
        state.spawn(state.delivery.watch(), "watch Kafka")
        state.spawn(state.wheel.turn(), "timer wheel")
        state.wheel.add(self._expire, state.now() + 1)

    async def listen(self, listener: Listener, shared: bool) -> None:
        """Open one listener; `shared` lets several processes have the port. Raises what `listeners.listen` does."""
        self.sockets.append(await listen(self.state, listener, shared))

    def ports(self) -> list[int]:
        """The ports in use, in the order of the listeners."""
        return [int(one.getsockname()[1]) for each in self.sockets for one in each.sockets]

    def _expire(self, now: float) -> float:
        self.state.registry.expire()
        self.state.limiter.flush()
        self.state.look_ahead(now)
        return now + 1

    def health(self) -> dict[str, object]:
        """Whether this process takes publishes and Kafka answers."""
        kafka = self.state.delivery.topics.age() < HEALTHY_SECONDS
        listening = bool(self.sockets) and not self.state.stopping
        connections = len(self.state.connections)
        return {"ok": kafka and listening, "kafka": kafka, "listening": listening, "connections": connections}

    def snapshot(self) -> dict[str, Any]:
        """Counters of this moment."""
        state, counters = self.state, self.state.counters
        counters.connections = len(state.connections)
        counters.in_flight = state.delivery.in_flight
        counters.in_flight_bytes = state.delivery.in_flight_bytes
        counters.waiting = len(state.waiting)
        counters.held_bytes = state.held.bytes
        return counters.snapshot()

    async def stop(self) -> None:
        """Drain and close; see the module's docstring for the order."""
        state, delivery, seconds = self.state, self.state.delivery, self.state.limits.drain
        state.stopping = True
        for socket in self.sockets:
            socket.close()
        for connection in list(state.connections):
            connection.stop_reading()
        drained = await delivery.drained(seconds)
        for connection in list(state.connections):
            connection.end(Reason.SHUTTING_DOWN, "The proxy is shutting down.")
        drained = await delivery.drained(min(2.0, seconds)) and drained
        log.info("stopped", extra={"drained": drained, "unconfirmed": delivery.in_flight})
        for task in list(state.tasks):
            task.cancel()
        await delivery.close()
        state.accounts.close()
