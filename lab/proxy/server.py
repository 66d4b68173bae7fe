"""One process of the proxy: what its connections share, its start, its reload and its end.

The order of stopping: refuse new connections, stop reading, wait for Kafka up to the deadline, tell every client,
close, send the wills, wait for those.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any

from lab.proxy.accounts import Accounts, Busy
from lab.proxy.config import Config, Listener
from lab.proxy.delivery import Delivery
from lab.proxy.headers import headers
from lab.proxy.link import Link, Why
from lab.proxy.metrics import Counters
from lab.proxy.packets import Connect, Will
from lab.proxy.reasons import Reason
from lab.proxy.registry import LocalRegistry, Registry
from lab.proxy.rules import Refusal, Router, Who
from lab.proxy.wheel import Wheel

log = logging.getLogger(__name__)

HEALTHY_SECONDS = 30.0
"""How old Kafka's last answer may be: the watch asks every 5 s and waits at most 10 s."""


class _Nobody:
    """Waits for wills, whose clients are gone."""

    flying = 0

    def settled(self) -> None:
        """Nobody is there to be told."""


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
        self.delivery = Delivery(config.kafka, config.limits, self.counters, self._room)
        self.wheel = Wheel()
        self.registry: Registry = LocalRegistry(config.limits.sessions, self.publish_will)
        self.sockets: list[asyncio.Server] = []
        self._links: set[Link] = set()
        self._decided: dict[Link, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._nobody = _Nobody()
        self._stopping = False

    # What links ask for.

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` beside everything else, owned by this server."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def arrived(self, link: Link) -> bool:
        """Take a new connection; False when there are too many."""
        if self._stopping or len(self._links) >= self.limits.connections:
            return False
        self._links.add(link)
        if self.delivery.full:
            link.pause(Why.KAFKA)
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

    def _room(self, free: bool) -> None:
        """Kafka is slow: stop reading everywhere; or it has caught up."""
        self.counters.paused += not free
        for link in list(self._links):
            if free and not self._stopping:
                link.resume(Why.KAFKA)
            else:
                link.pause(Why.KAFKA)

    def publish_will(self, will: Will, who: Who) -> None:
        """Send a client's last will where the rules say."""
        route = self.router.route(will.topic, who)
        message = will.message()
        if isinstance(route, Refusal) or len(message.payload) > route.max_bytes:
            self.counters.refused += 1
            log.warning("will refused", extra={"client": who.client_id})
            return
        self.counters.wills += 1
        extra = headers(route, message)
        self.delivery.send(self._nobody, message, route, extra or None)

    async def identify(self, connect: Connect, listener: Listener, wire: Any) -> Who | tuple[Reason, str]:
        """Whom a CONNECT comes from, or why it may not."""
        found = await self._authenticate(connect, listener, wire)
        if isinstance(found, Who) and listener.own_client_id and found.client_id not in (found.user, found.certificate):
            return Reason.CLIENT_ID_NOT_VALID, "The client id must be the user's or the certificate's name."
        return found

    async def _authenticate(self, connect: Connect, listener: Listener, wire: Any) -> Who | tuple[Reason, str]:
        client_id = connect.client_id or f"auto-{secrets.token_hex(12)}"
        certificate = _common_name(wire.get_extra_info("peercert")) if wire is not None else None
        if connect.username is None:
            if listener.anonymous or certificate:
                return Who(client_id, None, certificate)
            return Reason.NOT_AUTHORIZED, "This listener wants a user name and a password."
        try:
            right = await self.accounts.check(connect.username, connect.password or b"")
        except Busy:
            return Reason.SERVER_BUSY, "Too many clients are connecting; try again."
        if not right:
            return Reason.BAD_USER_OR_PASSWORD, "The user name or the password is wrong."
        return Who(client_id, connect.username, certificate)

    # Life.

    def start(self) -> None:
        """Begin the work that goes on until `stop`."""
        self.spawn(self.delivery.watch(), "watch Kafka")
        self.spawn(self.wheel.turn(), "wheel")
        self.wheel.add(self._expire, self.now() + 1)

    def _expire(self, now: float) -> float:
        self.registry.expire()
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
        return self.counters.snapshot()

    async def stop(self) -> None:
        """Drain and close; see the module's docstring for the order."""
        self._stopping = True
        for socket in self.sockets:
            socket.close()
        for link in list(self._links):
            link.pause(Why.KAFKA)
        drained = await self.delivery.drained(self.limits.drain)
        for link in list(self._links):
            link.end(Reason.SHUTTING_DOWN, "The proxy is shutting down.")
        drained = await self.delivery.drained(min(2.0, self.limits.drain)) and drained
        log.info("stopped", extra={"drained": drained, "unconfirmed": self.delivery.flying})
        for task in list(self._tasks):
            task.cancel()
        await self.delivery.close()
        self.accounts.close()


def _common_name(certificate: dict[str, Any] | None) -> str | None:
    """The subject's common name of a verified client certificate."""
    for part in (certificate or {}).get("subject", ()):
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None
