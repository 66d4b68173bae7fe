"""One function per packet that a publisher may send; `table.CONNECTION` names them and says when they apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader
from lab.proxy.core.framing import check_all_read, check_flags
from lab.proxy.core.packets import (
    PINGRESP,
    V5,
    V311,
    Ended,
    Kind,
    read_connect,
    read_subscribe,
    read_unsubscribe,
    refusals,
)
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason, forbidden, malformed

if TYPE_CHECKING:
    from lab.proxy.core.session import Session

RELEASE_REASONS = {0x00, 0x92}
DISCONNECT_REASONS = {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}
"""What a client may give as reason (5.0 tables 3-8 and 3-10)."""
Handler = Callable[["Session", int, bytes, int, int], None]
"""Takes the session, the packet's first byte, the bytes, and where its body starts and stops in them."""


def level(data: bytes | bytearray, body: int) -> int:
    """The version that a CONNECT asks for: what its answer is written in."""
    return V5 if data[body : body + 7] == b"\0\x04MQTT\x05" else V311


def connect(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    session.version = level(data, body)
    session.connect = read_connect(Reader(data, body, stop))
    session.kept = session.connect.weight()
    session.events.append(session.connect)


def publish(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    inflow = session.inflow or session.publishing()
    publish = inflow.publish(first & 15, data, body, stop)
    if publish is not None:
        session.events.append(publish)


def release(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    reader = Reader(data, body, stop)
    packet_id = reader.packet_id()
    if session.version == V5 and not reader.done:
        if reader.byte() not in RELEASE_REASONS:
            raise malformed("PUBREL has a reason code that it may not have.")
        if not reader.done:
            props.read(reader, "PUBREL")
    check_all_read(reader)
    (session.inflow or session.publishing()).release(packet_id)


def subscribe(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    packet_id, count = read_subscribe(Reader(data, body, stop), session.version)
    answer = refusals(Kind.SUBSCRIBE, session.version, packet_id, count, session.explain)
    session.say(answer if session.fits(answer) else refusals(Kind.SUBSCRIBE, session.version, packet_id, count))


def unsubscribe(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    packet_id, count = read_unsubscribe(Reader(data, body, stop), session.version)
    session.say(refusals(Kind.UNSUBSCRIBE, session.version, packet_id, count))


def ping(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
    check_flags(first)
    check_all_read(Reader(data, body, stop))
    session.out.append(PINGRESP)


def disconnect(session: Session, first: int, data: bytes, body: int, stop: int) -> None:
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


def unexpected(session: Session, first: int, _data: bytes, _body: int, _stop: int) -> None:
    kind = Kind(first >> 4)
    if kind in (Kind.RESERVED, Kind.CONNACK, Kind.SUBACK, Kind.UNSUBACK, Kind.PINGRESP):
        raise malformed(f"{kind.name} is not a packet that a client sends.")
    raise forbidden(f"{kind.name} is not allowed while the connection is {session.state.name.lower()}.")


HANDLERS: dict[str, Handler] = {
    "connect": connect,
    "publish": publish,
    "release": release,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "ping": ping,
    "disconnect": disconnect,
}
"""By the table's action."""
