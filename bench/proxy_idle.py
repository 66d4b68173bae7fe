"""`./workshop bench proxy_idle`: 10,000 clients that only keep alive.

Resident memory per connection of the proxy, how many connections it takes per second, and whether anybody is
dropped over five minutes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.proxy_load import connect
from bench.proxy_process import ProxyProcess, proxy
from lab.base import addresses
from lab.base.errors import MachineError
from lab.base.free_port import free_port

CLIENTS = 10_000
SECONDS = 300.0
KEEP_ALIVE = 60
AT_ONCE = 500
"""Connections being made at the same time."""


class Idle(asyncio.Protocol):
    """Connects, then pings within its keep-alive."""

    dropped = 0
    pongs = 0

    def __init__(self, name: str) -> None:
        self._name = name
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(connect(self._name))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
        Idle.pongs += data.count(b"\xd0\x00")

    def connection_lost(self, exc: Exception | None) -> None:
        Idle.dropped += not self._ending

    def ping(self) -> None:
        self.transport.write(b"\xc0\x00")  # type: ignore[attr-defined]

    def end(self) -> None:
        self._ending = True
        self.transport.close()


async def _connect_all(port: int) -> list[Idle]:
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Idle:
        async with gate:
            idle = Idle(f"idle{number}")
            await loop.create_connection(lambda: idle, "127.0.0.1", port)
            await idle.ready
            return idle

    return list(await asyncio.gather(*(one(number) for number in range(CLIENTS))))


async def _measure(running: ProxyProcess, port: int, seconds: float) -> dict[str, float]:
    before = running.rss()
    started = time.monotonic()
    clients = await _connect_all(port)
    connected = time.monotonic() - started
    after = running.rss()
    while time.monotonic() - started < connected + seconds:
        for index, client in enumerate(clients):
            client.ping()
            if index % 200 == 0:
                await asyncio.sleep(KEEP_ALIVE / 2 / (CLIENTS / 200))
    result = {
        "clients": CLIENTS,
        "connects_per_s": round(CLIENTS / connected),
        "bytes_per_connection": round((after - before) / CLIENTS),
        "bytes_per_connection_at_end": round((running.rss() - before) / CLIENTS),
        "seconds": round(time.monotonic() - started - connected),
        "pongs": Idle.pongs,
        "dropped": Idle.dropped,
    }
    for client in clients:
        client.end()
    return result


def main(json: bool, seconds: float = SECONDS) -> int:
    """Run it beside the running stack. Raises MachineError when so many files cannot be open."""
    _allow_files()
    port = free_port()
    config = (
        f'[kafka]\nbootstrap = "{addresses.load().kafka_bootstrap}"\n[[listener]]\nport = {port}\nanonymous = true\n'
        '[[rule]]\nname = "any"\nmqtt = "emergency_generators/{g}"\ntopic = "bench_proxy"\nkey = "{g}"\n'
    )
    with tempfile.TemporaryDirectory() as folder, proxy(Path(folder), config) as running:
        result = uvloop.run(_measure(running, port, seconds))
    _show(result, json)
    return 1 if result["dropped"] else 0


def _show(result: dict[str, float], as_json: bool) -> None:
    lines = [json.dumps(result)] if as_json else [f"{name}: {value}" for name, value in result.items()]
    sys.stdout.write("\n".join(lines) + "\n")


def _allow_files() -> None:
    wanted = CLIENTS + 1_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise MachineError(f"Only {hard} files may be open, {wanted} are needed.", f"Raise it: ulimit -Hn {wanted}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    raise SystemExit(
        main("--json" in sys.argv, float(sys.argv[1]) if sys.argv[1:2] and sys.argv[1][0].isdigit() else SECONDS)
    )
