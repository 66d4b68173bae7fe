"""Every transition of a connection and of a QoS 2 exchange, as two literal tables.

A pair that is not in its table is a protocol error and closes the connection; a closed connection stays closed.
The diagrams in docs/proxy.md are drawn from these tables by `mermaid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from lab.proxy.core.packets import Kind


class State(IntEnum):
    """A connection's states."""

    NEW = 0
    """The socket is open and CONNECT has not come."""
    CHECKING = 1
    """CONNECT came; who it is and whether another connection holds its session is being found out."""
    OPEN = 2
    """CONNACK said yes."""
    CLOSED = 3


class Order(IntEnum):
    """What the shell, and not the peer, tells a connection; numbered above every packet type."""

    ACCEPT = 16
    REFUSE = 17
    END = 18
    """Close with a reason: taken over, keep-alive missed, shutting down, Kafka's final no."""
    LOST = 19
    """The socket is gone."""


Input = Kind | Order

CONNECTION: dict[tuple[State, Input], tuple[str, State]] = {
    (State.NEW, Kind.CONNECT): ("connect", State.CHECKING),
    (State.NEW, Order.END): ("end", State.CLOSED),
    (State.NEW, Order.LOST): ("lose", State.CLOSED),
    (State.CHECKING, Order.ACCEPT): ("accept", State.OPEN),
    (State.CHECKING, Order.REFUSE): ("refuse", State.CLOSED),
    (State.CHECKING, Order.END): ("end", State.CLOSED),
    (State.CHECKING, Order.LOST): ("lose", State.CLOSED),
    (State.OPEN, Kind.PUBLISH): ("publish", State.OPEN),
    (State.OPEN, Kind.PUBREL): ("release", State.OPEN),
    (State.OPEN, Kind.SUBSCRIBE): ("subscribe", State.OPEN),
    (State.OPEN, Kind.UNSUBSCRIBE): ("unsubscribe", State.OPEN),
    (State.OPEN, Kind.PINGREQ): ("ping", State.OPEN),
    (State.OPEN, Kind.DISCONNECT): ("disconnect", State.CLOSED),
    (State.OPEN, Order.END): ("end", State.CLOSED),
    (State.OPEN, Order.LOST): ("lose", State.CLOSED),
    (State.CLOSED, Order.END): ("ignore", State.CLOSED),
    (State.CLOSED, Order.LOST): ("ignore", State.CLOSED),
    (State.CLOSED, Order.ACCEPT): ("ignore", State.CLOSED),
    (State.CLOSED, Order.REFUSE): ("ignore", State.CLOSED),
}


class Exchange(IntEnum):
    """What is known of one QoS 2 packet id."""

    FREE = 0
    PRODUCING = 1
    """Handed to Kafka, not confirmed."""
    RECEIVED = 2
    """Confirmed by Kafka and answered with PUBREC; PUBREL has not come."""


class Step(IntEnum):
    """What happens to a QoS 2 packet id."""

    PUBLISH = 0
    CONFIRMED = 1
    REFUSED = 2
    PUBREL = 3


QOS2: dict[tuple[Exchange, Step], tuple[str, Exchange]] = {
    (Exchange.FREE, Step.PUBLISH): ("produce", Exchange.PRODUCING),
    (Exchange.FREE, Step.PUBREL): ("PUBCOMP not found", Exchange.FREE),
    (Exchange.PRODUCING, Step.PUBLISH): ("wait", Exchange.PRODUCING),
    (Exchange.PRODUCING, Step.CONFIRMED): ("PUBREC", Exchange.RECEIVED),
    (Exchange.PRODUCING, Step.REFUSED): ("PUBREC refused", Exchange.FREE),
    (Exchange.RECEIVED, Step.PUBLISH): ("PUBREC", Exchange.RECEIVED),
    (Exchange.RECEIVED, Step.PUBREL): ("PUBCOMP", Exchange.FREE),
}


def mermaid(table: Mapping[tuple[IntEnum, IntEnum], tuple[str, IntEnum]]) -> str:
    """A table as a Mermaid state diagram, one arrow per pair of states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, given), (action, after) in table.items():
        label = given.name if isinstance(given, Kind | Step) else given.name.lower()
        text = label if action in {label.lower(), "ignore"} else f"{label} / {action}"
        arrows.setdefault((state.name.lower(), after.name.lower()), []).append(text)
    lines = ["stateDiagram-v2"]
    lines += [f"    {a} --> {b} : {', '.join(labels)}" for (a, b), labels in arrows.items()]
    return "\n".join(lines) + "\n"
