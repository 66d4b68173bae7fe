"""Opening the sockets that the configuration names."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Protocol

from lab.base.errors import MachineError
from lab.proxy.config import Listener
from lab.proxy.connection import Connection
from lab.proxy.state import ServerState
from lab.proxy.tls import TlsListener, tls_context
from lab.proxy.websocket import WebSocket

log = logging.getLogger(__name__)

BACKLOG = 4_096
"""Connections that wait to be accepted; a fleet comes back all at once after a power cut."""
DEAD_PEER = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 4))
"""The kernel finds peers that vanished, for 3.1.1 clients that asked for no keep-alive. Seconds, and a count."""


class Listening(Protocol):
    """A listener that is open."""

    @property
    def sockets(self) -> Sequence[Any]: ...

    def close(self) -> None: ...


async def listen(state: ServerState, listener: Listener, shared: bool) -> Listening:
    """Open one listener; `shared` lets several processes have the port.

    Raises MachineError when the port is taken and LearnerError when a certificate cannot be loaded.
    """
    context = tls_context(listener) if listener.kind in ("tls", "wss") else None
    try:
        sock = _bind(listener, shared)
    except OSError as error:
        raise MachineError(
            f"Cannot listen on {listener.host}:{listener.port}: {error.strerror}.",
            "Choose another port for that listener, or end what has it (ss -ltnp shows it).",
        ) from error
    if listener.anonymous and not _loopback(listener.host):
        log.warning("a listener is open to everybody who reaches this machine", extra={"port": listener.port})
    factory = _factory(state, listener)
    if context is not None:
        sock.listen(BACKLOG)
        return TlsListener(state, sock, factory, context)
    return await asyncio.get_running_loop().create_server(factory, sock=sock, backlog=BACKLOG)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bind(listener: Listener, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in DEAD_PEER:  # accepted sockets inherit these
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((listener.host, listener.port))
    except OSError:
        sock.close()
        raise
    return sock


def _factory(state: ServerState, listener: Listener) -> Callable[[], asyncio.BaseProtocol]:
    if listener.kind in ("ws", "wss"):
        return lambda: WebSocket(Connection(state, listener), listener.path, state)
    return lambda: Connection(state, listener)
