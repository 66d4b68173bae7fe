"""Running one process: listeners, signals, HTTP or the supervisor's channel, and the way out."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from lab.base.errors import LabError
from lab.proxy import http
from lab.proxy.config import Config, load
from lab.proxy.registry import RemoteRegistry
from lab.proxy.server import Server
from lab.proxy.worker_channel import WorkerChannel

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0


async def single(path: Path, config: Config) -> None:
    """Serve until SIGTERM or SIGINT. Raises LabError when it cannot start."""
    server = Server(config)
    web = http.serve(config.http, server.health, lambda: {0: server.snapshot()}) if config.http else None
    try:
        await _serve(server, path, config, asyncio.Event(), shared=False)
    finally:
        if web is not None:
            web.shutdown()


async def worker(path: Path, config: Config, descriptor: int) -> None:
    """Serve as one of several, until SIGTERM or until the supervisor is gone."""
    server = Server(config)
    channel = await WorkerChannel.on(socket.socket(fileno=descriptor), config.limits.packet)
    registry = RemoteRegistry(channel, server.state.publish_will)
    server.state.registry = registry
    stop = asyncio.Event()
    server.state.spawn(registry.listen(stop), "supervisor")
    server.state.spawn(_report(server, channel), "report")
    await _serve(server, path, config, stop, shared=True)
    channel.close()


async def _report(server: Server, channel: WorkerChannel) -> None:
    while True:
        channel.send({"op": "state", "health": server.health(), "counters": server.snapshot()})
        await asyncio.sleep(REPORT_SECONDS)


async def _serve(server: Server, path: Path, config: Config, stop: asyncio.Event, shared: bool) -> None:
    on_signals(stop, lambda: reload(server, path))
    server.start()
    try:
        for listener in config.listener:
            await server.listen(listener, shared)
        log.info("listening", extra={"ports": server.ports()})
        await stop.wait()
    finally:
        await server.stop()


def reload(server: Server, path: Path) -> None:
    """Take the file's rules and passwords, or keep the old ones and say why."""
    try:
        server.state.reload(load(path))
    except LabError as error:
        log.error("not reloaded", extra={"cause": error.cause, "remedy": error.remedy})


def on_signals(stop: asyncio.Event, reload: Callable[[], None]) -> None:
    """SIGTERM and SIGINT set `stop`, a second one ends at once; SIGHUP calls `reload`."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGINT, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
