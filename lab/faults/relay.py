"""A relay on loopback between a client and a service and misbehaves as told.

It can delay, throttle, black-hole and cut connections, and, where HTTP/1.1 is spoken, answer requests itself with 503
and Retry-After. It runs in a thread of its own; every change takes effect at once, for open connections too.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

from lab.base.errors import LabError, MachineError
from lab.base.loop_thread import LoopThread, cancel_others, carry
from lab.base.startable import Startable

HIGH_WATER_BYTES = 256 * 1024
"""Buffered per direction before reading pauses."""
TICK_S = 0.02
"""How often a black hole looks whether it has ended."""


class Relay(Startable):
    """Listens on 127.0.0.1 and forwards to host:port. Start it with start() or as a context manager.

    `delay_s` holds back every piece of data in both directions; `bytes_per_s` limits each direction of each
    connection (0: no limit); while `black_hole` is set, data is neither read nor sent.
    """

    def __init__(self, host: str, port: int, listen_port: int = 0) -> None:
        """`listen_port` 0 takes a free one, see `port` after start()."""
        self._target = (host, port)
        self.port = listen_port
        self.delay_s = 0.0
        self.bytes_per_s = 0
        self.black_hole = False
        self.connections = 0
        """How many were ever accepted."""
        self.open_connections = 0
        """How many are forwarded now."""
        self.refusals = 0
        """How many requests were answered with 503."""
        self._refuse_left = 0
        self._retry_after_s = 1
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = LoopThread("relay")

    def target(self) -> tuple[str, int]:
        """Host and port that the next connection goes to. May raise LabError: then that connection is closed."""
        return self._target

    def start(self) -> Self:
        """Listen. Raises MachineError when the port is taken."""
        self._loop.start()
        try:
            self._loop.run(self._listen())
        except OSError as error:
            self._loop.stop()
            raise MachineError(
                f"The relay cannot listen on 127.0.0.1:{self.port}: {error.strerror}.", "Choose another port, or 0."
            ) from error
        return self

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._loop.running:
            self._loop.run(self._end())
            self._loop.stop()

    def cut(self) -> int:
        """Reset every open connection; new ones are accepted. Returns how many sockets were closed."""
        return self._loop.run(self._cut())

    def answer_503(self, requests: int, retry_after_s: int = 1) -> None:
        """Answer the next so many HTTP requests with 503 and Retry-After instead of forwarding them.

        Connections that are open already are cut first, so that each request begins on a fresh one.
        """

        async def refuse() -> None:
            self._refuse_left, self._retry_after_s = requests, retry_after_s
            await self._cut()

        self._loop.run(refuse())

    def heal(self) -> None:
        """Forward everything at full speed again."""
        self.delay_s, self.bytes_per_s, self.black_hole = 0.0, 0, False
        self._refuse_left = 0

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        await cancel_others()

    async def _cut(self) -> int:
        count = len(self._open)
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()
        return count

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        with contextlib.suppress(
            OSError, LabError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            if self._refuse_left > 0:
                await self._refuse(reader, writer)
            else:
                await self._join(reader, writer)
        self._close(writer)

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it; the connection closes, so that the next request is counted as well."""
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(content_length(head))
        self._refuse_left -= 1
        self.refusals += 1
        writer.write(unavailable(self._retry_after_s))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.target(), limit=HIGH_WATER_BYTES)
        self._open.add(far_writer)
        self.open_connections += 1
        try:
            there = asyncio.create_task(self._carry(reader, far_writer), name="relay-there")
            back = asyncio.create_task(self._carry(far_reader, writer), name="relay-back")
            await asyncio.wait((there, back))
        finally:
            self.open_connections -= 1
            self._close(far_writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await carry(reader, writer, self._hinder)
            writer.write_eof()

    async def _hinder(self, size: int) -> None:
        while self.black_hole:
            await asyncio.sleep(TICK_S)
        pause = self.delay_s + (size / self.bytes_per_s if self.bytes_per_s else 0.0)
        if pause:
            await asyncio.sleep(pause)

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        with contextlib.suppress(RuntimeError):
            writer.transport.abort() if writer.is_closing() else writer.close()


def content_length(head: bytes) -> int:
    """The Content-Length of a request's head, 0 when it has none (RFC 9112, section 6.2)."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0


def unavailable(retry_after_s: int) -> bytes:
    """A complete 503 answer as InfluxDB gives it when it is overloaded (RFC 9110, sections 15.6.4 and 10.2.3)."""
    body = b'{"code":"unavailable","message":"the relay was told to refuse"}'
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {retry_after_s}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
