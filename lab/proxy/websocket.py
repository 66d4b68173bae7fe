"""MQTT over WebSocket (section 6 of both standards): binary messages of the sub-protocol `mqtt`.

A connection sees only the bytes inside; packets need not begin where a message begins. A request that is not for this
is answered in words and leaves a line in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError, RemoteProtocolError

from lab.proxy.connection import Connection
from lab.proxy.state import ServerState

SUBPROTOCOL = "mqtt"


class WebSocket(asyncio.BufferedProtocol):
    """asyncio's protocol for the socket, and the transport of the connection inside."""

    __slots__ = ("_connection", "_path", "_state", "_transport", "_ws")

    def __init__(self, connection: Connection, path: str, state: ServerState) -> None:
        self._connection = connection
        self._state = state
        self._path = path
        self._ws = WSConnection(ConnectionType.SERVER)
        self._transport: Any = None

    # The socket's side.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._connection.connection_made(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._state.held.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._state.held.read(nbytes))

    def data_received(self, data: bytes) -> None:
        """Take bytes that were read."""
        try:
            self._ws.receive_data(data)
            for event in self._ws.events():
                _HANDLERS.get(type(event), WebSocket._ignore)(self, event)
        except ProtocolError as error:
            self._broken(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    # The connection's side.

    def write(self, data: bytes) -> None:
        """Send bytes as one binary message."""
        if self._ws.state is ConnectionState.OPEN:
            self._send(BytesMessage(data=data))

    def close(self) -> None:
        """Say goodbye and close the socket."""
        if self._ws.state is ConnectionState.OPEN:
            self._send(CloseConnection(code=CloseReason.NORMAL_CLOSURE))
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def set_write_buffer_limits(self, high: int) -> None:
        self._transport.set_write_buffer_limits(high=high)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)

    # WebSocket events.

    def _send(self, event: Event) -> None:
        self._transport.write(self._ws.send(event))

    def _request(self, event: Request) -> None:
        path = event.target.partition("?")[0]
        if path != self._path:
            self._reject(404, f"MQTT is at {self._path} here.", path=path)
        elif SUBPROTOCOL not in event.subprotocols:
            asked = ", ".join(event.subprotocols)
            self._reject(400, f"Ask for the sub-protocol {SUBPROTOCOL} (Sec-WebSocket-Protocol).", subprotocols=asked)
        else:
            self._send(AcceptConnection(subprotocol=SUBPROTOCOL))

    def _broken(self, error: ProtocolError) -> None:
        """What came is not a WebSocket: before it was opened a browser may be asking, and gets an answer."""
        if self._ws.state is ConnectionState.CONNECTING and isinstance(error, RemoteProtocolError):
            self._reject(400, f"This is a WebSocket for MQTT at {self._path}: {error}.")
        self._transport.close()

    def _reject(self, status: int, cause: str, **facts: str) -> None:
        """Say no in words."""
        address = str((self._transport.get_extra_info("peername") or ("",))[0])
        self._state.turned_away_websocket(address, cause, facts)
        body = cause.encode() + b"\n"
        about = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        self._send(RejectConnection(status_code=status, headers=about, has_body=True))
        self._send(RejectData(data=body, body_finished=True))
        self._transport.close()

    def _bytes(self, event: BytesMessage) -> None:
        self._connection.data_received(bytes(event.data))

    def _text(self, _event: TextMessage) -> None:
        """MQTT control packets travel in binary messages only (MQTT-6.0.0-1)."""
        self._send(CloseConnection(code=CloseReason.UNSUPPORTED_DATA))
        self._transport.close()

    def _ping(self, event: Ping) -> None:
        self._send(event.response())

    def _closed(self, event: CloseConnection) -> None:
        if self._ws.state is ConnectionState.REMOTE_CLOSING:
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
