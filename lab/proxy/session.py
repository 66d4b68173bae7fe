"""One connection as a machine: bytes, verdicts and time go in, events and bytes come out.

Rules that hold here: what may happen when is in `table.CONNECTION` and nowhere else; whatever bytes come,
`receive` returns events and never raises; a closed session stays closed; the will leaves exactly once, and
only for a client that was accepted.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.proxy.framing import HEADER, long_length
from lab.proxy.handlers import HANDLERS, Handler, unexpected
from lab.proxy.inflow import DETAIL_MAX, Inflow
from lab.proxy.opening import Grant, Limits, greeting
from lab.proxy.packets import V5, V311, Connect, Ended, Kind, Publish, Will, connack, disconnect
from lab.proxy.properties import P
from lab.proxy.reasons import ProtocolError, Reason
from lab.proxy.table import CONNECTION, Input, Order, State

Event = Connect | Publish | Ended


class Session:
    """One connection's protocol, for both versions."""

    __slots__ = (
        "_explain",
        "_held",
        "_need",
        "_peer_maximum",
        "connect",
        "events",
        "expiry",
        "heard",
        "inflow",
        "keep_alive",
        "limits",
        "out",
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
        self.inflow: Inflow | None = None
        self.will: Will | None = None
        self._explain = True
        self._peer_maximum: int | None = None
        self._held: bytearray | None = None
        self._need = 0

    # What comes from the peer.

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take bytes from the socket and return what they mean. `now` is in seconds of any steady clock."""
        self.heard = now
        if self.state is State.CLOSED:
            return []
        if self._held is not None or self.state is State.CHECKING:
            whole = self._join(data)
            if whole is None:
                return self.take_events()
            data = whole
        self._guard(self._parse, data)
        return self.take_events()

    def _join(self, data: bytes) -> bytes | None:
        """Add to the bytes held back; None while they are not a whole packet, or while CONNECT is being checked."""
        held = self._held = bytearray() if self._held is None else self._held
        held += data
        if self.state is State.CHECKING:
            if len(held) > self.limits.maximum_packet_size:
                self._close(Reason.PACKET_TOO_LARGE, "Too much was sent before CONNACK.")
            return None
        if len(held) < self._need:
            return None
        self._held = None
        return bytes(held)

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

    def _parse(self, data: bytes) -> None:
        position, end = 0, len(data)
        self._need = HEADER
        limit = self.limits.maximum_packet_size
        state = self.state
        rows = _ROWS[state]
        while end - position >= HEADER:
            length, body = data[position + 1], position + 2
            if length > 0x7F:
                length, body = long_length(data, position + 1, self.version == V5)
                if length < 0:
                    break
            stop = body + length
            if stop - position > limit:
                raise ProtocolError(Reason.PACKET_TOO_LARGE, f"A packet of {stop - position} bytes was announced.")
            if stop > end:
                self._need = stop - position
                break
            first = data[position]
            handler, after = rows[first >> 4]
            handler(self, first, data, body, stop)
            position = stop
            if after is not state:
                self.state = state = after
                rows = _ROWS[state]
                if state is not State.OPEN:
                    break
        if position < end and self.state is not State.CLOSED:
            self._held = bytearray(data[position:] if position else data)

    def _guard(self, action: Callable[..., None], *arguments: bytes) -> None:
        try:
            action(*arguments)
        except ProtocolError as error:
            self._close(error.reason, error.cause)

    # What comes from the shell.

    def accept(self, grant: Grant) -> list[Event]:
        """Say yes to CONNECT and go on with what the client has sent since."""
        if self._order(Order.ACCEPT) == "accept":
            self._opened(grant)
            if self._held is not None and len(self._held) >= self._need:
                data, self._held = bytes(self._held), None
                self._guard(self._parse, data)
        return self.take_events()

    def refuse(self, reason: Reason, cause: str) -> list[Event]:
        """Say no to CONNECT."""
        if self._order(Order.REFUSE) == "refuse":
            self.out.append(connack(self.version, reason))
            self.events.append(Ended(reason, cause, None))
        return self.take_events()

    def end(self, reason: Reason, cause: str) -> list[Event]:
        """Close from this side, with DISCONNECT where the version has it. The will is published."""
        if self.state is not State.CLOSED:
            self._close(reason, cause)
        return self.take_events()

    def lost(self, cause: str = "The connection was lost.") -> list[Event]:
        """The socket is gone without DISCONNECT."""
        if self._order(Order.LOST) == "lose":
            self.events.append(Ended(Reason.UNSPECIFIED, cause, self.will))
        return self.take_events()

    def settle(self) -> list[Event]:
        """Acknowledge what has been decided since (`Publish.reason`)."""
        if self.state is State.OPEN and self.inflow is not None:
            self._guard(self.inflow.settle)
        return self.events and self.take_events()

    def _order(self, order: Order) -> str:
        action, self.state = CONNECTION[self.state, order]
        return action

    def _opened(self, grant: Grant) -> None:
        connect = self.connect
        if connect is None:
            raise RuntimeError("accept before CONNECT")
        answer, self.keep_alive, self.expiry = greeting(connect, grant, self.limits)
        self.will = connect.will
        self._peer_maximum = connect.properties.get(P.MAXIMUM_PACKET_SIZE)
        wanted = connect.properties.get(P.REQUEST_PROBLEM_INFO, 1) == 1
        self._explain = wanted and (self._peer_maximum or DETAIL_MAX * 4) > DETAIL_MAX * 4 - 1
        self.connect = None  # it holds the password
        self.say(connack(self.version, Reason.SUCCESS, grant.present, answer))
        if grant.received:
            self.publishing(grant.received)

    def publishing(self, received: frozenset[int] = frozenset()) -> Inflow:
        """The publish side, made when first needed: a client that only keeps alive never pays for it."""
        self.inflow = Inflow(self.out, self.version, self.limits, self._explain, received)
        return self.inflow

    def _close(self, reason: Reason, cause: str) -> None:
        """Close because of `reason`, saying so where the standard lets a server speak (5.0 section 4.13)."""
        before, self.state = self.state, CONNECTION[self.state, Order.END][1]
        if before is State.OPEN and self.version == V5:
            self.out.append(disconnect(reason, cause if self._may_explain(cause) else None))
        elif before is State.NEW and reason is Reason.UNSUPPORTED_VERSION:
            self.out.append(connack(V311, reason))
        elif before is not State.OPEN and self.version == V5:
            self.out.append(connack(V5, reason))
        self._held = None
        self.events.append(Ended(reason, cause, self.will))

    def say(self, packet: bytes) -> None:
        """Send a packet, unless it is larger than the client takes (5.0 section 3.1.2.11.4)."""
        if self._peer_maximum is None or len(packet) <= self._peer_maximum:
            self.out.append(packet)

    def _may_explain(self, cause: str) -> bool:
        """5.0 section 3.1.2.11.4: nothing longer than the client takes."""
        return self._peer_maximum is None or len(cause) + 16 <= self._peer_maximum


def _row(state: State, kind: Kind) -> tuple[Handler, State]:
    known: Input = kind
    if (state, known) not in CONNECTION:
        return unexpected, State.CLOSED
    action, after = CONNECTION[state, known]
    return HANDLERS[action], after


_ROWS: dict[State, tuple[tuple[Handler, State], ...]] = {
    state: tuple(_row(state, kind) for kind in Kind) for state in State
}
