"""Accepting TLS connections one by one, so that a handshake that fails leaves a line, a count and an address.

asyncio's own server drops such a connection without telling anybody.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from lab.base.errors import LearnerError
from lab.proxy.config import Listener
from lab.proxy.state import ServerState

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""After an accept that failed: this process or the machine has no more files to open."""


class TlsListener:
    """A listening socket whose connections speak TLS."""

    def __init__(
        self,
        state: ServerState,
        sock: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
        context: ssl.SSLContext,
    ) -> None:
        sock.setblocking(False)
        self.sockets = (sock,)
        self._port = int(sock.getsockname()[1])
        self._state = state
        self._factory = factory
        self._context = context
        self._coming = 0
        self._accepting = state.spawn(self._accept(sock), "accept TLS")

    def close(self) -> None:
        """Take no more connections."""
        self._accepting.cancel()
        self.sockets[0].close()

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                coming, address = await loop.sock_accept(sock)
            except OSError as error:
                log.warning("cannot accept a connection", extra={"cause": error.strerror})
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._state.open_for(self._coming):
                self._state.spawn(self._shake_hands(coming, address[0]), "TLS handshake")
            else:
                coming.close()

    async def _shake_hands(self, coming: socket.socket, address: str) -> None:
        """Bring the connection to where MQTT begins; its bytes are the protocol's from there on."""
        self._coming += 1
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._factory,
                coming,
                ssl=self._context,
                ssl_handshake_timeout=self._state.limits.connect_timeout,
            )
        except OSError as error:  # so are ssl.SSLError and TimeoutError
            self._state.handshake_failed(address, self._port, error)
        finally:
            self._coming -= 1


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
