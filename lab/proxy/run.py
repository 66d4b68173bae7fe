"""Running one process: listeners, signals, HTTP or the parent's pipe, and the way out."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

from lab.base.errors import LabError
from lab.proxy import http
from lab.proxy.config import Config, load
from lab.proxy.listeners import listen
from lab.proxy.remote_registry import RemoteRegistry
from lab.proxy.server import Server
from lab.proxy.signals import on_signals
from lab.proxy.worker_channel import Pipe

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0


async def alone(path: Path, config: Config) -> None:
    """Serve until SIGTERM or SIGINT. Raises LabError when it cannot start."""
    server = Server(config)
    web = http.serve(config.http, server.health, lambda: {0: server.snapshot()}) if config.http else None
    try:
        await _serve(server, path, config, asyncio.Event(), shared=False)
    finally:
        if web is not None:
            web.shutdown()


async def worker(path: Path, config: Config, descriptor: int) -> None:
    """Serve as one of several, until SIGTERM or until the parent is gone."""
    server = Server(config)
    pipe = await Pipe.on(socket.socket(fileno=descriptor), config.limits.packet)
    registry = RemoteRegistry(pipe, server.publish_will)
    server.registry = registry
    stop = asyncio.Event()
    server.spawn(registry.listen(stop), "parent")
    server.spawn(_report(server, pipe), "report")
    await _serve(server, path, config, stop, shared=True)
    pipe.close()


async def _report(server: Server, pipe: Pipe) -> None:
    while True:
        pipe.send({"op": "state", "health": server.health(), "counters": server.snapshot()})
        await asyncio.sleep(REPORT_SECONDS)


async def _serve(server: Server, path: Path, config: Config, stop: asyncio.Event, shared: bool) -> None:
    on_signals(stop, lambda: reload(server, path))
    server.start()
    try:
        for listener in config.listener:
            server.sockets.append(await listen(server, listener, shared))
        log.info("listening", extra={"ports": ports(server)})
        await stop.wait()
    finally:
        await server.stop()


def reload(server: Server, path: Path) -> None:
    """Take the file's rules and passwords, or keep the old ones and say why."""
    try:
        server.reload(load(path))
    except LabError as error:
        log.error("not reloaded", extra={"cause": error.cause, "remedy": error.remedy})


def ports(server: Server) -> list[int]:
    """The ports in use, in the order of the listeners."""
    return [int(one.getsockname()[1]) for each in server.sockets for one in each.sockets]
