"""Opening the sockets that the configuration names."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from lab.errors import LearnerError, MachineError
from lab.proxy.config import Listener
from lab.proxy.link import Link
from lab.proxy.server import Server

BACKLOG = 4_096
"""Connections that wait to be accepted; a fleet comes back all at once after a power cut."""
DEAD_PEER = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 4))
"""The kernel finds peers that vanished, for 3.1.1 clients that asked for no keep-alive. Seconds, and a count."""


async def listen(server: Server, listener: Listener, shared: bool) -> asyncio.Server:
    """Open one listener; `shared` lets several processes have the port.

    Raises MachineError when the port is taken and LearnerError when a certificate cannot be loaded.
    """
    context = tls_context(listener) if listener.kind in ("tls", "wss") else None
    loop = asyncio.get_running_loop()
    try:
        sock = _bind(listener, shared)
    except OSError as error:
        raise MachineError(
            f"Cannot listen on {listener.host}:{listener.port}: {error.strerror}.",
            "Choose another port for that listener, or end what has it (ss -ltnp shows it).",
        ) from error
    return await loop.create_server(_factory(server, listener), sock=sock, ssl=context, backlog=BACKLOG)


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


def _factory(server: Server, listener: Listener) -> Callable[[], asyncio.Protocol]:
    if listener.kind in ("ws", "wss"):
        from lab.proxy.websocket import WebSocket

        return lambda: WebSocket(Link(server, listener), listener.path)
    return lambda: Link(server, listener)


def tls_context(listener: Listener) -> ssl.SSLContext:
    """TLS 1.2 or later with the listener's certificate. Raises LearnerError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(listener.certificate), str(listener.key))
        if listener.client_ca:
            context.load_verify_locations(listener.client_ca)
    except (OSError, ssl.SSLError) as error:
        raise LearnerError(
            f"The certificate files of the listener on port {listener.port} cannot be used: {error}.",
            "Check certificate, key and client_ca: PEM files that belong together and can be read.",
        ) from error
    if listener.client_ca:
        required = listener.require_client_certificate
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context
