"""Reason codes of MQTT 5.0 (section 2.4) and the CONNACK return codes of MQTT 3.1.1 (table 3.1).

Inside the core every refusal is a 5.0 reason code; a 3.1.1 client sees the nearest thing its version has.
"""

from __future__ import annotations

from enum import IntEnum

from lab.base.errors import LabError


class Reason(IntEnum):
    """What an acknowledgement, a CONNACK or a DISCONNECT says. 0x80 and above is a refusal."""

    SUCCESS = 0x00
    DISCONNECT_WITH_WILL = 0x04
    NO_SUBSCRIPTION_EXISTED = 0x11
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_ERROR = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    PAYLOAD_FORMAT_INVALID = 0x99


RETURN_CODES_311 = {
    Reason.SUCCESS: 0,
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.QUOTA_EXCEEDED: 3,
    Reason.BAD_USER_OR_PASSWORD: 4,
    Reason.NOT_AUTHORIZED: 5,
}
"""What a 3.1.1 CONNACK can say; any other refusal closes the connection without one."""

_CONNACK = {
    Reason.SHUTTING_DOWN: Reason.SERVER_UNAVAILABLE,
    Reason.SESSION_TAKEN_OVER: Reason.SERVER_BUSY,
    Reason.KEEP_ALIVE_TIMEOUT: Reason.SERVER_BUSY,
    Reason.PACKET_ID_NOT_FOUND: Reason.UNSPECIFIED,
    Reason.RECEIVE_MAXIMUM_EXCEEDED: Reason.UNSPECIFIED,
    Reason.TOPIC_ALIAS_INVALID: Reason.UNSPECIFIED,
}
"""Reasons that only DISCONNECT or an acknowledgement may give (5.0 table 2-6), as CONNACK says them (table 3-1)."""

PERMANENT = frozenset(
    {Reason.NOT_AUTHORIZED, Reason.TOPIC_NAME_INVALID, Reason.QUOTA_EXCEEDED, Reason.PAYLOAD_FORMAT_INVALID}
)
"""Refusals of the publish itself: the same publish is refused again, however often it is sent."""


def in_connack(reason: int) -> Reason:
    """The reason as CONNACK may give it."""
    return _CONNACK.get(Reason(reason), Reason(reason))


class ProtocolError(LabError):
    """The peer broke the standard; `reason` is what a 5.0 client is told before the connection closes."""

    def __init__(self, reason: Reason, cause: str) -> None:
        super().__init__(cause, "Correct the client: the connection was closed as the MQTT standard requires.")
        self.reason = reason


class RefusedError(ProtocolError):
    """A publish was refused and 3.1.1 has no word for it: the connection closes, and the peer broke nothing."""


def malformed(cause: str) -> ProtocolError:
    """The bytes are not a packet of this version."""
    return ProtocolError(Reason.MALFORMED_PACKET, cause)


def forbidden(cause: str) -> ProtocolError:
    """The packet is well formed and not allowed here."""
    return ProtocolError(Reason.PROTOCOL_ERROR, cause)
