"""One socket: bytes into the session, events out to Kafka, answers back.

Rules that hold here: a connection hands over no more publishes than its window and the process have room for; what
comes behind them waits as bytes inside the session, in the order it came. At first the socket is simply not read, as in
any moment of load; when nothing has moved for a second, Kafka is away rather than busy, and the connection reads ahead,
up to its allowance, to answer the pings it finds. Reading also stops, one bit per reason, while CONNECT is checked and
while the peer does not read its answers. A client is never called silent for a time in which nobody listened to it. A
peer that is gone while its publishes wait is gone after them.
"""

from __future__ import annotations

import asyncio
import logging
from enum import IntFlag
from typing import Any, Protocol

from lab.proxy.config import Listener
from lab.proxy.core.opening import Grant, refusal
from lab.proxy.core.packets import V5, Connect, Ended, Publish
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Identity, Refusal, Route, content, headers, too_large
from lab.proxy.core.session import Event, Session
from lab.proxy.core.sessions import EndedSession
from lab.proxy.core.table import State
from lab.proxy.held_bytes import SMALL
from lab.proxy.identity import identify
from lab.proxy.state import ServerState

log = logging.getLogger(__name__)

ROUTES_MAX, ROUTED_TOPIC_MAX = 64, 256
"""Routes remembered per connection, and the longest topic among them; a device has a handful of short ones."""
CLOSING_SECONDS = 5.0
"""How long a peer has to take its last bytes."""
ASK_SECONDS = 10.0
"""How often the keep-alive of a connection is looked at, at least. A client may ask for one of 18 hours, and come and
go a thousand times a second."""
UNSENT_MAX = 16_384
"""Bytes of answers that wait for a peer before it is not read any more."""


class PauseReason(IntFlag):
    """Why a socket is not read."""

    CHECKING = 1
    WAITING = 2
    """Publishes wait for room in flight."""
    AHEAD = 4
    """They still do, and as much was read ahead as may be."""
    WRITING = 8
    STOPPING = 16


class Transport(Protocol):
    """What a connection needs of a transport; asyncio's have it, and the WebSocket layer."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_extra_info(self, name: str) -> Any: ...


class Connection(asyncio.BufferedProtocol):
    """One MQTT client's connection."""

    __slots__ = (
        "_admission",
        "_charged",
        "_doomed",
        "_generation",
        "_gone",
        "_listener",
        "_paused",
        "_routes",
        "_state",
        "_transport",
        "identity",
        "in_flight",
        "session",
        "token",
    )

    def __init__(self, state: ServerState, listener: Listener) -> None:
        self._state = state
        self._listener = listener
        self._transport: Transport | None = None
        self._paused = 0
        self._routes: dict[str, Route | Refusal] | None = None
        self._generation = 0
        self._admission: asyncio.Task[None] | None = None
        self._charged = 0
        """What the process's account knows that this connection holds."""
        self._doomed = False
        """A refusal is about to close the connection: nothing behind it is taken."""
        self._gone = False
        """The peer is gone, and publishes of it wait."""
        self.in_flight = 0
        self.token = 0
        """Number of the claim to its client id; 0 before there is one."""
        self.identity: Identity | None = None
        self.session = Session(state.session_limits, state.now())

    # asyncio's side.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if not self._state.arrived(self):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=UNSENT_MAX)
        self._state.wheel.add(self._opening_due, self._state.now() + self._state.limits.connect_timeout)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._state.held.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._state.held.read(nbytes))

    def data_received(self, data: bytes) -> None:
        """Take bytes that were read."""
        self.session.credit = self._credit()
        self._handle(self.session.receive(data, self._state.now()))
        self.flow()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.session.stalled and not self._paused & PauseReason.STOPPING:
            self._gone = True
            return
        self._state.left(self)
        self._handle(self.session.lost())

    def pause_writing(self) -> None:
        self.pause(PauseReason.WRITING)

    def resume_writing(self) -> None:
        self.resume(PauseReason.WRITING)

    def pause(self, reason: PauseReason) -> None:
        """Stop reading for this reason too."""
        if not self._paused and self._transport is not None:
            self._transport.pause_reading()
        self._paused |= reason

    def resume(self, reason: PauseReason) -> None:
        """This reason is gone; read again when no other is left."""
        if self._paused and not self._paused & ~reason:
            self.session.heard = self._state.now()
            if self._transport is not None and not self.session.closed:
                self._transport.resume_reading()
        self._paused &= ~reason

    def stop_reading(self) -> None:
        """The process is about to stop."""
        self.pause(PauseReason.STOPPING)

    # Flow control.

    def _credit(self) -> int:
        """How many publishes may be taken now."""
        if self._doomed:
            return 0
        shared = self._state
        return min(shared.limits.receive_maximum - self.in_flight, shared.delivery.room())

    def flow(self) -> None:
        """After every change: go on with what waits, or wait; and account for what is held."""
        session, moved = self.session, False
        while session.stalled and (credit := self._credit()) > 0:
            moved = True
            self._handle(session.proceed(credit))
        if session.stalled:
            self._state.wait(self, moved)
            if not session.looking:
                if self._state.stuck():
                    self.look_ahead()
                else:
                    self.pause(PauseReason.WAITING)
        elif self._state.flows(self):
            self.resume(PauseReason.WAITING | PauseReason.AHEAD)
            if self._gone:
                self._handle(session.lost())
        self._account()

    def look_ahead(self) -> None:
        """Nothing has moved for a while: read on behind what waits, and answer the pings there."""
        self.session.look_ahead()
        self._write()
        self.resume(PauseReason.WAITING)
        self._account()

    def _account(self) -> None:
        """Tell the process's account what this connection holds; beyond what it may, read no more or close."""
        session, held = self.session, self._state.held
        if session.closed:
            return
        size = session.holding()
        grew = size > self._charged
        if size != self._charged:
            held.change(size - self._charged)
            self._charged = size
        if session.stalled:
            ahead, allowance = session.held_back(), held.allowance()
            if ahead > allowance:
                self.pause(PauseReason.AHEAD)
            elif ahead * 2 <= allowance:
                self.resume(PauseReason.AHEAD)
        elif grew and held.full and size > SMALL:
            self.end(Reason.QUOTA_EXCEEDED, "The proxy holds as much for its clients as it may; try again later.")

    # The session's events.

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is Publish:
                self._publish(event)
            elif type(event) is Connect:
                self.pause(PauseReason.CHECKING)
                self._admission = self._state.spawn(self._admit(event), "admit")
            elif type(event) is Ended:
                self._ended(event)
        if self.session.out:
            self._write()
        if self.session.closed and self._transport is not None:
            self._finish(self._transport)

    def _write(self) -> None:
        data = self.session.take_output()
        if data and self._transport is not None:
            self._transport.write(data)

    def _publish(self, publish: Publish) -> None:
        if self._doomed:
            return
        shared = self._state
        route = self._routes.get(publish.topic) if self._routes and self._generation == shared.generation else None
        if route is None:
            route = self._route(publish.topic)
        shared.counters.publishes[publish.qos] += 1
        if type(route) is Route:
            publish.acknowledge = route.acknowledge
            extra = headers(route, publish) if route.headers or publish.retain or publish.properties else None
            if (len(publish.payload) if extra is None else content(route, publish, extra)) <= route.max_bytes:
                shared.delivery.send(self, publish, route, extra)
                return
        self._refuse(publish, route)

    def _route(self, topic: str) -> Route | Refusal:
        """Where the rules say, remembered until they are loaded again."""
        routes = self._routes
        if routes is None or self._generation != self._state.generation or len(routes) >= ROUTES_MAX:
            routes = self._routes = {}
            self._generation = self._state.generation
        route = self._state.router.route(topic, self._name())
        if len(topic) <= ROUTED_TOPIC_MAX:
            routes[topic] = route
        return route

    def _refuse(self, publish: Publish, route: Route | Refusal) -> None:
        """Decide against a publish at once. At QoS 0 there is nobody to tell."""
        if isinstance(route, Route):
            route = too_large(route)
        publish.reason, publish.detail, publish.acknowledge = route.reason, route.detail, route.acknowledge
        publish.payload, publish.properties = b"", None
        self._state.counters.refused += 1
        self._state.refused(self._name(), publish)
        if publish.qos:
            self._doomed = self.session.version != V5 and not route.acknowledge
            self._state.soon(self)

    def failed(self, publish: Publish) -> None:
        """Kafka refused this publish for good."""
        self._state.refused(self._name(), publish)

    def flush_acknowledgements(self) -> None:
        """Some publishes were decided: acknowledge them, and go on when half the window is free."""
        self._handle(self.session.flush_acknowledgements())
        if self.session.stalled and self.in_flight <= self._state.limits.receive_maximum // 2:
            self.flow()

    def _name(self) -> Identity:
        if self.identity is None:
            raise RuntimeError("a publish before CONNECT was accepted")
        return self.identity

    # CONNECT.

    async def _admit(self, connect: Connect) -> None:
        no = refusal(connect)
        if no is None:
            found = await identify(connect, self._listener, self._state.accounts, self._transport)
            no = found if isinstance(found, tuple) else self._may_leave_will(connect, found)
        if no is not None:
            self._state.turned_away(connect.client_id, *no)
            self._handle(self.session.refuse(*no))
        elif self.session.state is State.CHECKING:
            await self._claim(connect)

    def _may_leave_will(self, connect: Connect, identity: Identity) -> tuple[Reason, str] | None:
        """A will that would be refused when it is due is refused now and not lost then."""
        self.identity = identity
        no = self._state.will_refused(connect.will, identity) if connect.will else None
        if no is None:
            return None
        reason = no.reason if connect.version == V5 else Reason.NOT_AUTHORIZED  # 3.1.1 has no return code nearer
        return reason, f"Its will cannot be published: {no.detail}"

    async def _claim(self, connect: Connect) -> None:
        identity = self._name()
        granted = await self._state.registry.claim(self, identity.client_id, connect.clean_start)
        if granted is None or self.session.state is not State.CHECKING:
            return
        grant = Grant(identity.client_id, not connect.client_id, granted.present, granted.received)
        self.session.credit = self._credit()
        self._handle(self.session.accept(grant))
        if self.session.closed:
            return
        self._admission = None
        self._state.counters.connects += 1
        self.resume(PauseReason.CHECKING)
        self.flow()
        if self.session.keep_alive:
            self._state.wheel.add(self._keeping_due, self._next_ask(self._state.now()))

    # The end.

    def evict(self) -> None:
        """Another connection came with this client id."""
        self._state.counters.takeovers += 1
        self.end(Reason.SESSION_TAKEN_OVER, "Another connection has this client id now.")

    def end(self, reason: Reason, cause: str) -> None:
        """Close from this side."""
        self._handle(self.session.end(reason, cause))

    def _ended(self, event: Ended) -> None:
        shared = self._state
        shared.counters.protocol_errors += event.fault
        level = logging.DEBUG if self._doomed else logging.INFO  # the refusal has its own line
        facts = {"client": self.identity and self.identity.client_id, "reason": int(event.reason), "cause": event.cause}
        log.log(level, "closed", extra=facts)
        shared.flows(self)
        if self._gone:
            shared.left(self)
        shared.held.change(-self._charged)
        self._charged = 0
        if self._admission is not None and self._admission is not asyncio.current_task():
            self._admission.cancel()
        self._admission = None
        if self.token and self.identity:
            received = self.session.inbound.received() if self.session.inbound else frozenset()
            ended = EndedSession(received, self.session.expiry, event.will, self.identity)
            shared.registry.release(self, self.identity.client_id, ended)
        self.session.will = self.session.inbound = self._routes = (
            None  # the wheel still knows this connection for a while
        )

    def _finish(self, transport: Transport) -> None:
        self._transport = None
        transport.close()
        self._state.wheel.add(lambda _now: transport.abort(), self._state.now() + CLOSING_SECONDS)

    # Deadlines.

    def _opening_due(self, now: float) -> float | None:
        state = self.session.state
        if state is State.NEW:
            self.end(Reason.UNSPECIFIED, "No CONNECT came in time.")
        elif state is State.CHECKING:
            due = self.session.heard + self._state.limits.login_timeout
            if now < due:
                return due
            self._state.counters.refused_connects += 1
            self.end(Reason.SERVER_BUSY, "CONNECT could not be decided in time: many clients are logging in.")
        return None

    def _keeping_due(self, now: float) -> float | None:
        if self.session.state is not State.OPEN:
            return None
        if self._paused or self._gone:
            self.session.heard = now
        elif self.session.overdue(now):
            self.end(Reason.KEEP_ALIVE_TIMEOUT, "Nothing was heard for one and a half keep-alive intervals.")
            return None
        return self._next_ask(now)

    def _next_ask(self, now: float) -> float:
        """When to look again: at the deadline, or sooner, so that the wheel keeps no closed connection for hours."""
        return min(self.session.heard + 1.5 * self.session.keep_alive, now + ASK_SECONDS)
