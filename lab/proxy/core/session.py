"""One connection as a machine: bytes, verdicts and time go in, events and bytes come out.

Rules that hold here: what may happen when is in `table.CONNECTION` and nowhere else; whatever bytes come,
`receive` returns events and never raises; a closed session stays closed; the will leaves exactly once, and
only for a client that was accepted.

Flow control is a number: `credit`, how many publishes the shell takes now. When it is used up the next PUBLISH and
all that follows is held back as the bytes it came in (`stalled`), so that nothing is overtaken and nothing is held as
more than it is. Only PINGREQ is picked out of what is held back (`look_ahead`): its answer has no order to keep, and
a client whose publishes wait is not to think that its server is gone (MQTT-3.12.4-1).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import HEADER, Reader, long_length
from lab.proxy.core.inbound import EXPLAIN_BYTES, InboundPublishes
from lab.proxy.core.opening import NO_RECEIVE_MAXIMUM, Grant, Limits, fitting, greeting
from lab.proxy.core.packets import (
    PINGREQ,
    PINGRESP,
    V5,
    V311,
    Connect,
    Ended,
    Kind,
    Publish,
    Will,
    check_all_read,
    check_flags,
    connack,
    disconnect,
    read_connect,
    read_subscribe,
    read_unsubscribe,
    refusals,
)
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import ProtocolError, Reason, RefusedError, forbidden, malformed
from lab.proxy.core.table import CONNECTION, Input, Order, State

Event = Connect | Publish | Ended
ALL = sys.maxsize
"""The credit of a session whose shell sets no limit."""
PIECE = 65_536
"""Bytes that are parsed at a time of what was held back."""
RELEASE_REASONS = {0x00, 0x92}
DISCONNECT_REASONS = {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}
"""What a client may give as reason (5.0 tables 3-8 and 3-10)."""


class Session:
    """One connection's protocol, for both versions."""

    __slots__ = (
        "_from",
        "_held",
        "_need",
        "_peer_maximum",
        "_seen",
        "connect",
        "credit",
        "events",
        "expiry",
        "explain",
        "heard",
        "inbound",
        "keep_alive",
        "kept",
        "limits",
        "out",
        "stalled",
        "state",
        "version",
        "will",
    )

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self.state = State.NEW
        self.version = 0
        self.keep_alive = 0
        """Seconds; the client is given up after one and a half times this. 0: never."""
        self.heard = now
        self.expiry = 0
        """Seconds that the session outlives the connection."""
        self.events: list[Event] = []
        self.out: list[bytes] = []
        self.connect: Connect | None = None
        self.inbound: InboundPublishes | None = None
        self.will: Will | None = None
        self.credit = ALL
        """How many publishes the shell takes before it has to be asked again."""
        self.stalled = False
        """Whether a publish and what follows it is held back for want of credit."""
        self.kept = 0
        """Bytes of the CONNECT that is being checked, then of the will."""
        self.explain = True
        """Whether answers may carry a reason string."""
        self._peer_maximum: int | None = None
        self._held: bytes | bytearray | None = None
        """What was read and not handled: the read itself while nothing more comes, so that it need not be copied."""
        self._from = 0
        """Where in it the rest begins."""
        self._need = 0
        self._seen = -1
        """How far of `_held` was searched for pings; -1 while nobody looks ahead."""

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self.state is State.CLOSED

    # What comes from the peer.

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take bytes from the socket and return what they mean. `now` is in seconds of any steady clock."""
        self.heard = now
        if self.state is State.CLOSED:
            return []
        if self._held is not None or self.state is State.CHECKING:
            self._add(data)
        else:
            self._keep(data, self._take(data, 0))
        return self.take_events()

    def _keep(self, data: bytes, used: int) -> None:
        """Hold back what was not used."""
        if used >= len(data) or self.closed:
            self._held, self._from = None, 0
        elif self.stalled:
            self._held, self._from = data, used
        else:
            self._held, self._from = bytearray(memoryview(data)[used:]), 0

    def _growing(self) -> bytearray:
        """What is held back as something that more can be added to."""
        if not isinstance(self._held, bytearray):
            self._held, self._from = bytearray(memoryview(self._held or b"")[self._from :]), 0
        return self._held

    def _add(self, data: bytes) -> None:
        """Add to the bytes held back, and go on with them where nothing has to wait."""
        held = self._growing()
        held += data
        if self.state is State.CHECKING:
            if len(held) > self.limits.maximum_packet_size:
                self._close(Reason.PACKET_TOO_LARGE, "Too much was sent before CONNACK.")
        elif self.stalled:
            if self._seen >= 0:
                self._pick_pings(held)
        else:
            self._drain()

    def _drain(self) -> None:
        """Handle what is held back, piece by piece, as far as it goes."""
        while (held := self._held) is not None and not self.stalled and self.state in _READING:
            if isinstance(held, bytes):
                self._keep(held, self._take(held, self._from))
                continue
            if len(held) < self._need:
                break
            used = self._take(bytes(memoryview(held)[: max(self._need, PIECE)]), 0)
            if used >= len(held) or self.closed:
                self._held = None
            else:
                del held[:used]
                self._seen = max(self._seen - used, min(self._seen, 0))
        if not self.stalled:
            self._seen = -1

    def proceed(self, credit: int) -> list[Event]:
        """Go on with what was held back: the shell takes `credit` publishes."""
        self.credit = credit
        if self.stalled and credit > 0:
            self.stalled = False
            self._drain()
        return self.take_events()

    def look_ahead(self) -> None:
        """From now on answer the pings that come behind publishes that wait."""
        if self.stalled and self._held is not None:
            self._seen = max(self._seen, 0)
            self._pick_pings(self._growing())

    def _pick_pings(self, held: bytearray) -> None:
        """Take out and answer every whole PINGREQ behind `_seen`. What is not right is left for its turn."""
        at = self._seen
        while len(held) - at >= HEADER:
            if held[at : at + HEADER] == PINGREQ:
                del held[at : at + HEADER]
                self.out.append(PINGRESP)
                continue
            try:
                length, body = long_length(held, at + 1, shortest=False)
            except ProtocolError:
                at = sys.maxsize
                break
            if length < 0:
                break
            at = sys.maxsize if held[at] >> 4 == Kind.DISCONNECT else body + length
        self._seen = at

    @property
    def looking(self) -> bool:
        """Whether pings behind publishes that wait are being answered."""
        return self._seen >= 0

    def holding(self) -> int:
        """About how many bytes are kept for this client beside the publishes that Kafka is to decide."""
        size = self.kept
        if self._held is not None:
            size += len(self._held)
        if self.inbound is not None:
            size += self.inbound.holding()
        return size

    def held_back(self) -> int:
        """Bytes read and not handled yet."""
        return 0 if self._held is None else len(self._held)

    def take_events(self) -> list[Event]:
        """Events since the last call."""
        events, self.events = self.events, []
        return events

    def take_output(self) -> bytes:
        """Bytes to send since the last call."""
        if not self.out:
            return b""
        data = b"".join(self.out)
        self.out.clear()
        return data

    def overdue(self, now: float) -> bool:
        """Whether the client has been silent for one and a half times its keep-alive."""
        return bool(self.keep_alive) and now - self.heard > 1.5 * self.keep_alive

    def _take(self, data: bytes, position: int) -> int:
        """Handle whole packets from `position` on; where they end. The rest is the caller's to keep."""
        try:
            return self._parse(data, position)
        except ProtocolError as error:
            self._close(error.reason, error.cause, fault=not isinstance(error, RefusedError))
            return len(data)

    def _parse(self, data: bytes, position: int) -> int:
        end = len(data)
        self._need = HEADER
        limit = self.limits.maximum_packet_size
        state = self.state
        rows = _ROWS[state]
        credit = self.credit
        while end - position >= HEADER:
            length, body = data[position + 1], position + 2
            if length > 0x7F:
                length, body = long_length(data, position + 1, self.version == V5)
                if length < 0:
                    self._need = end - position + 1
                    break
            stop = body + length
            if stop - position > limit:
                raise ProtocolError(Reason.PACKET_TOO_LARGE, f"A packet of {stop - position} bytes was announced.")
            if stop > end:
                self._need = stop - position
                break
            first = data[position]
            kind = first >> 4
            if kind == _PUBLISH:
                if credit <= 0 and state is State.OPEN:
                    self.stalled = True
                    break
                credit -= 1
            handler, after = rows[kind]
            handler(self, first, data, body, stop)
            position = stop
            if after is not state:
                self.state = state = after
                rows = _ROWS[state]
                if state is not State.OPEN:
                    break
        self.credit = credit
        return position

    # What comes from the shell.

    def accept(self, grant: Grant) -> list[Event]:
        """Say yes to CONNECT and go on with what the client has sent since."""
        hello = self._greet(grant) if self.state is State.CHECKING else None
        if self.state is State.CHECKING and hello is None:
            self._close(Reason.PACKET_TOO_LARGE, "CONNACK is larger than the client's Maximum Packet Size.")
        elif self._order(Order.ACCEPT) == "accept" and hello is not None:
            self._opened(hello, grant)
            self._drain()
        return self.take_events()

    def refuse(self, reason: Reason, cause: str) -> list[Event]:
        """Say no to CONNECT."""
        if self._order(Order.REFUSE) == "refuse":
            self._say_no(reason)
            self._held, self.kept = None, 0
            self.events.append(Ended(reason, cause, None))
        return self.take_events()

    def end(self, reason: Reason, cause: str) -> list[Event]:
        """Close from this side, with DISCONNECT where the version has it. The will is published."""
        if self.state is State.NEW and self._held and self._held[0] >> 4 == Kind.CONNECT:
            self.version = level(self._held, long_length(self._held, 1, shortest=False)[1])  # to answer half a CONNECT
        if self.state is not State.CLOSED:
            self._close(reason, cause)
        return self.take_events()

    def lost(self, cause: str = "The connection was lost.") -> list[Event]:
        """The socket is gone without DISCONNECT."""
        if self._order(Order.LOST) == "lose":
            self._held, self.kept, self.stalled = None, 0, False
            self.events.append(Ended(Reason.UNSPECIFIED, cause, self.will))
        return self.take_events()

    def flush_acknowledgements(self) -> list[Event]:
        """Acknowledge what has been decided since (`Publish.reason`)."""
        if self.state is State.OPEN and self.inbound is not None:
            try:
                self.inbound.flush_acknowledgements()
            except ProtocolError as error:
                self._close(error.reason, error.cause, fault=not isinstance(error, RefusedError))
        return self.events and self.take_events()

    def _order(self, order: Order) -> str:
        action, self.state = CONNECTION[self.state, order]
        return action

    def _greet(self, grant: Grant) -> bytes | None:
        """CONNACK, with what it promises kept here; None when no CONNACK fits what the client takes."""
        connect = self.connect
        if connect is None:
            raise RuntimeError("accept before CONNECT")
        answer, self.keep_alive, self.expiry = greeting(connect, grant, self.limits)
        self._peer_maximum = connect.properties.get(P.MAXIMUM_PACKET_SIZE)
        wanted = connect.properties.get(P.REQUEST_PROBLEM_INFO, 1) == 1
        self.explain = wanted and (self._peer_maximum is None or self._peer_maximum >= EXPLAIN_BYTES)
        hello = fitting(self.version, grant.present, answer, self._peer_maximum)
        if self.version == V5 and P.RECEIVE_MAXIMUM not in answer:  # left out: the client may take the standard's own
            self.limits = replace(self.limits, receive_maximum=NO_RECEIVE_MAXIMUM)
        return hello

    def _opened(self, hello: bytes, grant: Grant) -> None:
        self.out.append(hello)
        if self.connect is not None and self.connect.will is not None:
            self.will, self.kept = self.connect.will, self.connect.will.weight()
        else:
            self.kept = 0
        self.connect = None  # it holds the password
        if grant.received:
            self.publishing(grant.received)

    def publishing(self, received: frozenset[int] = frozenset()) -> InboundPublishes:
        """The publish side, made when first needed: a client that only keeps alive never pays for it."""
        self.inbound = InboundPublishes(self.out, self.version, self.limits, self.explain, received)
        return self.inbound

    def _close(self, reason: Reason, cause: str, fault: bool = False) -> None:
        """Close because of `reason`, saying so where the standard lets a server speak (5.0 section 4.13)."""
        before, self.state = self.state, CONNECTION[self.state, Order.END][1]
        if before is State.OPEN and self.version == V5:
            self.say(disconnect(reason, cause if self._may_explain(cause) else None))
        elif before is State.NEW and reason is Reason.UNSUPPORTED_VERSION:
            self.out.append(connack(V311, reason))
        elif before is State.CHECKING or (before is State.NEW and self.version):
            self._say_no(reason)
        self._held, self.kept, self.stalled = None, 0, False
        self.events.append(Ended(reason, cause, self.will, fault))

    def _say_no(self, reason: Reason) -> None:
        """A CONNACK that refuses. The size that the client takes is known once its CONNECT was read."""
        if self.connect is not None:
            self._peer_maximum = self.connect.properties.get(P.MAXIMUM_PACKET_SIZE)
        self.say(connack(self.version, reason))

    def say(self, packet: bytes) -> None:
        """Send a packet, unless it is larger than the client takes (5.0 section 3.1.2.11.4)."""
        if packet and self.fits(packet):
            self.out.append(packet)

    def fits(self, packet: bytes) -> bool:
        """Whether the client takes a packet of this size."""
        return self._peer_maximum is None or len(packet) <= self._peer_maximum

    def _may_explain(self, cause: str) -> bool:
        """5.0 section 3.1.2.11.4: nothing longer than the client takes."""
        return self._peer_maximum is None or len(cause.encode()) + 16 <= self._peer_maximum


# One function per packet that a client may send; `table.CONNECTION` names them and says when they apply.

Handler = Callable[[Session, int, bytes, int, int], None]
"""Takes the session, the packet's first byte, the bytes, and where its body starts and stops in them."""


def level(data: bytes | bytearray, body: int) -> int:
    """The version that a CONNECT asks for: what its answer is written in."""
    return V5 if data[body : body + 7] == b"\0\x04MQTT\x05" else V311


def _connect(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    session.version = level(data, body)
    session.connect = read_connect(Reader(data, body, stop))
    session.kept = session.connect.weight()
    session.events.append(session.connect)


def _publish(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    inbound = session.inbound or session.publishing()
    publish = inbound.publish(first & 15, data, body, stop)
    if publish is not None:
        session.events.append(publish)


def _release(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    reader = Reader(data, body, stop)
    packet_id = reader.packet_id()
    if session.version == V5 and not reader.done:
        if reader.byte() not in RELEASE_REASONS:
            raise malformed("PUBREL has a reason code that it may not have.")
        if not reader.done:
            props.read(reader, "PUBREL")
    check_all_read(reader)
    (session.inbound or session.publishing()).release(packet_id)


def _subscribe(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    packet_id, count = read_subscribe(Reader(data, body, stop), session.version)
    answer = refusals(Kind.SUBSCRIBE, session.version, packet_id, count, session.explain)
    session.say(answer if session.fits(answer) else refusals(Kind.SUBSCRIBE, session.version, packet_id, count))


def _unsubscribe(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    packet_id, count = read_unsubscribe(Reader(data, body, stop), session.version)
    session.say(refusals(Kind.UNSUBSCRIBE, session.version, packet_id, count))


def _ping(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    check_all_read(Reader(data, body, stop))
    session.out.append(PINGRESP)


def _disconnect(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    reader = Reader(data, body, stop)
    reason, properties = 0, {}
    if session.version == V5 and not reader.done:
        reason = reader.byte()
        if reason not in DISCONNECT_REASONS:
            raise malformed("DISCONNECT has a reason code that a client may not send.")
        properties = {} if reader.done else props.read(reader, "DISCONNECT")
    check_all_read(reader)
    if properties.get(P.SESSION_EXPIRY, 0) and not session.expiry:
        raise forbidden("DISCONNECT sets a session expiry where CONNECT had none.")
    session.expiry = min(properties.get(P.SESSION_EXPIRY, session.expiry), session.limits.session_expiry_maximum)
    will = session.will if reason else None
    session.events.append(Ended(Reason.SUCCESS, "The client disconnected.", will))


def _unexpected(session: Session, first: int, _data: bytes, _body: int, _stop: int) -> None:
    kind = Kind(first >> 4)
    if kind in (Kind.RESERVED, Kind.CONNACK, Kind.SUBACK, Kind.UNSUBACK, Kind.PINGRESP):
        raise malformed(f"{kind.name} is not a packet that a client sends.")
    raise forbidden(f"{kind.name} is not allowed while the connection is {session.state.name.lower()}.")


HANDLERS: dict[str, Handler] = {
    "connect": _connect,
    "publish": _publish,
    "release": _release,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "ping": _ping,
    "disconnect": _disconnect,
}
"""By the table's action."""

_PUBLISH = int(Kind.PUBLISH)
_READING = (State.NEW, State.OPEN)
"""States in which packets are handled as they come."""


def _row(state: State, kind: Kind) -> tuple[Handler, State]:
    known: Input = kind
    if (state, known) not in CONNECTION:
        return _unexpected, State.CLOSED
    action, after = CONNECTION[state, known]
    return HANDLERS[action], after


_ROWS: dict[State, tuple[tuple[Handler, State], ...]] = {
    state: tuple(_row(state, kind) for kind in Kind) for state in State
}
