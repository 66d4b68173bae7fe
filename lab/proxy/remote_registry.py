"""A worker's side of several processes on one port: its registry of client ids is the parent's."""

from __future__ import annotations

import asyncio

from lab.proxy.connection import Link
from lab.proxy.core.sessions import Granted, Legacy
from lab.proxy.registry import PublishLegacy, Tokens
from lab.proxy.worker_channel import Message, Pipe, legacy_out, will_in


class RemoteRegistry:
    """Claims go to the parent; evictions and due wills come from it."""

    def __init__(self, pipe: Pipe, publish: PublishLegacy) -> None:
        self._pipe = pipe
        self._publish = publish
        self._tokens = Tokens()
        self._handlers = {"grant": self._grant, "evict": self._evict, "will": self._will}

    async def claim(self, link: Link, client_id: str, clean: bool) -> Granted | None:
        future = self._tokens.issue(link)
        self._pipe.send({"op": "claim", "client": client_id, "token": link.token, "clean": clean})
        return await future

    def release(self, link: Link, client_id: str, legacy: Legacy) -> None:
        self._tokens.forget(link.token)
        self._pipe.send({"op": "release", "client": client_id, "token": link.token, **legacy_out(legacy)})

    def expire(self) -> None:
        """The parent has the clock."""

    async def listen(self, gone: asyncio.Event) -> None:
        """Act on the parent's messages; `gone` is set when there is no parent any more."""
        while (message := await self._pipe.receive()) is not None:
            self._handlers[message["op"]](message)
        gone.set()

    def _grant(self, message: Message) -> None:
        self._tokens.granted(Granted(message["token"], message["present"], frozenset(message["received"])))

    def _evict(self, message: Message) -> None:
        link = self._tokens.links.get(message["token"])
        if link is not None:
            link.evict()

    def _will(self, message: Message) -> None:
        self._publish(*will_in(message["will"]))
