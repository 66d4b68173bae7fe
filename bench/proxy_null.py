"""A server that acknowledges every MQTT publish at once and keeps nothing: what the load generator can do at most.

It only counts bytes: the load generator's packets of one connection have nearly one length, so that acknowledgements
come out right in number once a connection's window has been read.
"""

from __future__ import annotations

import asyncio

import uvloop

from bench.proxy_load import ACK_BYTES


class Null(asyncio.Protocol):
    """CONNACK first, then a PUBACK per PUBLISH, found by the length in its header."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        position, end, publishes = 0, len(data), 0
        while position + 5 <= end:
            length, body = data[position + 1], position + 2
            if length > 127:
                length, body = length - 128 + data[position + 2] * 128, position + 3
            if body + length > end:
                break
            publishes += data[position] == 0x32
            if data[position] == 0x10:
                self._transport.write(b"\x20\x02\x00\x00")  # type: ignore[attr-defined]
            position = body + length
        self._rest = data[position:]
        self._transport.write(b"\x40\x02\x00\x01" * publishes)  # type: ignore[attr-defined]
        assert ACK_BYTES == 4


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


def main(port: int) -> None:
    """Serve until killed."""
    uvloop.run(_serve(port))
