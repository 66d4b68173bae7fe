"""MQTT over WebSocket (section 6 of both standards): binary messages of the sub-protocol `mqtt`.

A link sees only the bytes inside; packets need not begin where a message begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

if TYPE_CHECKING:
    from lab.proxy.link import Link

SUBPROTOCOL = "mqtt"


class WebSocket(asyncio.Protocol):
    """asyncio's protocol for the socket, and the transport of the link inside."""

    __slots__ = ("_connection", "_link", "_path", "_transport")

    def __init__(self, link: Link, path: str) -> None:
        self._link = link
        self._path = path
        self._connection = WSConnection(ConnectionType.SERVER)
        self._transport: Any = None

    # The socket's side.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._link.connection_made(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                _HANDLERS.get(type(event), WebSocket._ignore)(self, event)
        except ProtocolError:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.connection_lost(exc)

    def pause_writing(self) -> None:
        self._link.pause_writing()

    def resume_writing(self) -> None:
        self._link.resume_writing()

    # The link's side.

    def write(self, data: bytes) -> None:
        """Send bytes as one binary message."""
        if self._connection.state is ConnectionState.OPEN:
            self._send(BytesMessage(data=data))

    def close(self) -> None:
        """Say goodbye and close the socket."""
        if self._connection.state is ConnectionState.OPEN:
            self._send(CloseConnection(code=CloseReason.NORMAL_CLOSURE))
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)

    # WebSocket events.

    def _send(self, event: Event) -> None:
        self._transport.write(self._connection.send(event))

    def _request(self, event: Request) -> None:
        if event.target.partition("?")[0] != self._path:
            self._send(RejectConnection(status_code=404))
        elif SUBPROTOCOL not in event.subprotocols:
            self._send(RejectConnection(status_code=400))
        else:
            self._send(AcceptConnection(subprotocol=SUBPROTOCOL))
            return
        self._transport.close()

    def _bytes(self, event: BytesMessage) -> None:
        self._link.data_received(bytes(event.data))

    def _text(self, _event: TextMessage) -> None:
        """MQTT control packets travel in binary messages only (MQTT-6.0.0-1)."""
        self._send(CloseConnection(code=CloseReason.UNSUPPORTED_DATA))
        self._transport.close()

    def _ping(self, event: Ping) -> None:
        self._send(event.response())

    def _closed(self, event: CloseConnection) -> None:
        if self._connection.state is ConnectionState.REMOTE_CLOSING:
            self._send(event.response())
        self._transport.close()

    def _ignore(self, _event: Event) -> None:
        """A pong, or something newer than this code."""


_HANDLERS: dict[type[Event], Callable[..., None]] = {
    Request: WebSocket._request,
    BytesMessage: WebSocket._bytes,
    TextMessage: WebSocket._text,
    Ping: WebSocket._ping,
    CloseConnection: WebSocket._closed,
}
