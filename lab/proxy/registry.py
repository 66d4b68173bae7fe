"""The registry of client ids inside one process: `sessions.Sessions` with connections for tokens.

`remote.RemoteRegistry` is its twin where several processes share one port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from lab.proxy.config import Bounds
from lab.proxy.connection import Link
from lab.proxy.core.packets import Will
from lab.proxy.core.rules import Who
from lab.proxy.core.sessions import Action, Evict, Granted, Legacy, PublishWill, Sessions

PublishLegacy = Callable[[Will, Who], None]


class Registry(Protocol):
    """Where a connection gets its client id from and gives it back to."""

    async def claim(self, link: Link, client_id: str, clean: bool) -> Granted | None:
        """Wait for the client id; None when the link gave up meanwhile."""

    def release(self, link: Link, client_id: str, legacy: Legacy) -> None:
        """The link is closed; what it leaves behind."""

    def expire(self) -> None:
        """Let due wills and ended sessions go."""


class Tokens:
    """Numbers for links, and the futures of those that wait."""

    def __init__(self, first: int = 1, step: int = 1) -> None:
        self._next = first
        self._step = step
        self.links: dict[int, Link] = {}
        self.waiting: dict[int, asyncio.Future[Granted | None]] = {}

    def issue(self, link: Link) -> asyncio.Future[Granted | None]:
        """Give the link a token and a future for its grant."""
        link.token, self._next = self._next, self._next + self._step
        self.links[link.token] = link
        future = self.waiting[link.token] = asyncio.get_running_loop().create_future()
        return future

    def granted(self, grant: Granted) -> None:
        """Wake the link that waits for this grant."""
        future = self.waiting.pop(grant.token, None)
        if future is not None and not future.done():
            future.set_result(grant)

    def forget(self, token: int) -> None:
        """The link is gone."""
        self.links.pop(token, None)
        future = self.waiting.pop(token, None)
        if future is not None and not future.done():
            future.set_result(None)


class LocalRegistry:
    """One process knows every client."""

    def __init__(self, limits: Bounds, publish: PublishLegacy) -> None:
        self._sessions = Sessions(limits.sessions, limits.session_bytes)
        self._tokens = Tokens()
        self._publish = publish
        self._loop = asyncio.get_running_loop()

    async def claim(self, link: Link, client_id: str, clean: bool) -> Granted | None:
        future = self._tokens.issue(link)
        self._act(self._sessions.claim(client_id, link.token, clean, self._loop.time()))
        return await future

    def release(self, link: Link, client_id: str, legacy: Legacy) -> None:
        self._tokens.forget(link.token)
        self._act(self._sessions.release(client_id, link.token, legacy, self._loop.time()))

    def expire(self) -> None:
        self._act(self._sessions.expire(self._loop.time()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Evict):
                self._tokens.links[action.token].evict()
            elif isinstance(action, Granted):
                self._tokens.granted(action)
            elif isinstance(action, PublishWill):
                self._publish(action.will, action.who)
