"""A long way on loopback: every connection through it pays a delay, and it counts what passes.

Clients enter by a door to one service, or, when they choose their targets themselves as Kafka's do, by SOCKS5
(RFC 1928, without authentication, IPv4 and names). Runs on an event loop in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Self

from lab.base.loop_thread import LoopThread, cancel_others, carry
from lab.base.startable import Startable

_IPV4, _NAME = 1, 3


@dataclass
class Traffic:
    """What has passed: connections, round trips (a client's turn to speak that was answered), bytes both ways.

    Opening a connection is a round trip as well.
    """

    connections: int = 0
    round_trips: int = 0
    bytes: int = 0


class SlowNetwork(Startable):
    """Start it with start() or a with block. `delay_s` holds back every piece of data, in each direction."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.traffic = Traffic()
        self.url = ""
        """The SOCKS5 entrance: kafka-python's `proxy_url`."""
        self._servers: list[asyncio.AbstractServer] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = LoopThread("far-network")

    def start(self) -> Self:
        """Open the SOCKS5 entrance."""
        self._loop.start()
        self.url = f"socks5://127.0.0.1:{self._listen(None)}"
        return self

    def stop(self) -> None:
        """Close every entrance and every connection."""
        if self._loop.running:
            self._loop.run(self._end())
            self._loop.stop()

    def door(self, host: str, port: int) -> int:
        """A port on 127.0.0.1 that leads to host:port."""
        return self._listen((host, port))

    def reset(self) -> None:
        """Count from zero."""
        self.traffic = Traffic()

    def _listen(self, target: tuple[str, int] | None) -> int:
        async def listen() -> int:
            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await self._join(reader, writer, target)
                writer.close()

            server = await asyncio.start_server(accept, "127.0.0.1", 0)
            self._servers.append(server)
            return int(server.sockets[0].getsockname()[1])

        return self._loop.run(listen())

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int] | None
    ) -> None:
        host, port = target or await _asked_for(reader, writer)
        far_reader, far_writer = await asyncio.open_connection(host, port)
        self._open |= {writer, far_writer}
        self.traffic.connections += 1
        self.traffic.round_trips += 1
        await asyncio.sleep(2 * self.delay_s)
        if target is None:
            writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        turn = Turn()
        try:
            await asyncio.gather(
                self._carry(reader, far_writer, turn, True), self._carry(far_reader, writer, turn, False)
            )
        finally:
            self._open -= {writer, far_writer}
            far_writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turn: Turn, there: bool) -> None:
        async def count(size: int) -> None:
            self.traffic.bytes += size
            self.traffic.round_trips += turn.answered(there)
            await asyncio.sleep(self.delay_s)

        with contextlib.suppress(OSError):
            await carry(reader, writer, count)
        writer.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for writer in self._open:
            writer.transport.abort()
        await cancel_others()


class Turn:
    """Whose turn it is on one connection."""

    def __init__(self) -> None:
        self._asked = False

    def answered(self, there: bool) -> bool:
        """Note one piece of data; whether it is the first answer to what the client said before."""
        first_answer = self._asked and not there
        self._asked = there
        return first_answer


async def _asked_for(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The target that a SOCKS5 client asks for."""
    _version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x00")
    _version, _command, _reserved, kind = await reader.readexactly(4)
    if kind == _NAME:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    elif kind == _IPV4:
        host = ".".join(str(byte) for byte in await reader.readexactly(4))
    else:
        raise OSError("only IPv4 addresses and names are carried")
    return host, int.from_bytes(await reader.readexactly(2), "big")
