"""One process of the proxy: what its connections share, its start, its reload and its end.

The order of stopping: refuse new connections, stop reading, wait for Kafka up to the deadline, tell every client,
close, send the wills, wait for those.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from lab.proxy.accounts import Accounts
from lab.proxy.config import Config
from lab.proxy.connection import Link, Why, too_large
from lab.proxy.core.headers import content, headers
from lab.proxy.core.packets import Publish, Will
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Refusal, Router, Who
from lab.proxy.delivery import Delivery
from lab.proxy.held_bytes import Held
from lab.proxy.log_limits import Repeats
from lab.proxy.metrics import Counters
from lab.proxy.registry import LocalRegistry, Registry
from lab.proxy.timer_wheel import Wheel

log = logging.getLogger(__name__)

HEALTHY_SECONDS = 30.0
"""How old Kafka's last answer may be: the watch asks every 5 s and waits at most 10 s."""
STALL_SECONDS = 1.0
"""How long publishes wait before their connection is read ahead: under load room comes back much sooner."""


class Listening(Protocol):
    """A listener that is open."""

    @property
    def sockets(self) -> Sequence[Any]: ...

    def close(self) -> None: ...


class _Nobody:
    """Waits for a will, whose client is gone."""

    def __init__(self, server: Server, who: Who) -> None:
        self.flying = 0
        self._server = server
        self._who = who

    def settled(self) -> None:
        """Nobody is there to be told."""

    def failed(self, publish: Publish) -> None:
        """The will is lost: say so in full."""
        self._server.refused(self._who, publish, "will refused")


class Server:
    """What every link of this process shares."""

    def __init__(self, config: Config) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.limits = config.limits
        self.session_limits = config.limits.session()
        self.counters = Counters()
        self.router = Router(config.rule)
        self.generation = 0
        """Counts reloads, so that links forget the routes they remember."""
        self.accounts = Accounts(config.passwords)
        self.held = Held(config.limits.held_bytes, config.limits.read_ahead)
        self.repeats = Repeats(self.now)
        self.delivery = Delivery(config.kafka, config.limits, self.counters, self._room)
        self.wheel = Wheel()
        self.registry: Registry = LocalRegistry(config.limits, self.publish_will)
        self.sockets: list[Listening] = []
        self._links: set[Link] = set()
        self._waiting: dict[Link, float] = {}
        """Links whose publishes wait, those that waited longest first, and when they last got some room."""
        self._decided: dict[Link, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    # What links ask for.

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` beside everything else, owned by this server."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def open_for(self, coming: int) -> bool:
        """Whether one more connection may come, beside those that are still on their way in."""
        return not self._stopping and len(self._links) + coming < self.limits.connections

    def arrived(self, link: Link) -> bool:
        """Take a new connection; False when there are too many."""
        if not self.open_for(0):
            return False
        self._links.add(link)
        return True

    def left(self, link: Link) -> None:
        """The connection is gone."""
        self._links.discard(link)

    def soon(self, link: Link) -> None:
        """Settle the link after the current event, once however often it is asked for."""
        if not self._decided:
            self._loop.call_soon(self._settle_decided)
        self._decided[link] = None

    def _settle_decided(self) -> None:
        decided, self._decided = self._decided, {}
        for link in decided:
            link.settled()

    # Publishes that wait.

    def wait(self, link: Link, moved: bool) -> None:
        """The link's publishes wait for room; when it has just had some (`moved`), behind all others."""
        if moved:
            self._waiting.pop(link, None)
        self._waiting.setdefault(link, self.now())

    def flows(self, link: Link) -> bool:
        """Nothing of the link waits any more; whether something did."""
        return self._waiting.pop(link, None) is not None

    def stuck(self) -> bool:
        """Whether the one that has waited longest has waited long: Kafka is away, and not merely busy."""
        oldest = next(iter(self._waiting.values()), None)
        return oldest is not None and self.now() - oldest >= STALL_SECONDS

    def _room(self, free: bool) -> None:
        """A bound of what is in flight is reached, or half is free again: let those go on that waited longest."""
        self.counters.paused += not free
        for link in list(self._waiting) if free else ():
            if self.delivery.full:
                break
            link.flow()

    def _look_ahead(self, now: float) -> None:
        """Read on where nothing has moved for a while."""
        for link, since in list(self._waiting.items()):
            if now - since >= STALL_SECONDS:
                link.look_ahead()

    # What is refused.

    def refused(self, who: Who, publish: Publish, event: str = "publish refused") -> None:
        """Say once a minute what was refused of whom, and why."""
        facts = {"client": who.client_id, "topic": publish.topic, "qos": publish.qos}
        key = (who.client_id, publish.topic)
        self.repeats.warn(event, key, **facts, reason=int(publish.reason), cause=publish.detail)

    def turned_away(self, client: str, reason: Reason, cause: str) -> None:
        """Say once a minute which client may not connect, and why."""
        self.counters.refused_connects += 1
        self.repeats.warn("CONNECT refused", (client, cause), client=client, reason=int(reason), cause=cause)

    def handshake_failed(self, address: str, port: int, error: Exception) -> None:
        """Say once a minute who cannot speak TLS with us, and why."""
        self.counters.tls_failures += 1
        cause = getattr(error, "reason", None) or str(error) or type(error).__name__
        self.repeats.warn("TLS handshake failed", (address, port, cause), address=address, port=port, cause=cause)

    def turned_away_websocket(self, address: str, cause: str, facts: dict[str, str]) -> None:
        """Say once a minute who asked for a WebSocket that is not here."""
        self.counters.refused_connects += 1
        self.repeats.warn("WebSocket refused", (address, cause), address=address, cause=cause, **facts)

    def will_refused(self, will: Will, who: Who) -> Refusal | None:
        """Why this will could not be published now; None when it could."""
        route = self.router.route(will.topic, who)
        if isinstance(route, Refusal):
            return route
        message = will.message()
        return too_large(route) if content(route, message, headers(route, message)) > route.max_bytes else None

    def publish_will(self, will: Will, who: Who) -> None:
        """Send a client's last will where the rules say."""
        message = will.message()
        route = self.will_refused(will, who) or self.router.route(will.topic, who)
        if isinstance(route, Refusal):  # the rules were loaded again since CONNECT
            self.counters.refused += 1
            message.reason, message.detail = route.reason, route.detail
            self.refused(who, message, "will refused")
            return
        self.counters.wills += 1
        self.delivery.send(_Nobody(self, who), message, route, headers(route, message) or None)

    # Life.

    def start(self) -> None:
        """Begin the work that goes on until `stop`."""
        self.spawn(self.delivery.watch(), "watch Kafka")
        self.spawn(self.wheel.turn(), "wheel")
        self.wheel.add(self._expire, self.now() + 1)

    def _expire(self, now: float) -> float:
        self.registry.expire()
        self.repeats.flush()
        self._look_ahead(now)
        return now + 1

    def reload(self, config: Config) -> None:
        """Take new rules and passwords; connections stay. Raises LabError and changes nothing when they are wrong."""
        self.accounts.load()
        self.router = Router(config.rule)
        self.generation += 1
        log.info("rules and passwords loaded", extra={"rules": len(config.rule)})

    def health(self) -> dict[str, object]:
        """Whether this process takes publishes and Kafka answers."""
        kafka = self.delivery.age() < HEALTHY_SECONDS
        listening = bool(self.sockets) and not self._stopping
        return {"ok": kafka and listening, "kafka": kafka, "listening": listening, "connections": len(self._links)}

    def snapshot(self) -> dict[str, Any]:
        """Counters of this moment."""
        self.counters.connections = len(self._links)
        self.counters.in_flight = self.delivery.flying
        self.counters.in_flight_bytes = self.delivery.flying_bytes
        self.counters.waiting = len(self._waiting)
        self.counters.held_bytes = self.held.bytes
        return self.counters.snapshot()

    async def stop(self) -> None:
        """Drain and close; see the module's docstring for the order."""
        self._stopping = True
        for socket in self.sockets:
            socket.close()
        for link in list(self._links):
            link.pause(Why.STOPPING)
        drained = await self.delivery.drained(self.limits.drain)
        for link in list(self._links):
            link.end(Reason.SHUTTING_DOWN, "The proxy is shutting down.")
        drained = await self.delivery.drained(min(2.0, self.limits.drain)) and drained
        log.info("stopped", extra={"drained": drained, "unconfirmed": self.delivery.flying})
        for task in list(self._tasks):
            task.cancel()
        await self.delivery.close()
        self.accounts.close()
