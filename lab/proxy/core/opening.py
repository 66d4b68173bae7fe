"""What CONNECT asks for and CONNACK grants: keep-alive, session expiry, limits, an assigned client id."""

from __future__ import annotations

from dataclasses import dataclass

from lab.proxy.core.packets import V5, Connect, connack
from lab.proxy.core.properties import P, Properties
from lab.proxy.core.reasons import Reason


@dataclass(slots=True, frozen=True)
class Limits:
    """What this server grants to any client. Times in seconds, sizes in bytes."""

    maximum_packet_size: int = 1_000_000
    receive_maximum: int = 1_024
    topic_alias_maximum: int = 16
    keep_alive_maximum: int = 3_600
    session_expiry_maximum: int = 3_600


@dataclass(slots=True, frozen=True)
class Grant:
    """The yes to one CONNECT: the client id in use, whether the server made it up, and what is resumed."""

    client_id: str
    assigned: bool = False
    present: bool = False
    received: frozenset[int] = frozenset()


def refusal(connect: Connect) -> tuple[Reason, str] | None:
    """Why a well-formed CONNECT cannot be accepted by anyone, or None."""
    if P.AUTH_METHOD in connect.properties:
        return Reason.BAD_AUTHENTICATION_METHOD, "Enhanced authentication is not offered here."
    if not connect.client_id and connect.version != V5 and not connect.clean_start:
        return Reason.CLIENT_ID_NOT_VALID, "A client without an id asked for a session to resume."
    return None


def greeting(connect: Connect, grant: Grant, limits: Limits) -> tuple[Properties, int, int]:
    """CONNACK's properties (empty for 3.1.1), the keep-alive in force and the session's expiry, in seconds."""
    if connect.version != V5:
        expiry = 0 if connect.clean_start else limits.session_expiry_maximum
        return {}, connect.keep_alive, expiry
    wanted = connect.properties.get(P.SESSION_EXPIRY, 0)
    expiry = min(wanted, limits.session_expiry_maximum)
    keep_alive = min(connect.keep_alive or limits.keep_alive_maximum, limits.keep_alive_maximum)
    answer: Properties = {
        P.RECEIVE_MAXIMUM: limits.receive_maximum,
        P.MAXIMUM_PACKET_SIZE: limits.maximum_packet_size,
        P.TOPIC_ALIAS_MAXIMUM: limits.topic_alias_maximum,
        P.WILDCARDS_AVAILABLE: 0,
        P.SUBSCRIPTION_IDS_AVAILABLE: 0,
        P.SHARED_AVAILABLE: 0,
    }
    if expiry != wanted:
        answer[P.SESSION_EXPIRY] = expiry
    if keep_alive != connect.keep_alive:
        answer[P.SERVER_KEEP_ALIVE] = keep_alive
    if grant.assigned:
        answer[P.ASSIGNED_CLIENT_ID] = grant.client_id
    return answer, keep_alive, expiry


NO_RECEIVE_MAXIMUM = 65_535
"""What a client may have in flight whose CONNACK names no Receive Maximum (5.0 section 3.2.2.3.3)."""
_LEFT_OUT = (
    P.WILDCARDS_AVAILABLE,
    P.SUBSCRIPTION_IDS_AVAILABLE,
    P.SHARED_AVAILABLE,
    P.TOPIC_ALIAS_MAXIMUM,
    P.MAXIMUM_PACKET_SIZE,
    P.RECEIVE_MAXIMUM,
)
"""What CONNACK can do without, in the order in which it goes. A client has to know the rest: the session's expiry and
keep-alive where they are not the ones it asked for, and the client id that it was given."""


def fitting(version: int, present: bool, answer: Properties, maximum: int | None) -> bytes | None:
    """CONNACK within the client's Maximum Packet Size; what is left out goes from `answer`. None: it cannot be."""
    packet = connack(version, Reason.SUCCESS, present, answer)
    for identifier in _LEFT_OUT:
        if maximum is None or len(packet) <= maximum:
            break
        answer.pop(identifier, None)
        packet = connack(version, Reason.SUCCESS, present, answer)
    return packet if maximum is None or len(packet) <= maximum else None
