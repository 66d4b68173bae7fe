"""What the connections of one process share, and what they ask of it.

It is made before there is a listener or a connection: each of them is given it, and it knows them by what `Peer` says
alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from lab.proxy.accounts import Accounts
from lab.proxy.config import Config
from lab.proxy.core.packets import Publish, Will
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Identity, Refusal, Router, content, headers, too_large
from lab.proxy.delivery import Delivery
from lab.proxy.held_bytes import HeldBytes
from lab.proxy.logs import LogLimiter
from lab.proxy.metrics import Counters
from lab.proxy.registry import LocalRegistry, Registry
from lab.proxy.timer_wheel import TimerWheel

log = logging.getLogger(__name__)

STALL_SECONDS = 1.0
"""How long publishes wait before their connection is read ahead: under load room comes back much sooner."""


class Peer(Protocol):
    """A connection, as far as the others are concerned."""

    def flow(self) -> None:
        """There may be room in flight: go on with what waits."""

    def look_ahead(self) -> None:
        """There has been none for a while: read on and answer pings."""

    def flush_acknowledgements(self) -> None:
        """Some of its publishes were decided."""

    def stop_reading(self) -> None:
        """The process is about to stop."""

    def end(self, reason: Reason, cause: str) -> None:
        """Close it from this side."""


class _WillSender:
    """Waits for a will, whose client is gone."""

    def __init__(self, state: ServerState, identity: Identity) -> None:
        self.in_flight = 0
        self._state = state
        self._identity = identity

    def flush_acknowledgements(self) -> None:
        """Nobody is there to be told."""

    def failed(self, publish: Publish) -> None:
        """The will is lost: say so in full."""
        self._state.refused(self._identity, publish, "will refused")


class ServerState:
    """What every connection of this process shares."""

    def __init__(self, config: Config) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.limits = config.limits
        self.session_limits = config.limits.session()
        self.counters = Counters()
        self.router = Router(config.rule)
        self.generation = 0
        """Counts reloads, so that connections forget the routes they remember."""
        self.accounts = Accounts(config.passwords)
        self.held = HeldBytes(config.limits.held_bytes, config.limits.read_ahead)
        self.limiter = LogLimiter(self.now)
        self.delivery = Delivery(config.kafka, config.limits, self.counters, self._room)
        self.wheel = TimerWheel()
        self.registry: Registry = LocalRegistry(config.limits, self.publish_will)
        self.connections: set[Peer] = set()
        self.waiting: dict[Peer, float] = {}
        """Connections whose publishes wait, those that waited longest first, and when they last got some room."""
        self._decided: dict[Peer, None] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = False

    def reload(self, config: Config) -> None:
        """Take new rules and passwords; connections stay. Raises LabError and changes nothing when they are wrong."""
        self.accounts.load()
        self.router = Router(config.rule)
        self.generation += 1
        log.info("rules and passwords loaded", extra={"rules": len(config.rule)})

    # What connections ask for.

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` beside everything else, owned by this server."""
        task = self._loop.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def open_for(self, coming: int) -> bool:
        """Whether one more connection may come, beside those that are still on their way in."""
        return not self.stopping and len(self.connections) + coming < self.limits.connections

    def arrived(self, connection: Peer) -> bool:
        """Take a new connection; False when there are too many."""
        if not self.open_for(0):
            return False
        self.connections.add(connection)
        return True

    def left(self, connection: Peer) -> None:
        """The connection is gone."""
        self.connections.discard(connection)

    def soon(self, connection: Peer) -> None:
        """Settle the connection after the current event, once however often it is asked for."""
        if not self._decided:
            self._loop.call_soon(self._flush_decided)
        self._decided[connection] = None

    def _flush_decided(self) -> None:
        decided, self._decided = self._decided, {}
        for connection in decided:
            connection.flush_acknowledgements()

    # Publishes that wait.

    def wait(self, connection: Peer, moved: bool) -> None:
        """The connection's publishes wait for room; when it has just had some (`moved`), behind all others."""
        if moved:
            self.waiting.pop(connection, None)
        self.waiting.setdefault(connection, self.now())

    def flows(self, connection: Peer) -> bool:
        """Nothing of the connection waits any more; whether something did."""
        return self.waiting.pop(connection, None) is not None

    def stuck(self) -> bool:
        """Whether the one that has waited longest has waited long: Kafka is away, and not merely busy."""
        oldest = next(iter(self.waiting.values()), None)
        return oldest is not None and self.now() - oldest >= STALL_SECONDS

    def _room(self, free: bool) -> None:
        """A bound of what is in flight is reached, or half is free again: let those go on that waited longest."""
        self.counters.paused += not free
        for connection in list(self.waiting) if free else ():
            if self.delivery.full:
                break
            connection.flow()

    def look_ahead(self, now: float) -> None:
        """Read on where nothing has moved for a while."""
        for connection, since in list(self.waiting.items()):
            if now - since >= STALL_SECONDS:
                connection.look_ahead()

    # What is refused.

    def refused(self, identity: Identity, publish: Publish, event: str = "publish refused") -> None:
        """Say once a minute what was refused of whom, and why."""
        facts = {"client": identity.client_id, "topic": publish.topic, "qos": publish.qos}
        key = (identity.client_id, publish.topic)
        self.limiter.warn(event, key, **facts, reason=int(publish.reason), cause=publish.detail)

    def turned_away(self, client: str, reason: Reason, cause: str) -> None:
        """Say once a minute which client may not connect, and why."""
        self.counters.refused_connects += 1
        self.limiter.warn("CONNECT refused", (client, cause), client=client, reason=int(reason), cause=cause)

    def handshake_failed(self, address: str, port: int, error: Exception) -> None:
        """Say once a minute who cannot speak TLS with us, and why."""
        self.counters.tls_failures += 1
        cause = getattr(error, "reason", None) or str(error) or type(error).__name__
        self.limiter.warn("TLS handshake failed", (address, port, cause), address=address, port=port, cause=cause)

    def turned_away_websocket(self, address: str, cause: str, facts: dict[str, str]) -> None:
        """Say once a minute who asked for a WebSocket that is not here."""
        self.counters.refused_connects += 1
        self.limiter.warn("WebSocket refused", (address, cause), address=address, cause=cause, **facts)

    def will_refused(self, will: Will, identity: Identity) -> Refusal | None:
        """Why this will could not be published now; None when it could."""
        route = self.router.route(will.topic, identity)
        if isinstance(route, Refusal):
            return route
        message = will.message()
        return too_large(route) if content(route, message, headers(route, message)) > route.max_bytes else None

    def publish_will(self, will: Will, identity: Identity) -> None:
        """Send a client's last will where the rules say."""
        message = will.message()
        route = self.will_refused(will, identity) or self.router.route(will.topic, identity)
        if isinstance(route, Refusal):  # the rules were loaded again since CONNECT
            self.counters.refused += 1
            message.reason, message.detail = route.reason, route.detail
            self.refused(identity, message, "will refused")
            return
        self.counters.wills += 1
        self.delivery.send(_WillSender(self, identity), message, route, headers(route, message) or None)
