"""The packets a publisher sends and what they hold; the answers a server gives, as bytes.

Reading follows section 3 of both standards; a 3.1.1 packet and a 5.0 packet of the same kind give the same event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader, frame
from lab.proxy.core.properties import P, Properties
from lab.proxy.core.reasons import RETURN_CODES_311, ProtocolError, Reason, forbidden, in_connack, malformed

V311, V5 = 4, 5
"""Protocol levels."""


class Kind(IntEnum):
    """Control packet types: the high half of the first byte."""

    RESERVED = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
"""The low half of the first byte where it is not 0 (table 2.2)."""
WILL_BYTES = 400
"""What a will takes beside its topic and payload: objects of Python, measured."""
PENDING = -1
"""`Publish.reason` until Kafka has decided."""


@dataclass(slots=True, eq=False)
class Publish:
    """One application message. `reason` is PENDING until it is decided, then a reason code."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    retain: bool
    properties: Properties | None = None
    reason: int = PENDING
    detail: str | None = None
    """Why it was refused, for a 5.0 client's reason string."""
    acknowledge: bool = False
    """Its rule wants a permanent refusal acknowledged where the version cannot tell it (3.1.1)."""


@dataclass(slots=True, frozen=True)
class Will:
    """The message to publish for a client that goes without saying so; `delay` is in seconds."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    delay: int = 0
    properties: Properties | None = None

    def message(self) -> Publish:
        """The will as a publish that nobody waits for."""
        return Publish(self.topic, self.payload, self.qos, 0, self.retain, self.properties)

    def weight(self) -> int:
        """About how many bytes it takes to keep."""
        return WILL_BYTES + len(self.topic) + len(self.payload) + props.weight(self.properties)


@dataclass(slots=True, frozen=True)
class Connect:
    """What a client asks for in CONNECT. Times in seconds; `session_expiry` None means not given."""

    version: int
    client_id: str
    clean_start: bool
    keep_alive: int
    will: Will | None = None
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    properties: Properties = field(default_factory=dict)

    def weight(self) -> int:
        """About how many bytes it takes to keep while it is checked."""
        texts = len(self.client_id) + len(self.username or "") + len(self.password or b"")
        return texts + props.weight(self.properties) + (self.will.weight() if self.will else 0)


@dataclass(slots=True, frozen=True)
class Ended:
    """The connection is over: send what is left and close. `will` is to be published, after its delay."""

    reason: int
    cause: str
    will: Will | None
    fault: bool = False
    """Whether the peer broke the standard."""


def read_connect(reader: Reader) -> Connect:
    """CONNECT after its fixed header. Raises ProtocolError; UNSUPPORTED_VERSION when the level is not 4 or 5."""
    name, level = reader.text(), reader.byte()
    if name == "MQIsdp" or (name == "MQTT" and level not in (V311, V5)):
        raise ProtocolError(Reason.UNSUPPORTED_VERSION, f"MQTT protocol level {level} is not spoken here.")
    if name != "MQTT":
        raise malformed(f"The protocol name is {name!r}.")
    flags, keep_alive = reader.byte(), reader.u16()
    _check_flags(flags, level)
    properties = props.read(reader, "CONNECT") if level == V5 else {}
    if P.AUTH_DATA in properties and P.AUTH_METHOD not in properties:
        raise forbidden("CONNECT has authentication data and no method.")
    client_id = reader.text()
    will = _read_will(reader, flags, level) if flags & 0x04 else None
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    if not reader.done:
        raise malformed("CONNECT has bytes after its last field.")
    return Connect(level, client_id, bool(flags & 0x02), keep_alive, will, username, password, properties)


def _check_flags(flags: int, level: int) -> None:
    """Connect flags (section 3.1.2.3 to 3.1.2.9)."""
    if flags & 0x01:
        raise malformed("The reserved connect flag is set.")
    if flags & 0x18 == 0x18:
        raise malformed("The will's QoS is 3.")
    if not flags & 0x04 and flags & 0x38:
        raise malformed("Will QoS or will retain is set without a will.")
    if level == V311 and flags & 0x40 and not flags & 0x80:
        raise malformed("A password without a user name.")


def _read_will(reader: Reader, flags: int, level: int) -> Will:
    properties = props.read(reader, "will") if level == V5 else {}
    delay = properties.pop(P.WILL_DELAY, 0)
    topic = check_topic(reader.text())
    return Will(topic, reader.binary(), (flags >> 3) & 3, bool(flags & 0x20), delay, properties or None)


def check_topic(topic: str) -> str:
    """A topic name: not empty and without wildcards (section 4.7). Raises ProtocolError."""
    if not topic:
        raise ProtocolError(Reason.TOPIC_NAME_INVALID, "A topic name is empty.")
    if "+" in topic or "#" in topic:
        raise ProtocolError(Reason.TOPIC_NAME_INVALID, "A topic name holds a wildcard.")
    return topic


def read_subscribe(reader: Reader, version: int) -> tuple[int, int]:
    """Packet id and number of filters of a SUBSCRIBE (section 3.8)."""
    packet_id = reader.packet_id()
    if version == V5:
        props.read(reader, "SUBSCRIBE")
    count = 0
    while not reader.done:
        topic_filter, options = reader.text(), reader.byte()
        _check_filter(topic_filter)
        if options & 3 == 3 or options & (0xC0 if version == V5 else 0xFC) or options & 0x30 == 0x30:
            raise malformed("Subscription options are not allowed by the standard.")
        if version == V5 and topic_filter.startswith("$share/"):
            _check_share(topic_filter, options)
        count += 1
    return packet_id, _some(count)


def read_unsubscribe(reader: Reader, version: int) -> tuple[int, int]:
    """Packet id and number of filters of an UNSUBSCRIBE (section 3.10)."""
    packet_id = reader.packet_id()
    if version == V5:
        props.read(reader, "UNSUBSCRIBE")
    count = 0
    while not reader.done:
        _check_filter(reader.text())
        count += 1
    return packet_id, _some(count)


def _check_filter(topic_filter: str) -> None:
    """A topic filter (section 4.7.1): `+` fills a level, `#` fills the last one."""
    levels = topic_filter.split("/")
    wrong = any(("+" in one and one != "+") or ("#" in one and one != "#") for one in levels)
    if not topic_filter or wrong or "#" in levels[:-1]:
        raise malformed("A topic filter is empty or has a misplaced wildcard.")


def _check_share(topic_filter: str, options: int) -> None:
    """A shared subscription (5.0 section 4.8.2): a name, a filter, and not No Local."""
    _, name, rest = (*topic_filter.split("/", 2), "")[:3]
    if not name or not rest or set(name) & set("+#"):
        raise malformed("A shared subscription has no name or no filter.")
    if options & 4:
        raise forbidden("No Local is set on a shared subscription.")


def _some(count: int) -> int:
    if not count:
        raise forbidden("The packet names no topic filter.")
    return count


def connack(version: int, reason: int, present: bool = False, properties: Properties | None = None) -> bytes:
    """CONNACK, or nothing where 3.1.1 has no code for the reason."""
    if version == V5:
        return frame(0x20, bytes((present, in_connack(reason))), props.write(properties or {}))
    code = RETURN_CODES_311.get(in_connack(reason))
    return b"" if code is None else bytes((0x20, 2, present, code))


def acknowledgement(first: int, packet_id: int, reason: int = 0, detail: str | None = None) -> bytes:
    """PUBACK, PUBREC or PUBCOMP; reason and detail are of 5.0 and left out when there is nothing to say."""
    identifier = packet_id.to_bytes(2, "big")
    if not reason:
        return bytes((first, 2)) + identifier
    if not detail:
        return bytes((first, 3)) + identifier + bytes((reason,))
    return frame(first, identifier, bytes((reason,)), props.write({P.REASON_STRING: detail}))


PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"
NO_SUBSCRIPTIONS = "This server takes publishes only; it delivers nothing."


def refusals(kind: Kind, version: int, packet_id: int, count: int, explain: bool = False) -> bytes:
    """SUBACK or UNSUBACK: this server has no subscriptions, and says so once per filter."""
    identifier = packet_id.to_bytes(2, "big")
    if kind is Kind.SUBSCRIBE:
        code = Reason.IMPLEMENTATION_ERROR if version == V5 else Reason.UNSPECIFIED
        reason = props.write({P.REASON_STRING: NO_SUBSCRIPTIONS} if explain else {}) if version == V5 else b""
        return frame(0x90, identifier, reason, bytes((code,)) * count)
    codes = b"\0" + bytes((Reason.NO_SUBSCRIPTION_EXISTED,)) * count if version == V5 else b""
    return frame(0xB0, identifier, codes)


def disconnect(reason: int, detail: str | None = None) -> bytes:
    """A server's DISCONNECT, which only 5.0 has."""
    if not detail:
        return bytes((0xE0, 1, reason))
    return frame(0xE0, bytes((reason,)), props.write({P.REASON_STRING: detail}))


def check_flags(first: int) -> None:
    if first & 15 != _FLAGS.get(Kind(first >> 4), 0):
        raise malformed("A fixed header has flags that the standard reserves.")


def check_all_read(reader: Reader) -> None:
    if not reader.done:
        raise malformed("A packet is longer than its fields.")
