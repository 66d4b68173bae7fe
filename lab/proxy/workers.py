"""Several processes on one port: the supervisor owns the client ids, the wills that wait, /health and /metrics.

The kernel spreads connections over the workers (SO_REUSEPORT). A client id has one holder over all of them,
because every claim goes through the supervisor. A worker that dies is started again; its clients reconnect, and
their wills, which died with it, are lost, as they are when a single process dies.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from lab.base.errors import LearnerError
from lab.proxy import http
from lab.proxy.config import Bounds, Config
from lab.proxy.core.sessions import Action, EndedSession, Granted, PublishWill, Sessions
from lab.proxy.run import on_signals
from lab.proxy.worker_channel import Message, WorkerChannel, ended_in, will_out

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
KILL_SECONDS = 5.0
"""How long after its drain a worker may take to leave."""
Owner = tuple[int, int]
"""Worker number, token inside that worker."""


class SessionRegistry:
    """The supervisor's registry: `Sessions` whose tokens are numbers for (worker, token) pairs."""

    def __init__(self, limits: Bounds) -> None:
        self._sessions = Sessions(limits.sessions, limits.session_bytes)
        self._loop = asyncio.get_running_loop()
        self._channels: dict[int, WorkerChannel] = {}
        self._tokens: dict[Owner, tuple[int, str]] = {}
        self._owners: dict[int, Owner] = {}
        self._last = 0
        self.states: dict[int, Message] = {}

    async def serve(self, worker: int, channel: WorkerChannel) -> None:
        """Answer one worker until it is gone, then give up what it held."""
        self._channels[worker] = channel
        while (message := await channel.receive()) is not None:
            getattr(self, f"on_{message['op']}")(worker, message)
        del self._channels[worker]
        self.states.pop(worker, None)
        for owner in [one for one in self._tokens if one[0] == worker]:
            self._release(owner, EndedSession())

    def on_claim(self, worker: int, message: Message) -> None:
        self._last += 1
        owner = (worker, message["token"])
        self._tokens[owner] = (self._last, message["client"])
        self._owners[self._last] = owner
        self._act(self._sessions.claim(message["client"], self._last, message["clean"], self._loop.time()))

    def on_release(self, worker: int, message: Message) -> None:
        self._release((worker, message["token"]), ended_in(message))

    def on_state(self, worker: int, message: Message) -> None:
        self.states[worker] = message

    def expire(self) -> None:
        """Let due wills and ended sessions go."""
        self._act(self._sessions.expire(self._loop.time()))

    def _release(self, owner: Owner, ended: EndedSession) -> None:
        token, client_id = self._tokens.pop(owner)
        del self._owners[token]
        self._act(self._sessions.release(client_id, token, ended, self._loop.time()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, PublishWill):
                self._will(action)
                continue
            worker, token = self._owners[action.token]
            message: Message = {"op": "evict", "token": token}
            if isinstance(action, Granted):
                message = {"op": "grant", "token": token, "present": action.present, "received": [*action.received]}
            self._channels[worker].send(message)

    def _will(self, action: PublishWill) -> None:
        for channel in self._channels.values():
            channel.send({"op": "will", "will": will_out(action.will, action.identity)})
            return
        log.warning("will lost: no worker is running", extra={"client": action.identity.client_id})


class Supervisor:
    """Keeps the workers running until told to stop."""

    def __init__(self, path: Path, config: Config, count: int, level: str) -> None:
        self._argv = [sys.executable, "-m", "lab.proxy", "worker", "--config", str(path), "--log-level", level]
        self._config = config
        self._count = count
        self._registry = SessionRegistry(config.limits)
        self._stop = asyncio.Event()
        self._children: dict[int, asyncio.subprocess.Process] = {}

    async def run(self) -> None:
        """Until SIGTERM. Raises LabError when HTTP cannot be served."""
        on_signals(self._stop, lambda: self._signal(signal.SIGHUP))
        web = http.serve(self._config.http, self._health, self._snapshots) if self._config.http else None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(n), name=f"worker {n}") for n in range(self._count)]
            clock = group.create_task(self._clock(), name="clock")
            await self._stop.wait()
            self._signal(signal.SIGTERM)
            await asyncio.wait(tasks, timeout=self._config.limits.drain + KILL_SECONDS)
            self._signal(signal.SIGKILL)
            clock.cancel()
        if web is not None:
            web.shutdown()

    async def _keep(self, worker: int) -> None:
        while not self._stop.is_set():
            code = await self._once(worker)
            if not self._stop.is_set():
                log.error("worker ended", extra={"worker": worker, "code": code})
                await asyncio.sleep(RESTART_SECONDS)

    async def _once(self, worker: int) -> int:
        ours, theirs = socket.socketpair()
        with theirs:
            child = await asyncio.create_subprocess_exec(
                *self._argv, "--channel", str(theirs.fileno()), pass_fds=[theirs.fileno()]
            )
        self._children[worker] = child
        channel = await WorkerChannel.on(ours, self._config.limits.packet)
        try:
            await self._registry.serve(worker, channel)
            return await child.wait()
        finally:
            channel.close()
            del self._children[worker]

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._registry.expire()

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children.values():
            if child.returncode is None:
                child.send_signal(number)

    def _health(self) -> dict[str, object]:
        states = {worker: state["health"] for worker, state in list(self._registry.states.items())}
        ok = len(states) == self._count and all(one["ok"] for one in states.values())
        return {"ok": ok, "workers": states}

    def _snapshots(self) -> dict[int, dict[str, Any]]:
        return {worker: state["counters"] for worker, state in list(self._registry.states.items())}


def check(config: Config) -> None:
    """Raises LearnerError for a configuration that several processes cannot share."""
    if any(listener.port == 0 for listener in config.listener):
        raise LearnerError(
            "A listener has port 0 and --workers is above 1: each process would get another port.",
            "Give every listener a fixed port.",
        )
