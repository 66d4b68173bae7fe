"""The registry of client ids inside one process: `sessions.Sessions` with connections for tokens.

Where several processes share one port a worker has a `RemoteRegistry`: the registry is the supervisor's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from lab.proxy.config import Bounds
from lab.proxy.core.packets import Will
from lab.proxy.core.rules import Identity
from lab.proxy.core.sessions import Action, EndedSession, Evict, Granted, PublishWill, Sessions
from lab.proxy.worker_channel import Message, WorkerChannel, ended_out, will_in

SendWill = Callable[[Will, Identity], None]


class Claimant(Protocol):
    """A connection that wants a client id, or has one."""

    token: int
    """Number of its claim; 0 before there is one."""

    def evict(self) -> None:
        """Another connection came with this client id."""


class Registry(Protocol):
    """Where a connection gets its client id from and gives it back to."""

    async def claim(self, connection: Claimant, client_id: str, clean: bool) -> Granted | None:
        """Wait for the client id; None when the connection gave up before."""

    def release(self, connection: Claimant, client_id: str, ended: EndedSession) -> None:
        """The connection is closed; what it leaves behind."""

    def expire(self) -> None:
        """Let due wills and ended sessions go."""


class Tokens:
    """Numbers for connections, and the futures of those that wait."""

    def __init__(self, first: int = 1, step: int = 1) -> None:
        self._next = first
        self._step = step
        self.connections: dict[int, Claimant] = {}
        self.waiting: dict[int, asyncio.Future[Granted | None]] = {}

    def issue(self, connection: Claimant) -> asyncio.Future[Granted | None]:
        """Give the connection a token and a future for its grant."""
        connection.token, self._next = self._next, self._next + self._step
        self.connections[connection.token] = connection
        future = self.waiting[connection.token] = asyncio.get_running_loop().create_future()
        return future

    def granted(self, grant: Granted) -> None:
        """Wake the connection that waits for this grant."""
        future = self.waiting.pop(grant.token, None)
        if future is not None and not future.done():
            future.set_result(grant)

    def forget(self, token: int) -> None:
        """The connection is gone."""
        self.connections.pop(token, None)
        future = self.waiting.pop(token, None)
        if future is not None and not future.done():
            future.set_result(None)


class LocalRegistry:
    """One process knows every client."""

    def __init__(self, limits: Bounds, publish: SendWill) -> None:
        self._sessions = Sessions(limits.sessions, limits.session_bytes)
        self._tokens = Tokens()
        self._publish = publish
        self._loop = asyncio.get_running_loop()

    async def claim(self, connection: Claimant, client_id: str, clean: bool) -> Granted | None:
        future = self._tokens.issue(connection)
        self._act(self._sessions.claim(client_id, connection.token, clean, self._loop.time()))
        return await future

    def release(self, connection: Claimant, client_id: str, ended: EndedSession) -> None:
        self._tokens.forget(connection.token)
        self._act(self._sessions.release(client_id, connection.token, ended, self._loop.time()))

    def expire(self) -> None:
        self._act(self._sessions.expire(self._loop.time()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Evict):
                self._tokens.connections[action.token].evict()
            elif isinstance(action, Granted):
                self._tokens.granted(action)
            elif isinstance(action, PublishWill):
                self._publish(action.will, action.identity)


class RemoteRegistry:
    """Claims go to the supervisor; evictions and due wills come from it."""

    def __init__(self, channel: WorkerChannel, publish: SendWill) -> None:
        self._channel = channel
        self._publish = publish
        self._tokens = Tokens()
        self._handlers = {"grant": self._grant, "evict": self._evict, "will": self._will}

    async def claim(self, connection: Claimant, client_id: str, clean: bool) -> Granted | None:
        future = self._tokens.issue(connection)
        self._channel.send({"op": "claim", "client": client_id, "token": connection.token, "clean": clean})
        return await future

    def release(self, connection: Claimant, client_id: str, ended: EndedSession) -> None:
        self._tokens.forget(connection.token)
        self._channel.send({"op": "release", "client": client_id, "token": connection.token, **ended_out(ended)})

    def expire(self) -> None:
        """The supervisor has the clock."""

    async def listen(self, gone: asyncio.Event) -> None:
        """Act on the supervisor's messages; `gone` is set when there is no supervisor any more."""
        while (message := await self._channel.receive()) is not None:
            self._handlers[message["op"]](message)
        gone.set()

    def _grant(self, message: Message) -> None:
        self._tokens.granted(Granted(message["token"], message["present"], frozenset(message["received"])))

    def _evict(self, message: Message) -> None:
        connection = self._tokens.connections.get(message["token"])
        if connection is not None:
            connection.evict()

    def _will(self, message: Message) -> None:
        self._publish(*will_in(message["will"]))
