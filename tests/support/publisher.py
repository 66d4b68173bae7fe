"""The other end: the packets that a publisher sends, as bytes. Tests speak through these.

Nothing in the proxy imports this module. It writes what the arguments say, also what the standard forbids.
"""

from __future__ import annotations

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import binary, frame, text
from lab.proxy.core.packets import PINGREQ, V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P, Properties

__all__ = ["PINGREQ", "connect", "disconnect", "publish", "pubrel", "subscribe", "unsubscribe"]


def connect(one: Connect) -> bytes:
    """CONNECT."""
    will = one.will
    flags = 0x02 * one.clean_start | 0x80 * (one.username is not None) | 0x40 * (one.password is not None)
    if will:
        flags |= 0x04 | will.qos << 3 | 0x20 * will.retain
    return frame(
        0x10,
        text("MQTT"),
        bytes((one.version, flags)),
        one.keep_alive.to_bytes(2, "big"),
        props.write(one.properties) if one.version == V5 else b"",
        text(one.client_id),
        _will(will, one.version) if will else b"",
        text(one.username) if one.username is not None else b"",
        binary(one.password) if one.password is not None else b"",
    )


def _will(will: Will, version: int) -> bytes:
    properties = dict(will.properties or {})
    if will.delay:
        properties[P.WILL_DELAY] = will.delay
    return (props.write(properties) if version == V5 else b"") + text(will.topic) + binary(will.payload)


def publish(one: Publish, version: int = V311, dup: bool = False) -> bytes:
    """PUBLISH."""
    return frame(
        0x30 | 0x08 * dup | one.qos << 1 | one.retain,
        text(one.topic),
        one.packet_id.to_bytes(2, "big") if one.qos else b"",
        props.write(one.properties or {}) if version == V5 else b"",
        one.payload,
    )


def pubrel(packet_id: int) -> bytes:
    """PUBREL."""
    return b"\x62\x02" + packet_id.to_bytes(2, "big")


def subscribe(packet_id: int, *filters: str, version: int = V311) -> bytes:
    """SUBSCRIBE at QoS 0."""
    parts = b"".join(text(one) + b"\0" for one in filters)
    return frame(0x82, packet_id.to_bytes(2, "big"), b"\0" if version == V5 else b"", parts)


def unsubscribe(packet_id: int, *filters: str, version: int = V311) -> bytes:
    """UNSUBSCRIBE."""
    parts = b"".join(text(one) for one in filters)
    return frame(0xA2, packet_id.to_bytes(2, "big"), b"\0" if version == V5 else b"", parts)


def disconnect(version: int = V311, reason: int = 0, properties: Properties | None = None) -> bytes:
    """DISCONNECT."""
    if version == V311 or not (reason or properties):
        return b"\xe0\x00"
    return frame(0xE0, bytes((reason,)), props.write(properties) if properties else b"")
