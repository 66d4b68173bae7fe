"""One socket: bytes into the session, events out to Kafka, answers back.

Rules that hold here: reading stops, one bit per reason, while CONNECT is checked, too much is in flight or the peer
does not read its answers; a client is never called silent for a time in which nobody listened to it.
"""

from __future__ import annotations

import asyncio
import logging
from enum import IntFlag
from typing import TYPE_CHECKING, Any, Protocol

from lab.proxy.headers import headers
from lab.proxy.opening import Grant, refusal
from lab.proxy.packets import Connect, Ended, Publish
from lab.proxy.reasons import Reason
from lab.proxy.rules import Refusal, Route, Who
from lab.proxy.session import Event, Session
from lab.proxy.sessions import Legacy
from lab.proxy.table import State

if TYPE_CHECKING:
    from lab.proxy.config import Listener
    from lab.proxy.server import Server

log = logging.getLogger(__name__)

ROUTES_MAX = 64
"""Routes remembered per connection; a device has a handful of topics."""
CLOSING_SECONDS = 5.0
"""How long a peer has to take its last bytes."""
QUIET = {Reason.SUCCESS, Reason.UNSPECIFIED, Reason.SESSION_TAKEN_OVER, Reason.SHUTTING_DOWN, Reason.KEEP_ALIVE_TIMEOUT}
"""Ends that are no fault of the client's protocol."""


class Why(IntFlag):
    """Why a socket is not read."""

    CHECKING = 1
    IN_FLIGHT = 2
    KAFKA = 4
    WRITING = 8


class Wire(Protocol):
    """What a link needs of a transport; asyncio's have it, and the WebSocket layer."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_extra_info(self, name: str) -> Any: ...


class Link(asyncio.Protocol):
    """One MQTT client's connection."""

    __slots__ = ("_generation", "_listener", "_routes", "_server", "_why", "_wire", "flying", "session", "token", "who")

    def __init__(self, server: Server, listener: Listener) -> None:
        self._server = server
        self._listener = listener
        self._wire: Wire | None = None
        self._why = 0
        self._routes: dict[str, Route | Refusal] | None = None
        self._generation = 0
        self.flying = 0
        self.token = 0
        """Number of the claim to its client id; 0 before there is one."""
        self.who: Who | None = None
        self.session = Session(server.session_limits, server.now())

    # asyncio's side.

    def connection_made(self, transport: Any) -> None:
        self._wire = transport
        if not self._server.arrived(self):
            transport.abort()
            return
        self._server.wheel.add(self._opening_due, self._server.now() + self._server.limits.connect_timeout)

    def data_received(self, data: bytes) -> None:
        self._handle(self.session.receive(data, self._server.now()))
        if self.flying > self._server.limits.receive_maximum:
            self.pause(Why.IN_FLIGHT)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.left(self)
        self._handle(self.session.lost())
        self._wire = None

    def pause_writing(self) -> None:
        self.pause(Why.WRITING)

    def resume_writing(self) -> None:
        self.resume(Why.WRITING)

    def pause(self, why: Why) -> None:
        """Stop reading for this reason too."""
        if not self._why and self._wire is not None:
            self._wire.pause_reading()
        self._why |= why

    def resume(self, why: Why) -> None:
        """This reason is gone; read again when no other is left."""
        if self._why and not self._why & ~why:
            self.session.heard = self._server.now()
            if self._wire is not None and self.session.state is not State.CLOSED:
                self._wire.resume_reading()
        self._why &= ~why

    # The session's events.

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is Publish:
                self._publish(event)
            elif type(event) is Connect:
                self.pause(Why.CHECKING)
                self._server.spawn(self._admit(event), "admit")
            elif type(event) is Ended:
                self._ended(event)
        if self.session.out and self._wire is not None:
            self._wire.write(self.session.take_output())
        if self.session.state is State.CLOSED and self._wire is not None:
            self._finish(self._wire)

    def _publish(self, publish: Publish) -> None:
        server = self._server
        routes = self._routes
        if routes is None or self._generation != server.generation:
            routes = self._routes = {}
            self._generation = server.generation
        route = routes.get(publish.topic)
        if route is None:
            if len(routes) >= ROUTES_MAX:
                routes.clear()
            route = routes[publish.topic] = server.router.route(publish.topic, self._name())
        server.counters.publishes[publish.qos] += 1
        if type(route) is Route and len(publish.payload) <= route.max_bytes:
            extra = headers(route, publish) if route.headers or publish.retain or publish.properties else None
            server.delivery.send(self, publish, route, extra)
        else:
            self._refuse(publish, route)

    def _refuse(self, publish: Publish, route: Route | Refusal) -> None:
        """Decide against a publish at once. At QoS 0 there is nobody to tell."""
        if isinstance(route, Route):
            route = Refusal(Reason.QUOTA_EXCEEDED, f"Rule {route.rule} takes at most {route.max_bytes} bytes.")
        publish.reason, publish.detail = route.reason, route.detail
        self._server.counters.refused += 1
        if publish.qos:
            self._server.soon(self)

    def settled(self) -> None:
        """Some publishes were decided: acknowledge them, and read again when half the window is free."""
        self._handle(self.session.settle())
        if self._why & Why.IN_FLIGHT and self.flying <= self._server.limits.receive_maximum // 2:
            self.resume(Why.IN_FLIGHT)

    def _name(self) -> Who:
        if self.who is None:
            raise RuntimeError("a publish before CONNECT was accepted")
        return self.who

    # CONNECT.

    async def _admit(self, connect: Connect) -> None:
        no = refusal(connect)
        if no is None:
            found = await self._server.identify(connect, self._listener, self._wire)
            no = found if isinstance(found, tuple) else self._may_leave_will(connect, found)
        if no is not None:
            self._server.counters.refused_connects += 1
            log.info("CONNECT refused", extra={"client": connect.client_id, "reason": int(no[0]), "cause": no[1]})
            self._handle(self.session.refuse(*no))
        elif self.session.state is State.CHECKING:
            await self._claim(connect)

    def _may_leave_will(self, connect: Connect, who: Who) -> tuple[Reason, str] | None:
        """A will that no rule would take is refused now and not lost later."""
        self.who = who
        route = self._server.router.route(connect.will.topic, who) if connect.will else None
        return (route.reason, route.detail) if isinstance(route, Refusal) else None

    async def _claim(self, connect: Connect) -> None:
        who = self._name()
        granted = await self._server.registry.claim(self, who.client_id, connect.clean_start)
        if granted is None or self.session.state is not State.CHECKING:
            return
        grant = Grant(who.client_id, not connect.client_id, granted.present, granted.received)
        self._server.counters.connects += 1
        self._handle(self.session.accept(grant))
        self.resume(Why.CHECKING)
        if self.session.keep_alive:
            self._server.wheel.add(self._keeping_due, self._server.now() + 1.5 * self.session.keep_alive)

    # The end.

    def evict(self) -> None:
        """Another connection came with this client id."""
        self._server.counters.takeovers += 1
        self.end(Reason.SESSION_TAKEN_OVER, "Another connection has this client id now.")

    def end(self, reason: Reason, cause: str) -> None:
        """Close from this side."""
        self._handle(self.session.end(reason, cause))

    def _ended(self, event: Ended) -> None:
        if event.reason not in QUIET:
            self._server.counters.protocol_errors += 1
        log.info(
            "closed", extra={"client": self.who and self.who.client_id, "reason": event.reason, "cause": event.cause}
        )
        if self.token and self.who:
            received = self.session.inflow.received() if self.session.inflow else frozenset()
            legacy = Legacy(received, self.session.expiry, event.will, self.who)
            self._server.registry.release(self, self.who.client_id, legacy)

    def _finish(self, wire: Wire) -> None:
        self._wire = None
        wire.close()
        self._server.wheel.add(lambda _now: wire.abort(), self._server.now() + CLOSING_SECONDS)

    # Deadlines.

    def _opening_due(self, _now: float) -> None:
        if self.session.state in (State.NEW, State.CHECKING):
            self.end(Reason.UNSPECIFIED, "No CONNECT came in time.")

    def _keeping_due(self, now: float) -> float | None:
        if self.session.state is not State.OPEN:
            return None
        if self._why:
            self.session.heard = now
        elif self.session.overdue(now):
            self.end(Reason.KEEP_ALIVE_TIMEOUT, "Nothing was heard for one and a half keep-alive intervals.")
            return None
        return self.session.heard + 1.5 * self.session.keep_alive
