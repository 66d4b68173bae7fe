"""One socket: bytes into the session, events out to Kafka, answers back.

Rules that hold here: a link hands over no more publishes than its window and the process have room for; what comes
behind them waits as bytes inside the session, in the order it came. At first the socket is simply not read, as in any
moment of load; when nothing has moved for a second, Kafka is away rather than busy, and the link reads ahead, up to
its allowance, to answer the pings it finds. Reading also stops, one bit per reason, while CONNECT is checked and while
the peer does not read its answers. A client is never called silent for a time in which nobody listened to it. A peer
that is gone while its publishes wait is gone after them.
"""

from __future__ import annotations

import asyncio
import logging
from enum import IntFlag
from typing import TYPE_CHECKING, Any, Protocol

from lab.proxy.core.headers import content, headers
from lab.proxy.core.opening import Grant, refusal
from lab.proxy.core.packets import V5, Connect, Ended, Publish
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Refusal, Route, Who
from lab.proxy.core.session import Event, Session
from lab.proxy.core.sessions import Legacy
from lab.proxy.core.table import State
from lab.proxy.held_bytes import SMALL
from lab.proxy.identity import identify

if TYPE_CHECKING:
    from lab.proxy.config import Listener
    from lab.proxy.server import Server

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


class Why(IntFlag):
    """Why a socket is not read."""

    CHECKING = 1
    WAITING = 2
    """Publishes wait for room in flight."""
    AHEAD = 4
    """They still do, and as much was read ahead as may be."""
    WRITING = 8
    STOPPING = 16


class Wire(Protocol):
    """What a link needs of a transport; asyncio's have it, and the WebSocket layer."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_extra_info(self, name: str) -> Any: ...


class Link(asyncio.BufferedProtocol):
    """One MQTT client's connection."""

    __slots__ = (
        "_admission",
        "_charged",
        "_doomed",
        "_generation",
        "_gone",
        "_listener",
        "_routes",
        "_server",
        "_why",
        "_wire",
        "flying",
        "session",
        "token",
        "who",
    )

    def __init__(self, server: Server, listener: Listener) -> None:
        self._server = server
        self._listener = listener
        self._wire: Wire | None = None
        self._why = 0
        self._routes: dict[str, Route | Refusal] | None = None
        self._generation = 0
        self._admission: asyncio.Task[None] | None = None
        self._charged = 0
        """What the process's account knows that this connection holds."""
        self._doomed = False
        """A refusal is about to close the connection: nothing behind it is taken."""
        self._gone = False
        """The peer is gone, and publishes of it wait."""
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
        transport.set_write_buffer_limits(high=UNSENT_MAX)
        self._server.wheel.add(self._opening_due, self._server.now() + self._server.limits.connect_timeout)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.held.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._server.held.read(nbytes))

    def data_received(self, data: bytes) -> None:
        """Take bytes that were read."""
        self.session.credit = self._credit()
        self._handle(self.session.receive(data, self._server.now()))
        self.flow()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wire = None
        if self.session.stalled and not self._why & Why.STOPPING:
            self._gone = True
            return
        self._server.left(self)
        self._handle(self.session.lost())

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
            if self._wire is not None and not self.session.closed:
                self._wire.resume_reading()
        self._why &= ~why

    # Flow control.

    def _credit(self) -> int:
        """How many publishes may be taken now."""
        if self._doomed:
            return 0
        server = self._server
        return min(server.limits.receive_maximum - self.flying, server.delivery.room())

    def flow(self) -> None:
        """After every change: go on with what waits, or wait; and account for what is held."""
        session, moved = self.session, False
        while session.stalled and (credit := self._credit()) > 0:
            moved = True
            self._handle(session.proceed(credit))
        if session.stalled:
            self._server.wait(self, moved)
            if not session.looking:
                if self._server.stuck():
                    self.look_ahead()
                else:
                    self.pause(Why.WAITING)
        elif self._server.flows(self):
            self.resume(Why.WAITING | Why.AHEAD)
            if self._gone:
                self._handle(session.lost())
        self._account()

    def look_ahead(self) -> None:
        """Nothing has moved for a while: read on behind what waits, and answer the pings there."""
        self.session.look_ahead()
        self._write()
        self.resume(Why.WAITING)
        self._account()

    def _account(self) -> None:
        """Tell the process's account what this connection holds; beyond what it may, read no more or close."""
        session, held = self.session, self._server.held
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
                self.pause(Why.AHEAD)
            elif ahead * 2 <= allowance:
                self.resume(Why.AHEAD)
        elif grew and held.full and size > SMALL:
            self.end(Reason.QUOTA_EXCEEDED, "The proxy holds as much for its clients as it may; try again later.")

    # The session's events.

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is Publish:
                self._publish(event)
            elif type(event) is Connect:
                self.pause(Why.CHECKING)
                self._admission = self._server.spawn(self._admit(event), "admit")
            elif type(event) is Ended:
                self._ended(event)
        if self.session.out:
            self._write()
        if self.session.closed and self._wire is not None:
            self._finish(self._wire)

    def _write(self) -> None:
        data = self.session.take_output()
        if data and self._wire is not None:
            self._wire.write(data)

    def _publish(self, publish: Publish) -> None:
        if self._doomed:
            return
        server = self._server
        route = self._routes.get(publish.topic) if self._routes and self._generation == server.generation else None
        if route is None:
            route = self._route(publish.topic)
        server.counters.publishes[publish.qos] += 1
        if type(route) is Route:
            publish.acknowledge = route.acknowledge
            extra = headers(route, publish) if route.headers or publish.retain or publish.properties else None
            if (len(publish.payload) if extra is None else content(route, publish, extra)) <= route.max_bytes:
                server.delivery.send(self, publish, route, extra)
                return
        self._refuse(publish, route)

    def _route(self, topic: str) -> Route | Refusal:
        """Where the rules say, remembered until they are loaded again."""
        routes = self._routes
        if routes is None or self._generation != self._server.generation or len(routes) >= ROUTES_MAX:
            routes = self._routes = {}
            self._generation = self._server.generation
        route = self._server.router.route(topic, self._name())
        if len(topic) <= ROUTED_TOPIC_MAX:
            routes[topic] = route
        return route

    def _refuse(self, publish: Publish, route: Route | Refusal) -> None:
        """Decide against a publish at once. At QoS 0 there is nobody to tell."""
        if isinstance(route, Route):
            route = too_large(route)
        publish.reason, publish.detail, publish.acknowledge = route.reason, route.detail, route.acknowledge
        publish.payload, publish.properties = b"", None
        self._server.counters.refused += 1
        self._server.refused(self._name(), publish)
        if publish.qos:
            self._doomed = self.session.version != V5 and not route.acknowledge
            self._server.soon(self)

    def failed(self, publish: Publish) -> None:
        """Kafka refused this publish for good."""
        self._server.refused(self._name(), publish)

    def settled(self) -> None:
        """Some publishes were decided: acknowledge them, and go on when half the window is free."""
        self._handle(self.session.settle())
        if self.session.stalled and self.flying <= self._server.limits.receive_maximum // 2:
            self.flow()

    def _name(self) -> Who:
        if self.who is None:
            raise RuntimeError("a publish before CONNECT was accepted")
        return self.who

    # CONNECT.

    async def _admit(self, connect: Connect) -> None:
        no = refusal(connect)
        if no is None:
            found = await identify(connect, self._listener, self._server.accounts, self._wire)
            no = found if isinstance(found, tuple) else self._may_leave_will(connect, found)
        if no is not None:
            self._server.turned_away(connect.client_id, *no)
            self._handle(self.session.refuse(*no))
        elif self.session.state is State.CHECKING:
            await self._claim(connect)

    def _may_leave_will(self, connect: Connect, who: Who) -> tuple[Reason, str] | None:
        """A will that would be refused when it is due is refused now and not lost then."""
        self.who = who
        no = self._server.will_refused(connect.will, who) if connect.will else None
        if no is None:
            return None
        reason = no.reason if connect.version == V5 else Reason.NOT_AUTHORIZED  # 3.1.1 has no return code nearer
        return reason, f"Its will cannot be published: {no.detail}"

    async def _claim(self, connect: Connect) -> None:
        who = self._name()
        granted = await self._server.registry.claim(self, who.client_id, connect.clean_start)
        if granted is None or self.session.state is not State.CHECKING:
            return
        grant = Grant(who.client_id, not connect.client_id, granted.present, granted.received)
        self.session.credit = self._credit()
        self._handle(self.session.accept(grant))
        if self.session.closed:
            return
        self._admission = None
        self._server.counters.connects += 1
        self.resume(Why.CHECKING)
        self.flow()
        if self.session.keep_alive:
            self._server.wheel.add(self._keeping_due, self._next_ask(self._server.now()))

    # The end.

    def evict(self) -> None:
        """Another connection came with this client id."""
        self._server.counters.takeovers += 1
        self.end(Reason.SESSION_TAKEN_OVER, "Another connection has this client id now.")

    def end(self, reason: Reason, cause: str) -> None:
        """Close from this side."""
        self._handle(self.session.end(reason, cause))

    def _ended(self, event: Ended) -> None:
        server = self._server
        server.counters.protocol_errors += event.fault
        level = logging.DEBUG if self._doomed else logging.INFO  # the refusal has its own line
        facts = {"client": self.who and self.who.client_id, "reason": int(event.reason), "cause": event.cause}
        log.log(level, "closed", extra=facts)
        server.flows(self)
        if self._gone:
            server.left(self)
        server.held.change(-self._charged)
        self._charged = 0
        if self._admission is not None and self._admission is not asyncio.current_task():
            self._admission.cancel()
        self._admission = None
        if self.token and self.who:
            received = self.session.inflow.received() if self.session.inflow else frozenset()
            legacy = Legacy(received, self.session.expiry, event.will, self.who)
            server.registry.release(self, self.who.client_id, legacy)
        self.session.will = self.session.inflow = self._routes = None  # the wheel still knows this link for a while

    def _finish(self, wire: Wire) -> None:
        self._wire = None
        wire.close()
        self._server.wheel.add(lambda _now: wire.abort(), self._server.now() + CLOSING_SECONDS)

    # Deadlines.

    def _opening_due(self, now: float) -> float | None:
        state = self.session.state
        if state is State.NEW:
            self.end(Reason.UNSPECIFIED, "No CONNECT came in time.")
        elif state is State.CHECKING:
            due = self.session.heard + self._server.limits.login_timeout
            if now < due:
                return due
            self._server.counters.refused_connects += 1
            self.end(Reason.SERVER_BUSY, "CONNECT could not be decided in time: many clients are logging in.")
        return None

    def _keeping_due(self, now: float) -> float | None:
        if self.session.state is not State.OPEN:
            return None
        if self._why or self._gone:
            self.session.heard = now
        elif self.session.overdue(now):
            self.end(Reason.KEEP_ALIVE_TIMEOUT, "Nothing was heard for one and a half keep-alive intervals.")
            return None
        return self._next_ask(now)

    def _next_ask(self, now: float) -> float:
        """When to look again: at the deadline, or sooner, so that the wheel does not keep a closed link for hours."""
        return min(self.session.heard + 1.5 * self.session.keep_alive, now + ASK_SECONDS)


def too_large(route: Route) -> Refusal:
    """What a publish is told that holds more than its rule takes."""
    detail = f"Rule {route.rule} takes at most {route.max_bytes} bytes."
    return Refusal(Reason.QUOTA_EXCEEDED, detail, route.acknowledge)
