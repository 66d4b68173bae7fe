"""The properties of MQTT 5.0 (section 2.2.2): one literal table says what each is and where it may occur.

A property list is read into a dict from identifier to value; user properties, the only ones that may come more
than once in what a publisher sends, are a list of pairs under `USER`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from lab.proxy.core.data_types import Reader, binary, text, varint
from lab.proxy.core.reasons import forbidden, malformed


class P(IntEnum):
    """Property identifiers."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTH_METHOD = 0x15
    AUTH_DATA = 0x16
    REQUEST_PROBLEM_INFO = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFO = 0x19
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARDS_AVAILABLE = 0x28
    SUBSCRIPTION_IDS_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


Properties = dict[int, Any]
"""Identifier to value: int, str, bytes, or for USER a list of (name, value)."""

_BYTE, _U16, _U32, _VARINT, _TEXT, _BINARY, _PAIR = range(7)
_KINDS: dict[int, int] = {
    P.PAYLOAD_FORMAT: _BYTE,
    P.MESSAGE_EXPIRY: _U32,
    P.CONTENT_TYPE: _TEXT,
    P.RESPONSE_TOPIC: _TEXT,
    P.CORRELATION_DATA: _BINARY,
    P.SUBSCRIPTION_ID: _VARINT,
    P.SESSION_EXPIRY: _U32,
    P.ASSIGNED_CLIENT_ID: _TEXT,
    P.SERVER_KEEP_ALIVE: _U16,
    P.AUTH_METHOD: _TEXT,
    P.AUTH_DATA: _BINARY,
    P.REQUEST_PROBLEM_INFO: _BYTE,
    P.WILL_DELAY: _U32,
    P.REQUEST_RESPONSE_INFO: _BYTE,
    P.REASON_STRING: _TEXT,
    P.RECEIVE_MAXIMUM: _U16,
    P.TOPIC_ALIAS_MAXIMUM: _U16,
    P.TOPIC_ALIAS: _U16,
    P.MAXIMUM_QOS: _BYTE,
    P.RETAIN_AVAILABLE: _BYTE,
    P.USER: _PAIR,
    P.MAXIMUM_PACKET_SIZE: _U32,
    P.WILDCARDS_AVAILABLE: _BYTE,
    P.SUBSCRIPTION_IDS_AVAILABLE: _BYTE,
    P.SHARED_AVAILABLE: _BYTE,
}

_MESSAGE = {P.PAYLOAD_FORMAT, P.MESSAGE_EXPIRY, P.CONTENT_TYPE, P.RESPONSE_TOPIC, P.CORRELATION_DATA, P.USER}
ALLOWED: dict[str, frozenset[int]] = {
    "CONNECT": frozenset(
        {
            P.SESSION_EXPIRY,
            P.AUTH_METHOD,
            P.AUTH_DATA,
            P.REQUEST_PROBLEM_INFO,
            P.REQUEST_RESPONSE_INFO,
            P.RECEIVE_MAXIMUM,
            P.TOPIC_ALIAS_MAXIMUM,
            P.USER,
            P.MAXIMUM_PACKET_SIZE,
        }
    ),
    "will": frozenset(_MESSAGE | {P.WILL_DELAY}),
    "PUBLISH": frozenset(_MESSAGE | {P.TOPIC_ALIAS}),
    "PUBREL": frozenset({P.REASON_STRING, P.USER}),
    "SUBSCRIBE": frozenset({P.SUBSCRIPTION_ID, P.USER}),
    "UNSUBSCRIBE": frozenset({P.USER}),
    "DISCONNECT": frozenset({P.SESSION_EXPIRY, P.REASON_STRING, P.USER}),
}
"""What a client may send where (table 2-4)."""

_FLAGS = {P.PAYLOAD_FORMAT, P.REQUEST_PROBLEM_INFO, P.REQUEST_RESPONSE_INFO}
_POSITIVE = {P.RECEIVE_MAXIMUM, P.MAXIMUM_PACKET_SIZE, P.SUBSCRIPTION_ID}

_READ: dict[int, Callable[[Reader], Any]] = {
    _BYTE: Reader.byte,
    _U16: Reader.u16,
    _U32: Reader.u32,
    _VARINT: Reader.varint,
    _TEXT: Reader.text,
    _BINARY: Reader.binary,
    _PAIR: lambda reader: (reader.text(), reader.text()),
}
_WRITE: dict[int, Callable[[Any], bytes]] = {
    _BYTE: lambda value: bytes((value,)),
    _U16: lambda value: value.to_bytes(2, "big"),
    _U32: lambda value: value.to_bytes(4, "big"),
    _VARINT: varint,
    _TEXT: text,
    _BINARY: binary,
    _PAIR: lambda value: text(value[0]) + text(value[1]),
}


PAIR_BYTES = 150
"""What a user property takes beside its two texts: objects of Python, a header in librdkafka; measured."""


def weight(properties: Properties | None) -> int:
    """About how many bytes a property list takes to keep."""
    total = 0
    for identifier, value in (properties or {}).items():
        if identifier == P.USER:
            total += sum(PAIR_BYTES + len(name) + len(text) for name, text in value)
        else:
            total += PAIR_BYTES + (len(value) if isinstance(value, str | bytes) else 0)
    return total


def read(reader: Reader, where: str) -> Properties:
    """The property list at the reader's position. Raises ProtocolError as section 2.2.2 says."""
    length = reader.varint()
    end = reader.position + length
    if end > reader.end:
        raise malformed("A property list is longer than its packet.")
    outer, reader.end = reader.end, end
    found: Properties = {}
    while reader.position < end:
        _read_one(reader, where, found)
    reader.end = outer
    return found


def _read_one(reader: Reader, where: str, found: Properties) -> None:
    identifier = reader.varint()
    kind = _KINDS.get(identifier)
    if kind is None or identifier not in ALLOWED[where]:
        raise malformed(f"Property {identifier:#x} is not allowed in {where}.")
    value = _READ[kind](reader)
    if identifier == P.USER:
        found.setdefault(P.USER, []).append(value)
        return
    if identifier in found:
        raise forbidden(f"Property {identifier:#x} occurs twice in {where}.")
    if (identifier in _FLAGS and value > 1) or (identifier in _POSITIVE and value == 0):
        raise forbidden(f"Property {identifier:#x} may not be {value}.")
    found[identifier] = value


def write(properties: Properties) -> bytes:
    """A property list with its length."""
    parts = []
    for identifier, value in properties.items():
        for one in value if identifier == P.USER else (value,):
            parts.append(bytes((identifier,)) + _WRITE[_KINDS[identifier]](one))
    body = b"".join(parts)
    return varint(len(body)) + body
