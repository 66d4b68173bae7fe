"""What a worker and its supervisor say to each other: one JSON object per line over a socket pair.

A worker claims and releases client ids and reports its state; the supervisor grants, evicts and hands out wills.
"""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64decode, b64encode
from typing import Any

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader
from lab.proxy.core.packets import Will
from lab.proxy.core.rules import Identity
from lab.proxy.core.sessions import EndedSession

Message = dict[str, Any]
REST_MAX = 2_000_000
"""Bytes of a line beside its will: a client id and 65,535 packet ids."""


class WorkerChannel:
    """One end. `send` never waits: what is in it is small and bounded by the number of connections."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def on(cls, sock: socket.socket, packet: int) -> WorkerChannel:
        """A channel over one end of a socket pair; a will is at most a `packet`, and grows by a third here, or sixfold
        where its topic is escaped."""
        sock.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=sock, limit=2 * packet + REST_MAX))

    def send(self, message: Message) -> None:
        """Queue a message; lost when the other end is gone, whose absence the reader notices."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> Message | None:
        """The next message; None when the other end is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    def close(self) -> None:
        self._writer.close()


def will_out(will: Will, identity: Identity) -> Message:
    """A will and its owner as JSON."""
    return {
        "topic": will.topic,
        "payload": b64encode(will.payload).decode(),
        "qos": will.qos,
        "retain": will.retain,
        "delay": will.delay,
        "properties": b64encode(props.write(will.properties or {})).decode(),
        "identity": [identity.client_id, identity.user, identity.certificate],
    }


def will_in(message: Message) -> tuple[Will, Identity]:
    """The reverse of `will_out`."""
    raw = b64decode(message["properties"])
    properties = props.read(Reader(raw, 0, len(raw)), "will") or None
    payload = b64decode(message["payload"])
    will = Will(message["topic"], payload, message["qos"], message["retain"], message["delay"], properties)
    return will, Identity(*message["identity"])


def ended_out(ended: EndedSession) -> Message:
    """What a connection leaves, as JSON."""
    will = will_out(ended.will, ended.identity) if ended.will and ended.identity else None
    return {"received": sorted(ended.received), "expiry": ended.expiry, "will": will}


def ended_in(message: Message) -> EndedSession:
    """The reverse of `ended_out`."""
    will, identity = will_in(message["will"]) if message["will"] else (None, None)
    return EndedSession(frozenset(message["received"]), message["expiry"], will, identity)
